// After the server was away, the run's own connection is back within seconds; Streamlit's may wait for a minute
// until it tries again, and a server that has started anew knows nothing of this page. So the page's script is
// run once more, and if that cannot be, the page is loaded anew: its address says all that it needs.

const PATIENCE = 4000; // milliseconds that Streamlit has to be back by itself
const EVERY = 200;
let lost = false;
let looking = 0;

/** state: of the run's connection, whenever it may have changed. rerun(): runs the page's script. */
export function note(state, rerun) {
  if (state === "disconnected") lost = true;
  if (state !== "open" || !lost) return;
  lost = false;
  clearInterval(looking);
  const start = performance.now();
  looking = setInterval(() => {
    const app = document.querySelector("[data-test-connection-state]");
    const connected = app?.dataset.testConnectionState === "CONNECTED";
    const over = performance.now() - start > PATIENCE;
    if (!connected && !over) return;
    clearInterval(looking);
    if (connected) rerun();
    else if (app) location.reload();
  }, EVERY);
}
