// A replay's controls: the slider is the recording's time; ticks where reps became known.

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

/** The controls; `say` sends to the server. */
export function player(root, say) {
  const [play, slider, marks, speed, shown] = ["#play", "#slider", "#marks", "#speed", "#clock"].map(
    (name) => root.querySelector(name),
  );
  let playing = false;
  let held = false;
  let told = "";
  slider.addEventListener("input", () => {
    held = true;
    say({ seek: Number(slider.value) });
  });
  slider.addEventListener("change", () => {
    held = false;
  });
  play.addEventListener("click", () => say({ play: !playing }));
  speed.addEventListener("change", () => say({ speed: Number(speed.value) }));
  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input:not([type=range]), select")) return;
    if (event.key === "p" && !root.hidden) say({ play: !playing });
  });

  return (now, ticks) => {
    root.hidden = !now;
    if (!now) return;
    playing = now.playing;
    play.textContent = playing ? "❚❚" : "▶";
    slider.min = now.start;
    slider.max = now.end;
    if (!held) slider.value = now.at;
    speed.value = String(now.speed);
    shown.textContent = `${clock(now.at - now.start)} / ${clock(now.end - now.start)}`;
    const text = JSON.stringify([ticks, now.start, now.end]);
    if (text === told) return;
    told = text;
    marks.replaceChildren(
      ...ticks.map((at) => {
        const tick = document.createElement("i");
        tick.style.left = `${(100 * (at - now.start)) / Math.max(0.001, now.end - now.start)}%`;
        return tick;
      }),
    );
  };
}
