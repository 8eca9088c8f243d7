// One panel of the page alone, as large as the window allows. The panels are counted as they stand on the page.

const HEADING = ".heading";
let large = null; // the panel that stands alone

const panels = () =>
  [...document.querySelectorAll(".stMain .live-stretch")].filter((panel) => panel.getClientRects().length);

/** Panel `number`, counted from 1, alone; or all of them again if it stands alone already. */
export function show(number) {
  const panel = panels()[number - 1];
  if (!panel) return false;
  const alone = panel === large;
  leave();
  if (alone) return true;
  const main = document.querySelector(".stMain");
  const above = document.querySelector(".transport-bar") ?? document.querySelector("[data-testid=stHeader]");
  main.scrollTop = 0;
  const { left } = main.getBoundingClientRect();
  const { bottom = 0 } = above?.getBoundingClientRect() ?? {};
  panel.style.setProperty("--stage-left", `${left}px`);
  panel.style.setProperty("--stage-top", `${Math.max(0, bottom)}px`);
  panel.dataset.large = titleOf(panel);
  large = panel;
  return true;
}

/** All panels; true if one stood alone. */
export function leave() {
  const was = large?.isConnected ?? false;
  if (large) delete large.dataset.large;
  large = null;
  return was;
}

/** The heading before a panel, unless it is that of another panel in between. */
function titleOf(panel) {
  const all = [...document.querySelectorAll(`.stMain :is(${HEADING}, .live-stretch)`)];
  const before = all[all.indexOf(panel) - 1];
  return before?.matches(HEADING) ? before.textContent : "";
}
