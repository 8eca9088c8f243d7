"""What the bench runs inside the page, in JavaScript. Times are the page's own, in milliseconds."""

TRAINED = '[data-testid=live]:not([data-step="0"]):not([data-step=""])'

FIGURES_DRAWN = """() => {
  const figures = [...document.querySelectorAll('.live-figure')];
  return figures.length > 0 && figures.every(node => node.querySelector('.js-plotly-plot .plot-container'));
}"""

# returns how many there are
MARK_FIGURES = """() => {
  const figures = [...document.querySelectorAll('.js-plotly-plot')];
  for (const node of figures) node.benchMark = true;
  return figures.length;
}"""

# argument: how many were marked; returns how many of those are gone or made anew
FIGURES_REMOUNTED = """count => {
  const kept = [...document.querySelectorAll('.js-plotly-plot')].filter(node => node.benchMark);
  return count - kept.length;
}"""

# argument: milliseconds; changes per second of data-step, and of the picture in the first heatmap
COUNT_UPDATES = """milliseconds => new Promise(resolve => {
  const live = document.querySelector('[data-testid=live]');
  const picture = document.querySelector('.heatmaplayer image');
  const counts = { steps: 0, pictures: 0 };
  const observe = (node, attribute, name) => {
    let last = node.getAttribute(attribute);
    const observer = new MutationObserver(() => {
      const value = node.getAttribute(attribute);
      if (value !== last) counts[name] += 1;
      last = value;
    });
    // without a filter: one would leave out the picture's address, whose attribute has a namespace
    observer.observe(node, { attributes: true });
  };
  const start = performance.now();
  observe(live, 'data-step', 'steps');
  observe(picture, 'href', 'pictures');
  setTimeout(() => {
    const seconds = (performance.now() - start) / 1000;
    resolve({ steps: counts.steps / seconds, pictures: counts.pictures / seconds });
  }, milliseconds);
})"""

# from the mouse event that moves the slider to the frame that shows its value; 5000 if none does
EXPECT_RATE = """() => {
  const live = document.querySelector('[data-testid=live]');
  const input = document.querySelector('input[type=range][aria-label="Learning rate"]');
  window.benchDelay = new Promise(resolve => {
    let moved = null;
    let wanted = null;
    const observer = new MutationObserver(() => {
      if (wanted === null || Number(live.dataset.lr) !== wanted) return;
      observer.disconnect();
      resolve(performance.now() - moved);
    });
    observer.observe(live, { attributes: true, attributeFilter: ['data-lr'] });
    // the slider's own listener came first, so that its text already says the new value
    input.addEventListener('input', event => {
      moved = event.timeStamp;
      wanted = Number(input.ariaValueText);
    }, { once: true });
    setTimeout(() => { observer.disconnect(); resolve(5000); }, 5000);
  });
}"""

# arguments: a slider's label; functions, as text: what the page shows of its value (given the live element),
# and what that is for the slider's text. From the mouse event that moves it until both agree; 5000 if never
EXPECT = """([label, shown, wanted]) => {
  const [read, wish] = [eval(shown), eval(wanted)];
  const live = document.querySelector('[data-testid=live]');
  const input = document.querySelector(`input[type=range][aria-label="${label}"]`);
  window.benchDelay = new Promise(resolve => {
    let moved = null;
    const observer = new MutationObserver(() => {
      if (moved === null || read(live) !== wish(input.ariaValueText ?? input.value)) return;
      observer.disconnect();
      resolve(performance.now() - moved);
    });
    const all = { attributes: true, characterData: true, childList: true, subtree: true };
    observer.observe(document.body, all);
    input.addEventListener('input', event => { moved = event.timeStamp; }, { once: true });
    setTimeout(() => { observer.disconnect(); resolve(5000); }, 5000);
  });
}"""
