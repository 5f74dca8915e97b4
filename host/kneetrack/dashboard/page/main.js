// The page: messages are folded as they come, and drawn once a frame at the most.

import { bars, last, sets } from "./bars.js";
import { entries } from "./entries.js";
import { stage } from "./leg3d.js";
import { player } from "./player.js";
import { sessions } from "./sessions.js";
import { apply, empty } from "./state.js";
import { traces } from "./traces.js";
import { connect } from "./wire.js";

const SILENT_MS = 3000;
const TROUBLE_MS = 12000;
const $ = (name) => document.querySelector(name);

let state = empty();
let legs = [];
let meta = {};
let jump = true; // a snapshot: the drawn leg is there at once
let waiting = false;
let newest = performance.now();
let connected = false;
let refused = false;
let rows = true; // something but samples came: what is not drawn anew at every frame
let ticks = []; // where reps became known, in a replay
let trouble = "";
let troubleEnds = 0;
const drawn = {}; // when a rep's bar was drawn first, by leg and index
const counts = { messages: 0, snapshots: 0, frames: 0 };

const theStage = stage($("#leg3d"));

function legView(leg) {
  const root = $("#leg-template").content.cloneNode(true).firstElementChild;
  root.querySelector("h2").textContent = leg.title;
  root.dataset.side = leg.side;
  $("#legs").append(root);
  const part = (name) => root.querySelector(name);
  const views = {
    bars: bars(part(".bars-frame"), leg.limit),
    last: last(part(".last")),
    sets: sets(part(".sets")),
    traces: traces(part(".traces"), state.legs.length),
  };
  return { root, part, ...views, hints: "" };
}

function drawLink(view, leg) {
  const link = view.part(".link");
  link.textContent = leg.link ? leg.link.text : "";
  link.dataset.state = leg.link ? leg.link.state : "";
  const now = leg.now;
  const hints = [...leg.sensors, ...leg.hints];
  if (now && now.unaligned) {
    hints.unshift("The angles mean nothing yet: stand still for a moment, or calibrate the band.");
  }
  const text = JSON.stringify(hints);
  if (text === view.hints) return;
  view.hints = text;
  view.part(".hints").replaceChildren(
    ...hints.map((hint) => {
      const item = document.createElement("li");
      item.textContent = hint;
      return item;
    }),
  );
}

function banner() {
  const silent = performance.now() - newest;
  let text = performance.now() < troubleEnds ? trouble : "";
  if (refused) text = "This screen's key is no longer good: open the address that the program shows.";
  else if (!connected) text = "No connection to the computer; it is looked for again.";
  else if (meta.opening) text = "Reading that session; a long one takes a while.";
  else if (meta.live && !meta.player && state.legs.length && silent > SILENT_MS) {
    text = `Nothing from the computer for ${Math.round(silent / 1000)} s.`;
  } else if (!text && !state.legs.length) {
    text = meta.live ? "Getting ready: the band is connected and prepared." : "Choose one of your sessions.";
  } else if (!text && state.over && state.live) text = "The recording is over and kept; it is under Sessions now.";
  $("#banner").textContent = text;
  $("#banner").hidden = !text;
}

function draw() {
  waiting = false;
  counts.frames += 1;
  if (legs.length !== state.legs.length || legs.some((view, at) => view.root.dataset.side !== state.legs[at].side)) {
    $("#legs").replaceChildren();
    legs = state.legs.map(legView);
    rows = true;
  }
  document.body.dataset.legs = legs.length;
  $("#title").textContent = state.title;
  $("#to-live").hidden = !(meta.live && meta.player);
  legs.forEach((view, at) => {
    const leg = state.legs[at];
    view.traces(leg);
    drawLink(view, leg);
    if (!rows) return;
    const fresh = view.bars(leg.reps);
    view.last(leg.reps, leg.cue);
    view.sets(leg.sets, leg.said);
    for (const index of fresh) drawn[`${leg.side} ${index}`] ??= Date.now();
  });
  rows = false;
  $("#stage").hidden = !legs.length;
  const lean = state.legs.every((leg) => leg.leans);
  $("#stage-note").textContent = lean ? "" : "The shank is drawn upright: no calibration is known.";
  const moves = theStage.update(state.legs, jump);
  jump = false;
  thePlayer(meta.player, ticks);
  theEntries.update(connected ? meta.enters : null, state);
  banner();
  if (moves) later();
}

function later() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}

function take(message) {
  counts.messages += 1;
  newest = performance.now();
  meta = message;
  if (message.state) {
    counts.snapshots += 1;
    state = message.state;
    jump = true;
    rows = true;
    ticks = message.marks ?? [];
    history.replaceState(null, "", meta.id ? `#${meta.id}` : "/");
  }
  for (const step of message.steps ?? []) {
    apply(state, step);
    if (step.kind !== "samples") rows = true;
  }
  if (message.trouble) {
    trouble = message.trouble;
    troubleEnds = newest + TROUBLE_MS;
  }
  for (const answer of message.answers ?? []) theEntries.answered(answer);
  later();
}

const wire = connect({
  onMessage: take,
  onOpen: () => {
    connected = true;
    refused = false;
    const id = meta.id ?? location.hash.slice(1); // which a reload keeps
    if (id) wire.say({ open: id });
    later();
  },
  onGone: (isRefused) => {
    connected = false;
    refused = isRefused;
    later();
  },
});
const thePlayer = player($("#player"), wire.say);
const theEntries = entries($("#desk"), wire.say);
sessions($("#sessions"), $("#sessions-button"), (id) => wire.say({ open: id }));
$("#to-live").addEventListener("click", () => wire.say({ open: null }));
setInterval(banner, 1000);

// For whoever looks in from outside: tests and tools/bench_page.py.
window.kneetrack = {
  state: () => state,
  meta: () => meta,
  say: wire.say,
  pose: theStage.pose,
  counts,
  drawn,
};
