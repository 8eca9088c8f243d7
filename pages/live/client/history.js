// A page that has just been turned to names the runs in its address, one after the other. That is no new place to
// go back to: without this, the back button would have to be pressed more than once.

const names = (key) => key.endsWith("_run") || key === "network";

/** Whether `to` is `from`, but that it names more runs. */
function namesMore(from, to) {
  if (from.pathname !== to.pathname) return false;
  const added = [...to.searchParams.keys()].filter((key) => !from.searchParams.has(key));
  const kept = [...from.searchParams].every(([key, value]) => to.searchParams.get(key) === value);
  return kept && added.length > 0 && added.every(names);
}

/** Streamlit adds an entry to the history whenever the address changes; from now on not for this. */
export function mend() {
  if (Object.hasOwn(history, "pushState")) return;
  const push = history.pushState;
  history.pushState = (state, unused, address) => {
    const [from, to] = [new URL(location.href), new URL(address, location.href)];
    if (namesMore(from, to)) history.replaceState(state, unused, address);
    else push.call(history, state, unused, address);
  };
}
