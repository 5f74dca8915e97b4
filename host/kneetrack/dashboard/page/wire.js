// The websocket: messages in order, each acknowledged when it is folded, and the way back when the
// connection breaks. A new connection begins with a snapshot, so nothing has to be remembered.

const SLOWEST_MS = 4000;

/** `onMessage` folds one; `onOpen` and `onGone` tell how it stands. */
export function connect({ onMessage, onOpen, onGone }) {
  let socket = null;
  let wait = 250;

  function open() {
    socket = new WebSocket(`ws://${location.host}/ws`);
    socket.onopen = () => {
      wait = 250;
      onOpen();
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      onMessage(message);
      say({ taken: message.n });
    };
    socket.onclose = () => {
      onGone();
      setTimeout(open, wait);
      wait = Math.min(SLOWEST_MS, wait * 2);
    };
  }

  function say(what) {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
  }

  open();
  return { say, close: () => socket.close() };
}
