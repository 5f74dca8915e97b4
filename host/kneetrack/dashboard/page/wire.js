// The websocket: messages in order, each acknowledged when it is folded, and the way back when the
// connection breaks. A new connection begins with a snapshot, so nothing has to be remembered.
//
// A tablet that slept, or came by another way into the network, may hold a connection that is dead
// and does not know. So where nothing came for a while the server is asked for a word, and where
// none comes the connection is given up.

const SLOWEST_MS = 4000;
const ASK_MS = 4000;
const DEAD_MS = 10000;

/** `onMessage` folds one; `onOpen` and `onGone` tell how it stands: `refused` where the key is no
    longer good. */
export function connect({ onMessage, onOpen, onGone }) {
  let socket = null;
  let wait = 250;
  let heard = 0;

  function open() {
    const mine = new WebSocket(`ws://${location.host}/ws`);
    socket = mine;
    heard = performance.now();
    mine.onopen = () => {
      wait = 250;
      onOpen();
    };
    mine.onmessage = (event) => {
      if (mine !== socket) return;
      heard = performance.now();
      const message = JSON.parse(event.data);
      onMessage(message);
      say({ taken: message.n });
    };
    mine.onclose = () => {
      if (mine === socket) gone();
    };
  }

  function gone() {
    socket = null;
    onGone(false);
    // A websocket does not say why it was refused; a page does.
    fetch("/", { method: "HEAD" }).then(
      (answer) => answer.status === 403 && !socket && onGone(true),
      () => {},
    );
    setTimeout(open, wait);
    wait = Math.min(SLOWEST_MS, wait * 2);
  }

  setInterval(() => {
    const silent = performance.now() - heard;
    if (!socket || silent < ASK_MS) return;
    if (silent < DEAD_MS) {
      say({ here: true });
      return;
    }
    const dead = socket;
    gone(); // not in `onclose`: of a dead connection that comes minutes later
    dead.close();
  }, ASK_MS / 2);

  /** Whether it was sent. */
  function say(what) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(what));
    return true;
  }

  open();
  return { say };
}
