// The curves of the last seconds. Where samples are missing there is no line, and known gaps are
// hatched: a straight line across would be an angle that nobody measured.

import uPlot from "./vendor/uPlot.esm.js";
import { placeOf } from "./state.js";

export const WINDOW_S = 20;
const APART_S = 0.1; // beyond that, points are not joined
const HEIGHT = 110;
const HEIGHT_OF_TWO = 84;
const INK = "#a9b6c2";

/** With so many decimals, and never "-0". */
const whole = (value, decimals) => value.toFixed(decimals).replace(/^-(0(?:\.0*)?)$/, "$1");

function hatched(gaps) {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    for (const { start, end } of gaps()) {
      const left = Math.max(bbox.left, plot.valToPos(start, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(end, "x", true));
      if (right > left) ctx.rect(left, bbox.top, Math.max(2, right - left), bbox.height);
    }
    ctx.clip();
    ctx.fillStyle = "#1d262d";
    ctx.fillRect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.strokeStyle = "#7d8b97";
    ctx.beginPath();
    for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += 12) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  };
}

/** Markers, as a line and a number each. */
function marked(markers) {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = "#eef3f7";
    ctx.setLineDash([6, 4]);
    ctx.font = `${12 * devicePixelRatio}px system-ui`;
    for (const { n, t } of markers()) {
      const x = plot.valToPos(t, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(`m${n}`, x + 4, bbox.top + 12 * devicePixelRatio);
    }
    ctx.restore();
  };
}

function chart(root, height, colour, range, gaps, markers) {
  const axis = { stroke: INK, grid: { stroke: "#26313a", width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return new uPlot(
    {
      width: Math.max(200, root.clientWidth),
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, auto: false }, y: { range: (_, low, high) => range(low, high) } },
      axes: [
        { ...axis, size: 22, values: (_, at) => at.map((each) => `${each} s`) },
        { ...axis, size: 40, space: 22, values: (_, at) => at.map((each) => `${each}°`) },
      ],
      series: [{}, { stroke: colour, width: 2, points: { show: false }, spanGaps: false }],
      hooks: { drawClear: [hatched(gaps)], draw: [marked(markers)] },
    },
    [[], []],
    root,
  );
}

/** Columns of the window, with a hole wherever points are too far apart. */
export function columns(trace, from) {
  const times = [];
  const flexion = [];
  const valgus = [];
  let before = null;
  for (const [time, bend, inward] of trace.slice(placeOf(trace, from))) {
    if (before !== null && time - before > APART_S) {
      times.push((time + before) / 2);
      flexion.push(null);
      valgus.push(null);
    }
    times.push(time);
    flexion.push(bend);
    valgus.push(inward);
    before = time;
  }
  return { times, flexion, valgus };
}

/** Both charts of one leg, of as many as the page shows. */
export function traces(root, legs) {
  const height = legs > 1 ? HEIGHT_OF_TWO : HEIGHT;
  let gaps = [];
  let markers = [];
  const frame = (name) => root.querySelector(name);
  const bend = chart(frame(".flexion-chart"), height, "#56b4e9", (low, high) => [Math.min(0, low ?? 0), Math.max(100, high ?? 0)], () => gaps, () => markers);
  const inward = chart(frame(".valgus-chart"), height, "#f0e442", (low, high) => [Math.min(-10, low ?? 0), Math.max(15, high ?? 0)], () => gaps, () => markers);
  new ResizeObserver(() => {
    for (const plot of [bend, inward]) {
      plot.setSize({ width: Math.max(200, plot.root.parentNode.clientWidth), height });
    }
  }).observe(frame(".flexion-chart"));
  return (leg) => {
    // By the leg's own clock: that of the other one may be another.
    const end = leg.now?.t ?? WINDOW_S;
    const from = Math.max(end, WINDOW_S) - WINDOW_S;
    gaps = leg.gaps.filter((gap) => gap.end >= from);
    markers = leg.markers.filter((marker) => marker.t >= from);
    const shown = columns(leg.trace, from);
    for (const [plot, values] of [[bend, shown.flexion], [inward, shown.valgus]]) {
      plot.batch(() => {
        plot.setData([shown.times, values], false);
        plot.setScale("x", { min: from, max: from + WINDOW_S });
      });
    }
    const now = leg.now;
    const known = now && !now.unaligned;
    frame("output.flexion").textContent = known ? `${whole(now.flexion, 0)}°` : "–";
    frame("output.valgus").textContent = known
      ? `${now.valgus > 0.05 ? "+" : ""}${whole(now.valgus, 1)} ± ${now.sigma.toFixed(1)}°`
      : "–";
  };
}
