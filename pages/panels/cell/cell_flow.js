// What flows where, in the order in which the cell computes (the stages of its plan): dots run along the edges, and
// every number appears when the dot that brings it arrives.

const CARRIED = 320; // milliseconds in which the states that came out become those that go in
const LIGHT = 160; // … in which a number lights up
const FADE = 260;

const ALONG = [
  { strokeDashoffset: 0, opacity: 1 },
  { strokeDashoffset: -1, opacity: 1 },
];

const OPENS = [{ transform: "scaleX(0)" }, { transform: "none" }];

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Flow {
  /** diagram: of cell_diagram.js. equations: of cell_equations.js, whose numbers appear in the same order. */
  constructor(diagram, equations) {
    this.diagram = diagram;
    this.equations = equations;
    this.running = [];
  }

  /** Ends what is still running; the numbers stand as they are. */
  stop() {
    for (const animation of this.running) animation.cancel();
    this.running = [];
    delete this.diagram.root.dataset.flow;
  }

  /** One step on in time. */
  forward() {
    if (!this.start("forward")) return;
    const { plan, nodes, sparks, edges, fills } = this.diagram;
    for (const [name, [from, to]] of Object.entries(plan.stages)) {
      this.run(sparks[name], ALONG, { delay: from, duration: to - from, easing: "ease-in-out" });
      this.appear(edges[name], from, to - from);
      if (name.endsWith("_before")) continue;
      const places = [nodes[name], ...(this.equations.nodes[name] ?? [])].filter(Boolean);
      for (const node of places) this.appear(node, to, LIGHT);
    }
    for (const [gate, fill] of Object.entries(fills)) {
      this.run(fill, OPENS, { delay: plan.opens[gate], duration: 220, fill: "backwards" });
    }
    for (const [from, to] of plan.carried) this.carry(from, to);
  }

  /** Any other move: the new numbers fade in. */
  fade() {
    if (!this.start("fade")) return;
    const places = [...Object.values(this.diagram.nodes), ...Object.values(this.equations.nodes).flat()];
    for (const node of places) this.run(node, [{ opacity: 0.1 }, {}], { duration: FADE, easing: "ease-out" });
  }

  /** The number that came out of the last step moves to where it goes into this one. */
  carry(from, to) {
    const { nodes } = this.diagram;
    const [start, end] = [nodes[from], nodes[to]].map((node) => [node.getAttribute("x"), node.getAttribute("y")]);
    const way = `translate(${start[0] - end[0]}px, ${start[1] - end[1]}px)`;
    this.run(nodes[to], [{ transform: way }, { transform: "none" }], { duration: CARRIED, easing: "ease-in-out" });
  }

  /** Faint until the time `at`; after `lasting` milliseconds more as it is. */
  appear(node, at, lasting) {
    const faint = { opacity: 0.12 };
    this.run(node, [faint, { ...faint, offset: at / (at + lasting) }, {}], { duration: at + lasting });
  }

  start(kind) {
    this.stop();
    if (still.matches) return false;
    this.diagram.root.dataset.flow = kind;
    return true;
  }

  run(node, keyframes, timing) {
    const animation = node.animate(keyframes, timing);
    this.running.push(animation);
    animation.onfinish = () => {
      this.running = this.running.filter((one) => one !== animation);
      if (!this.running.length) delete this.diagram.root.dataset.flow;
    };
  }
}
