// A bar per rep, and the last rep large. What a colour tells, a mark and the way a bar is filled
// tell as well: solid in range, striped out of it, dashed where it is in doubt.

const SHOWN = 150;
const SCALES = [10, 15, 20, 30]; // degrees at the end of a bar: the first that holds all

const make = (kind, name, text = "") => {
  const element = document.createElement(kind);
  element.className = name;
  element.textContent = text;
  return element;
};

const percent = (value, scale) => `${50 - (50 * Math.max(-scale, Math.min(scale, value))) / scale}%`;

function column() {
  const root = make("div", "rep");
  const parts = { value: make("span", "value"), field: make("span", "field"), bar: make("i", "bar") };
  parts.whisker = make("i", "whisker");
  parts.mark = make("span", "mark");
  parts.number = make("span", "number");
  parts.lines = [make("i", "limit"), make("i", "zero"), make("i", "limit")];
  parts.field.append(...parts.lines, parts.bar, parts.whisker);
  root.append(parts.value, parts.field, parts.mark, parts.number);
  return { root, parts, row: null };
}

function span(element, high, low, scale) {
  element.style.top = percent(high, scale);
  element.style.height = `calc(${percent(low, scale)} - ${percent(high, scale)})`;
}

function fill({ root, parts }, row, first, limit, scale, most) {
  root.className = `rep ${row.kind}${first ? " first" : ""}${row.own === null ? " told" : ""}`;
  parts.bar.style.bottom = 0;
  root.dataset.rep = row.index;
  root.title = `${row.name}: ${row.told}`;
  parts.mark.textContent = row.mark;
  parts.number.textContent = row.index + 1;
  [limit, 0, -limit].forEach((at, place) => {
    parts.lines[place].style.top = percent(at, scale);
  });
  const own = row.own;
  parts.value.textContent = own === null ? row.big : (own > 0 ? "+" : "") + own.toFixed(1);
  parts.bar.hidden = row.bar === null;
  parts.whisker.hidden = own === null || row.sigma === null;
  if (own === null) {
    parts.bar.style.top = `${100 - (100 * Math.max(0, row.bar)) / most}%`;
    parts.bar.style.height = "auto";
    return;
  }
  parts.bar.style.bottom = "auto";
  span(parts.bar, Math.max(0, own), Math.min(0, own), scale);
  if (row.sigma !== null) span(parts.whisker, own + row.sigma, own - row.sigma, scale);
}

/** The bars of one leg, the newest SHOWN of them; `update` takes its reps, and tells which are new. */
export function bars(frame, limit) {
  const root = frame.querySelector(".bars");
  const columns = new Map();
  let scale = SCALES[0];
  let most = 1;
  return (reps) => {
    const all = Object.values(reps).sort((one, other) => one.index - other.index);
    const rows = all.slice(-SHOWN);
    const judged = rows.some((row) => row.own !== null);
    const parts = [judged || !rows.length ? `own excursion, inward up; dashed: ±${limit}°` : rows.at(-1).of];
    if (rows.length < all.length) parts.push(`the last ${SHOWN} of ${all.length}`);
    frame.querySelector(".caption").textContent = parts.join("; ");
    const tallest = Math.max(0, ...rows.map((row) => (row.own === null ? (row.bar ?? 0) : 0))) * 1.05 || 1;
    const fresh = [];
    const widest = Math.max(0, ...rows.map((row) => Math.abs(row.own ?? 0) + (row.sigma ?? 0)));
    const wanted = SCALES.find((each) => each >= widest) ?? SCALES.at(-1);
    const again = wanted !== scale || tallest !== most;
    scale = wanted;
    most = tallest;
    const kept = new Set(rows.map((row) => String(row.index)));
    for (const [index, one] of columns) {
      if (!kept.has(index)) {
        one.root.remove();
        columns.delete(index);
      }
    }
    let set = null;
    for (const row of rows) {
      const first = set !== null && row.set !== set;
      set = row.set;
      const key = String(row.index);
      if (!columns.has(key)) {
        columns.set(key, column());
        fresh.push(row.index);
      }
      const one = columns.get(key);
      if (!again && one.row === row && one.first === first) continue;
      fill(one, row, first, limit, scale, most);
      one.row = row;
      one.first = first;
      if (!one.root.parentNode) root.append(one.root);
    }
    if (fresh.length) root.scrollLeft = root.scrollWidth;
    return fresh;
  };
}

/** The last rep, large. */
export function last(root) {
  const part = (name) => root.querySelector(name);
  return (reps, cue) => {
    const row = Object.values(reps).reduce(
      (latest, each) => (latest === null || each.index > latest.index ? each : latest),
      null,
    );
    root.className = `last ${row ? row.kind : ""}`;
    part(".what-rep").textContent = row ? row.name : "waiting for the first rep";
    part(".big").textContent = row ? row.big : "–";
    part(".verdict").textContent = row
      ? `${row.mark === "ref" || row.mark === "·" ? "" : `${row.mark} `}${row.what}`
      : "";
    part(".cue").textContent = row && cue && cue.t >= row.start ? `cue: ${cue.text}` : "";
  };
}

/** What each set came to, the latest first. */
export function sets(root) {
  return (rows, said) => {
    const shown = Object.values(rows)
      .filter((row) => row.reps || row.ended)
      .sort((one, other) => other.index - one.index)
      .slice(0, 3);
    const told = (row) => Object.values(said[row.index] ?? {}).join(", ");
    const text = JSON.stringify(shown.map((row) => [row, told(row)]));
    if (root.dataset.text === text) return;
    root.dataset.text = text;
    root.replaceChildren(
      ...shown.map((row) => {
        const box = make("div", "set");
        const counted = row.judged
          ? `${row.in_range} of ${row.judged} in range`
          : `${row.references ? `${row.references} reference reps` : "described"}`;
        box.append(
          make("strong", "", `Set ${row.index + 1}${row.ended ? "" : ", under way"}`),
          make("span", "", row.counted),
          make("span", "", counted),
          make("span", "", row.median),
          make("span", "", row.doubtful ? `${row.doubtful} in doubt` : ""),
          make("span", "said", told(row)),
          make("p", "", row.shared),
        );
        return box;
      }),
    );
  };
}
