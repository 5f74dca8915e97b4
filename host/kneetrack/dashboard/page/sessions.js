// The list of sessions that the catalogue knows; one that is chosen is replayed on this page.

function unread(session) {
  const row = document.createElement("p");
  const name = document.createElement("strong");
  name.textContent = session.file;
  const why = document.createElement("span");
  why.textContent = session.reason;
  row.append(name, why);
  return row;
}

function line(session) {
  if (session.reason !== null) return unread(session);
  const button = document.createElement("button");
  button.dataset.id = session.id;
  const parts = [
    session.started || "no date",
    session.athlete ?? "",
    session.exercise,
    session.load === null ? "" : `${Math.round(session.load * 10) / 10} kg`,
    session.effort === null ? "" : `effort ${session.effort}`,
    session.note ?? "",
    session.simulated ? "simulated" : "",
  ];
  const head = document.createElement("strong");
  head.textContent = parts.filter(Boolean).join(" · ");
  button.append(head);
  for (const leg of session.legs) {
    const text = document.createElement("span");
    const judged = leg.judged ? `, ${leg.in_range} of ${leg.judged} in range` : "";
    text.textContent = `${leg.side}: ${leg.sets}, ${leg.reps}${judged}`;
    button.append(text);
  }
  return button;
}

/** The drawer; `open` is called with the id of the session that is chosen. */
export function sessions(root, button, open) {
  const shut = () => {
    root.hidden = true;
    button.setAttribute("aria-expanded", "false");
  };
  button.addEventListener("click", async () => {
    if (!root.hidden) {
      shut();
      return;
    }
    root.hidden = false;
    button.setAttribute("aria-expanded", "true");
    root.textContent = "Looking ...";
    try {
      const found = await (await fetch("/sessions")).json();
      root.replaceChildren(...found.sessions.map(line));
      if (!found.sessions.length) root.textContent = found.trouble ?? "No sessions yet.";
    } catch {
      root.textContent = "The list can't be had at the moment.";
    }
  });
  root.addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (!chosen) return;
    shut();
    open(chosen.dataset.id);
  });
}
