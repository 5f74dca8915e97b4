// What a person types: a marker, load, effort or a note, of the set just done or, in a replay, of
// the session. The server reads and refuses it; what it says stands beside the field.

const ASKS = {
  load: "Load, in kg or lb (60, 135lb)",
  effort: "Effort, 0 (none) to 10 (the most)",
  note: "Note",
};
const UNANSWERED_MS = 8000;

/** The set that is spoken of, as people count: the latest with a rep, else the first. */
const setNumber = (legs) =>
  1 + Math.max(0, ...legs.flatMap((leg) => Object.keys(leg.sets).map(Number)));

/** The panel; `update` takes how it stands, `answered` what the server says. */
export function entries(root, say) {
  const [mark, form, label, text, said] = ["#mark", "#entry", "#entry-asks", "#entry-text", "#entry-said"].map(
    (name) => root.querySelector(name),
  );
  const kinds = [...root.querySelectorAll("[data-what]")];
  let what = null;
  let number = 0;
  let waiting = null;
  let of = "";

  function tell(words, good) {
    said.textContent = words;
    said.dataset.good = good;
  }

  function choose(wanted) {
    what = wanted;
    form.hidden = what === null;
    for (const kind of kinds) kind.setAttribute("aria-pressed", kind.dataset.what === what);
    if (what === null) return;
    text.value = "";
    text.inputMode = what === "effort" ? "decimal" : "text";
    label.textContent = `${ASKS[what]}, ${of}`;
    tell("", true);
    text.focus();
  }

  function send(kind, words) {
    number += 1;
    const mine = number;
    waiting = { number: mine, kind };
    tell("…", true);
    if (!say({ enter: { id: mine, what: kind, text: words } })) {
      waiting = null;
      tell("There is no connection to the computer; nothing was kept.", false);
      return;
    }
    setTimeout(() => {
      if (waiting?.number !== mine) return;
      waiting = null;
      tell("The computer did not answer; look whether it was kept.", false);
    }, UNANSWERED_MS);
  }

  for (const kind of kinds) {
    kind.addEventListener("click", () => choose(what === kind.dataset.what ? null : kind.dataset.what));
  }
  mark.addEventListener("click", () => send("marker", ""));
  root.querySelector("#entry-leave").addEventListener("click", () => choose(null));
  const keep = () => text.value.trim() && send(what, text.value);
  root.querySelector("#entry-keep").addEventListener("click", keep);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
    else if (event.key === "Enter" && !event.isComposing) keep();
  });

  return {
    update(enters, state) {
      root.hidden = !enters || !state.legs.length;
      mark.hidden = enters !== "live";
      of = enters === "live" ? `of set ${setNumber(state.legs)}` : "of the session";
      if (what !== null) label.textContent = `${ASKS[what]}, ${of}`;
      if (root.hidden && what !== null) choose(null);
    },
    answered({ id, good, text: words }) {
      if (waiting?.number !== id) return;
      const kept = waiting.kind;
      waiting = null;
      if (good && kept === what) choose(null);
      tell(words, good);
      if (!good && kept !== "marker") text.select();
    },
  };
}
