// The page: messages are folded as they come, and drawn once a frame at the most.

import { bars, last, sets } from "./bars.js";
import { stage } from "./leg3d.js";
import { player } from "./player.js";
import { sessions } from "./sessions.js";
import { apply, empty } from "./state.js";
import { traces } from "./traces.js";
import { connect } from "./wire.js";

const SILENT_MS = 3000;
const $ = (name) => document.querySelector(name);

let state = empty();
let legs = [];
let meta = {};
let jump = true; // a snapshot: the drawn leg is there at once
let waiting = false;
let newest = performance.now();
let connected = false;
const drawn = {}; // when a rep's bar was drawn first, by leg and index
const counts = { messages: 0, snapshots: 0, frames: 0 };

const theStage = stage($("#leg3d"));

function legView(leg) {
  const root = $("#leg-template").content.cloneNode(true).firstElementChild;
  root.querySelector("h2").textContent = leg.title;
  root.dataset.side = leg.side;
  root.querySelector(".caption").textContent =
    `own excursion, inward up; dashed: ±${leg.limit}°`;
  $("#legs").append(root);
  const part = (name) => root.querySelector(name);
  const views = {
    bars: bars(part(".bars"), leg.limit),
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
  let text = meta.trouble ?? "";
  if (!connected) text = "No connection to the computer; it is looked for again.";
  else if (meta.live && !meta.player && state.legs.length && silent > SILENT_MS) {
    text = `Nothing from the computer for ${Math.round(silent / 1000)} s.`;
  } else if (!text && !state.legs.length) {
    text = meta.live ? "Getting ready: the band is connected and prepared." : "Choose one of your sessions.";
  } else if (!text && state.over && state.live) text = "The recording is over and kept.";
  $("#banner").textContent = text;
  $("#banner").hidden = !text;
}

function draw() {
  waiting = false;
  counts.frames += 1;
  if (legs.length !== state.legs.length || legs.some((view, at) => view.root.dataset.side !== state.legs[at].side)) {
    $("#legs").replaceChildren();
    legs = state.legs.map(legView);
  }
  document.body.dataset.legs = legs.length;
  $("#title").textContent = state.title;
  $("#to-live").hidden = !(meta.live && meta.player);
  legs.forEach((view, at) => {
    const leg = state.legs[at];
    const fresh = view.bars(leg.reps);
    view.last(leg.reps, leg.cue);
    view.sets(leg.sets);
    view.traces(leg, state.at);
    drawLink(view, leg);
    for (const index of fresh) drawn[`${leg.side} ${index}`] ??= Date.now();
  });
  $("#stage").hidden = !legs.length;
  const lean = state.legs.every((leg) => leg.leans);
  $("#stage-note").textContent = lean ? "" : "The shank is drawn upright: no calibration is known.";
  const moves = theStage.update(state.legs, jump);
  jump = false;
  thePlayer(meta.player);
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
  }
  for (const step of message.steps ?? []) apply(state, step);
  later();
}

const wire = connect({
  onMessage: take,
  onOpen: () => {
    connected = true;
    if (meta.id) wire.say({ open: meta.id });
    later();
  },
  onGone: () => {
    connected = false;
    later();
  },
});
const thePlayer = player($("#player"), wire.say);
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
