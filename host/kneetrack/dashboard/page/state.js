// The state of the page, and how one step changes it: `dashboard/board.py` once more, by the same
// rules. A state is what the server's snapshot holds; nothing here draws.

const TRACE_S = 90;
const HINTS = 4;

export const empty = () => ({ title: "", live: false, over: false, at: null, legs: [] });

/** The first place whose point is not before that time. */
export function placeOf(trace, time) {
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (trace[middle][0] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function put(trace, point) {
  if (!trace.length || point[0] > trace[trace.length - 1][0]) {
    trace.push(point);
    return;
  }
  const at = placeOf(trace, point[0]);
  trace.splice(at, trace[at][0] === point[0] ? 1 : 0, point);
}

function takeSamples(state, leg, step) {
  for (const point of step.points) put(leg.trace, point);
  if (leg.trace.length) {
    const old = placeOf(leg.trace, leg.trace[leg.trace.length - 1][0] - TRACE_S);
    if (old) leg.trace.splice(0, old);
  }
  if (step.now) {
    leg.now = step.now;
    state.at = state.at === null ? step.now.t : Math.max(state.at, step.now.t);
  }
}

const below = (rows, count) =>
  Object.fromEntries(Object.entries(rows).filter(([index]) => Number(index) < count));

const sameGap = (one, other) =>
  one.start === other.start && one.end === other.end && one.text === other.text;

/** Fold one step into the state. One of a leg that there is not changes nothing. */
export function apply(state, step) {
  if (step.kind === "over") {
    state.over = true;
    return;
  }
  const leg = state.legs[step.leg];
  if (!leg) return;
  switch (step.kind) {
    case "rep":
      leg.reps[step.row.index] = step.row;
      break;
    case "set":
      leg.sets[step.row.index] = step.row;
      break;
    case "withdrawn":
      leg.reps = below(leg.reps, step.reps);
      leg.sets = below(leg.sets, step.sets);
      break;
    case "gap":
      leg.gaps.push(step.row);
      break;
    case "settled":
      leg.gaps = [...leg.gaps.filter((gap) => !sameGap(gap, step.gap)), ...step.left];
      leg.hints = leg.hints.filter((hint) => hint !== step.gap.text);
      break;
    case "hint":
      if (!leg.hints.includes(step.text)) leg.hints = [...leg.hints, step.text].slice(-HINTS);
      break;
    case "sensors":
      leg.sensors = step.texts;
      break;
    case "marker":
      leg.markers = [...leg.markers, step.row];
      break;
    case "said":
      leg.said = { ...leg.said, [step.set]: { ...leg.said[step.set], ...step.texts } };
      break;
    case "link":
    case "cue":
      leg[step.kind] = step.row;
      break;
    case "samples":
      takeSamples(state, leg, step);
      break;
  }
}
