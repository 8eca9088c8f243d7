// A page that has just been turned to names its run in its address. That is no new place to go back to: without
// this, the back button would have to be pressed twice.

const namesRun = (url) => [...url.searchParams.keys()].some((name) => name.endsWith("_run"));

/** Streamlit adds an entry to the history whenever the address changes; from now on not for this. */
export function mend() {
  if (Object.hasOwn(history, "pushState")) return;
  const push = history.pushState;
  history.pushState = (state, unused, address) => {
    const [from, to] = [new URL(location.href), new URL(address, location.href)];
    const named = from.pathname === to.pathname && !namesRun(from) && namesRun(to);
    if (named) history.replaceState(state, unused, address);
    else push.call(history, state, unused, address);
  };
}
