// From a picture (pictures.py) and answers (numbers.py or numbers.js) to the text of an SVG. Nothing is computed here.
const LEFT = 62,
  RIGHT = 14,
  TOP = 26,
  GAP = 40,
  BOTTOM = 38,
  TICKS = 16,
  NAMED = 22; // px around, between and below panels, and right of the name of one
const SHORTEST = 13, // px: an arrow
  FAINT = 0.3; // ms: an arrow that is none

const escape = text =>
  String(text).replace(/[&<>"]/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})[c]);
// lambda_V with the V below the line
const lowered = (text, before, after) => escape(text).replace(/_(\w)/g, `${before}$1${after}`);
const inSVG = text => lowered(text, '<tspan dy="3" font-size="9">', '</tspan><tspan dy="-3">\u200a</tspan>');
const minus = text => text.replace("-", "\u2212");

// A number as text: "d" an integer, "3" so many decimals, "e" two digits and a power of ten, "+e" with
// its sign; what is below 1e-12 is 0.
function written(x, form) {
  if (x === undefined || x === null) return "";
  if (form === "d") return minus(String(Math.round(x)));
  if (!form.endsWith("e")) return minus(x.toFixed(form));
  if (Math.abs(x) < 1e-12) return "0";
  const [digits, power] = x.toExponential(2).split("e");
  const raised = [...power.replace("+", "")].map(c =>
    c === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[c],
  );
  return minus((form === "+e" && x > 0 ? "+" : "") + digits) + (power === "+0" ? "" : ` \u00d7 10${raised.join("")}`);
}

const tick = x =>
  Math.abs(x) >= 1e5 || (x && Math.abs(x) < 1e-3)
    ? x.toExponential().replace("e-", "e\u2212").replace("e+", "e").replace(/^-/, "\u2212")
    : minus(String(+x.toPrecision(6)));

// What a name such as "adjoint.V" or "state.spikes" stands for.
const lookup = (name, answers, state) => name.split(".").reduce((value, key) => value?.[key], {...answers, state});

const niceStep = size => {
  const unit = 10 ** Math.floor(Math.log10(size));
  return unit * [1, 2, 5, 10].find(m => m * unit >= size * (1 - 1e-9));
};

// An axis from `low` at `from` px to `high` at `to` px; with `log` signed logarithmic, and linear below it.
function axis(low, high, from, to, log) {
  const squash = log ? x => Math.sign(x) * Math.log1p(Math.abs(x) / log) : x => x;
  const [a, b] = [squash(low), squash(high)];
  const ticks = [];
  if (log) {
    ticks.push(0);
    for (let power = 0; power >= Math.log10(log); power -= 2) ticks.push(-(10 ** power), 10 ** power);
  } else {
    const step = niceStep((high - low) / Math.min(Math.max(Math.abs(to - from) / 40, 3), 8));
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  }
  return {
    low,
    high,
    at: x => from + ((squash(x) - a) / (b - a)) * (to - from),
    back: px => low + ((px - from) / (to - from)) * (high - low),
    ticks: ticks.filter(x => x >= low && x <= high),
  };
}

// Limits that hold all values and a little more, in steps, so that they rest while the values move.
function limits(values, least, zero) {
  let low = Math.min(...values, ...(zero ? [0] : []));
  let high = Math.max(...values, ...(zero ? [0] : []));
  if (!zero && high > low) return [low - 0.1 * (high - low), high + 0.1 * (high - low)];
  if (!(high - low >= (least || 1e-300)))
    [low, high] = [low < 0 ? -(least || 1) : 0, high > 0 || !(low < 0) ? least || 1 : 0];
  const step = niceStep(high - low) / 5;
  return [
    low < 0 ? Math.floor(low / step - 0.2) * step : -0.04 * (high - low),
    high > 0 ? Math.ceil(high / step + 0.2) * step : 0.04 * (high - low),
  ];
}

// How each kind of mark is drawn: X and Y are its values, x and y the axes of its panel.
const MARKS = {
  line({look, X, Y, pieces}, x, y) {
    const first = i => i === 0 || (pieces && pieces[i] !== pieces[i - 1]);
    let path = "", left = -Infinity, above = 0;
    Y.forEach((v, i) => {
      const [at, level] = [x.px(X[i]), y.px(v)], move = first(i);
      const near = at - left < 0.5 && Math.abs(level - above) < 0.5; // nearer than can be seen
      if (near && !move && i < Y.length - 1) return;
      path += `${move ? "M" : "L"}${at},${level}`;
      [left, above] = [at, level];
    });
    return `<path class="${look}" d="${path}"/>`;
  },
  dots({look, size, X, Y}, x, y) {
    const inside = i => X[i] >= x.low && X[i] <= x.high;
    return Y.map((v, i) =>
      inside(i) ? `<circle class="${look} dot" cx="${x.px(X[i])}" cy="${y.px(v)}" r="${size}"/>` : "",
    ).join("");
  },
  stems(mark, x, y) {
    const stem = (v, i) =>
      `<line class="${mark.look}" x1="${x.px(mark.X[i])}" x2="${x.px(mark.X[i])}" y1="${y.px(0)}" y2="${y.px(v)}"/>`;
    return mark.Y.map(stem).join("") + MARKS.dots(mark, x, y);
  },
  uprights({look, X}, x, y, box) {
    return X.map(
      v => `<line class="${look}" x1="${x.px(v)}" x2="${x.px(v)}" y1="${box.top}" y2="${box.bottom}"/>`,
    ).join("");
  },
  level({look, Y}, x, y, box) {
    return `<line class="${look}" x1="${box.left}" x2="${box.right}" y1="${y.px(Y[0])}" y2="${y.px(Y[0])}"/>`;
  },
  // From each X so many ms for a unit of Y, less where the longest would be longer than `most`. One that would end inside
  // its dot is drawn a little past it, so that its direction is seen, unless it is as good as zero.
  arrows({look, X, Y, per, most}, x, y) {
    const scale = Math.min(per, most / Math.max(...Y.map(Math.abs), 1e-300));
    return Y.map((v, i) => {
      const from = x.at(X[i]),
        level = y.at(0);
      const long = x.at(X[i] + v * scale) - from,
        to = from + Math.sign(long) * (Math.abs(v * per) < FAINT ? 0 : Math.max(Math.abs(long), SHORTEST));
      const head = Math.sign(to - from) * Math.min(7, Math.abs(to - from));
      return (
        `<line class="${look} solid" x1="${from}" x2="${to - head / 2}" y1="${level}" y2="${level}"/>` +
        `<circle class="${look} dot" cx="${from}" cy="${level}" r="3"/>` +
        `<path class="${look} dot" d="M${to},${level}l${-head},-5v10z"/>`
      );
    }).join("");
  },
};

// One panel in its box: grid, axes and the names of its marks above it, which mostly rest; and the marks.
function panelInk(panel, marks, x, y, box, id) {
  const {left, right, top, bottom} = box;
  const [low, high] = [y.low, y.high];
  const edge = panel.yaxis ? left : NAMED; // where nothing is written beside the axis, an arrow may pass it
  let text = `<clipPath id="${id}"><rect x="${edge}" y="${top - 2}" width="${right - edge}" height="${bottom - top + 4}"/></clipPath>`;
  for (const v of panel.yaxis ? y.ticks : [])
    text +=
      `<line class="grid" x1="${left}" x2="${right}" y1="${y.px(v)}" y2="${y.px(v)}"/>` +
      `<text x="${left - 6}" y="${y.px(v)}" dy=".32em" text-anchor="end">${tick(v)}</text>`;
  if (low < 0 && high > 0) text += `<line class="zero" x1="${left}" x2="${right}" y1="${y.px(0)}" y2="${y.px(0)}"/>`;
  if (box.label) {
    for (const v of x.ticks)
      text +=
        `<line class="axis" x1="${x.px(v)}" x2="${x.px(v)}" y1="${bottom}" y2="${bottom + 4}"/>` +
        `<text x="${x.px(v)}" y="${bottom + 16}" text-anchor="middle">${tick(v)}</text>`;
    text += `<text x="${(left + right) / 2}" y="${bottom + 31}" text-anchor="middle">${escape(box.label)}</text>`;
  }
  text +=
    `<path class="axis" d="M${left},${top}V${bottom}H${right}"/>` +
    `<text text-anchor="middle" transform="translate(13,${(top + bottom) / 2}) rotate(-90)">${inSVG(panel.label)}</text>`;
  let across = left;
  for (const {kind, look, label} of marks.filter(mark => mark.label)) {
    text +=
      kind === "dots"
        ? `<circle class="${look} dot" cx="${across + 9}" cy="${top - 10}" r="4"/>`
        : `<line class="${look}" x1="${across}" x2="${across + 18}" y1="${top - 10}" y2="${top - 10}"/>`;
    text += `<text x="${across + 22}" y="${top - 6}">${inSVG(label)}</text>`;
    across += 34 + 6.6 * label.length;
  }
  const drawn = marks.map(mark => MARKS[mark.kind](mark, x, y, box)).join("");
  return [text, `<g clip-path="url(#${id})">${drawn}</g>`];
}

// All panels, one below the other. Returns their texts, the axis of time, and from where to where the spikes' lines go.
function paint(picture, answers, state, width, height) {
  const get = name => lookup(name, answers, state);
  const list = name => (name ? [].concat(get(name) ?? []) : []);
  const px = (scale, low = -1e4, high = 2e4) =>
    Object.assign(scale, {px: v => Math.round(10 * Math.min(Math.max(scale.at(v), low), high)) / 10});
  const horizontal = ({low, high}) => px(axis(low, typeof high === "string" ? state[high] : high, LEFT, width - RIGHT));
  const shared = horizontal(picture.x),
    panels = picture.panels;
  const labelled = i => i === panels.length - 1 || panels[i].x || panels[i + 1].x; // the next has another axis
  const between = panels.slice(1).map((_, i) => GAP + (labelled(i) ? TICKS : 0));
  const room = height - TOP - BOTTOM - between.reduce((a, b) => a + b, 0);
  const shares = panels.reduce((sum, panel) => sum + panel.share, 0);
  let top = TOP,
    texts = [],
    lineTop = null,
    lineBottom = 0;
  panels.forEach((panel, i) => {
    const bottom = top + (room * panel.share) / shares,
      x = panel.x ? horizontal(panel.x) : shared;
    const marks = panel.marks.map(mark => ({
      ...mark,
      X: list(mark.x),
      Y: list(mark.y),
      pieces: mark.breaks ? list(mark.breaks) : null,
    }));
    const near = list(panel.near),
      from = Math.min(...near) - 60,
      to = Math.max(...near) + 60;
    const seen = t => t >= x.low && t <= x.high && (!near.length || (t > from && t < to));
    const fit = marks.filter(mark => mark.y && !mark.loose).flatMap(mark => mark.Y.filter((_, k) => seen(mark.X[k])));
    const [low, high] = panel.y ? [panel.y.low, panel.y.high] : limits(fit, panel.least, panel.zero);
    const y = px(axis(low, high, bottom, top, panel.log));
    const box = {
      left: LEFT,
      right: width - RIGHT,
      top,
      bottom,
      label: labelled(i) ? (panel.x ?? picture.x).label : null,
    };
    texts.push(...panelInk(panel, marks, x, y, box, `${picture.name}-${i}`));
    if (!panel.x) [lineTop, lineBottom] = [lineTop ?? top, bottom];
    top = bottom + (between[i] ?? 0);
  });
  return {texts, time: shared, top: lineTop, bottom: lineBottom};
}
