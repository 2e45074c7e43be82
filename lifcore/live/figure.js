// One live figure: draws a picture (pictures.py) from answers (numbers.py or numbers.js), and turns what a reader does
// into a new state. The same in a static page, where `ask` calls the twin, and in JupyterLab, where it calls lifcore.
const SVG = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, GAP, BOTTOM] = [62, 14, 26, 40, 38]; // px around and between panels
const NEAR = 22; // px: a spike is meant by a pointer this close
const escape = text => String(text).replace(/[&<>"]/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})[c]);
const lowered = (text, before, after) => escape(text).replace(/_(\w)/g, `${before}$1${after}`); // lambda_V, with V below
const inSVG = text => lowered(text, '<tspan dy="3" font-size="9">', '</tspan><tspan dy="-3">\u200a</tspan>');
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// A number as text: "d" an integer, "3" so many decimals, "e" two digits and a power of ten; what is below 1e-12 is 0.
function written(x, form) {
  const signed = text => text.replace("-", "\u2212");
  if (x === undefined || x === null) return "";
  if (form === "d") return signed(String(Math.round(x)));
  if (form !== "e") return signed(x.toFixed(form));
  if (Math.abs(x) < 1e-12) return "0";
  const [digits, power] = x.toExponential(2).split("e");
  const raised = power.replace("+", "").replace(/./g, c => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b"["0123456789-".indexOf(c)]);
  return signed((x > 0 ? "+" : "") + digits) + (power === "+0" ? "" : ` \u00d7 10${raised}`);
}

// What a name such as "adjoint.V" or "state.spikes" stands for.
const lookup = (name, answers, state) => name.split(".").reduce((value, key) => value?.[key], {...answers, state});

// An axis: where a value lies, and which ones to mark.
function axis(low, high, from, to, log) {
  const squash = log ? x => Math.sign(x) * Math.log1p(Math.abs(x) / log) : x => x;
  const [a, b] = [squash(low), squash(high)], at = x => from + (squash(x) - a) / (b - a) * (to - from);
  const ticks = [];
  if (log) {
    for (let power = 0; power >= Math.log10(log); power -= 2) for (const s of [-1, 1]) ticks.push(s * 10 ** power);
    ticks.push(0);
  } else {
    const rough = (high - low) / clamp(Math.abs(to - from) / 40, 3, 8), unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find(m => m * unit >= rough);
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  }
  return {low, high, at, back: x => low + (x - from) / (to - from) * (high - low), ticks: ticks.filter(x => x >= low && x <= high)};
}

// Limits that hold all values, a little wider, in steps so that they rest while values move.
function limits(values, least, zero) {
  let low = Math.min(...values, ...(zero ? [0] : [])), high = Math.max(...values, ...(zero ? [0] : []));
  if (!zero && high > low) return [low - 0.1 * (high - low), high + 0.1 * (high - low)];
  if (high - low < least) [low, high] = [low < 0 ? -least : 0, high > 0 || low === 0 ? least : 0];
  const size = high - low, unit = 10 ** Math.floor(Math.log10(size)), step = unit * [1, 2, 5, 10].find(m => m * unit >= size) / 5;
  return [low < 0 ? (Math.floor(low / step - 0.2)) * step : -0.04 * size, high > 0 ? (Math.ceil(high / step + 0.2)) * step : 0.04 * size];
}

const tick = x => Math.abs(x) >= 1e5 || (x && Math.abs(x) < 1e-3)
  ? x.toExponential().replace("e", "e").replace("-", "\u2212").replace("e-", "e\u2212").replace("e+", "e")
  : String(+x.toPrecision(6)).replace("-", "\u2212");

function start(root, place, picture, ask, image) {
  const svg = document.createElementNS(SVG, "svg"), ink = document.createElementNS(SVG, "g"), handles = document.createElementNS(SVG, "g");
  const one = what => root.querySelector(what), readout = one(".live-readout"), controls = [...root.querySelectorAll("[name]")];
  const state = structuredClone(picture.state), moving = picture.moving;
  let answers = {}, scene = null, frame = 0, waiting = null, busy = false, drag = null, focus = 0;
  svg.append(ink, handles);
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", `Live figure. ${picture.title}`);
  svg.classList.add("live-svg");
  place.append(svg);

  // State: from the address, into the controls, and back into the address.
  const listed = value => Array.isArray(value) ? value.join("_") : String(value);
  const key = name => `${picture.name}.${name}`;
  const fits = (name, value) => {
    const control = controls.find(each => each.name === name);
    if (Array.isArray(value)) return value.every(t => Number.isFinite(t) && t >= moving.low) && value.length <= moving.most;
    if (control?.tagName === "SELECT") return [...control.options].some(option => option.value === String(value));
    return typeof value === "boolean" || (Number.isFinite(value) && (!control || (value >= +control.dataset.low && value <= +control.dataset.high)));
  };
  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const [name, value] of Object.entries(picture.state)) {
      const text = given.get(key(name));
      if (text === null) continue;
      const read = Array.isArray(value) ? (text ? text.split("_").map(Number) : [])
        : typeof value === "boolean" ? text === "true" : typeof value === "number" ? Number(text) : text;
      if (fits(name, read)) state[name] = read;
    }
    tidy();
    return [...given.keys()].some(name => name.startsWith(`${picture.name}.`));
  }
  let later = 0;
  function writeAddress() {
    clearTimeout(later);
    later = setTimeout(() => {
      const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      for (const [name, value] of Object.entries(picture.state))
        if (listed(value) === listed(state[name])) given.delete(key(name)); else given.set(key(name), listed(state[name]));
      const text = given.toString();
      if (text || location.hash.includes("=")) history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search);
    }, 250);
  }
  // Spikes stay in the trial, on whole ms, in order.
  const end = () => typeof moving?.high === "string" ? state[moving.high] - 1 : moving.high;
  function tidy() {
    if (!moving) return;
    const whole = t => Math.round(clamp(t, moving.low, end()));
    if (!Array.isArray(state[moving.name])) { state[moving.name] = whole(state[moving.name]); return; }
    let times = state[moving.name];
    if (moving.together && times.length) { // the train keeps its shape
      const over = Math.max(0, Math.max(...times) - end());
      times = times.map(t => t - over);
    }
    state[moving.name] = times.map(whole).sort((a, b) => a - b);
  }
  const times = () => moving ? [].concat(state[moving.name]) : [];

  // Controls: sliders show their own value beside them; a logarithmic one moves in powers.
  const ladder = control => control.dataset.values ? JSON.parse(control.dataset.values) : null;
  function show(control) {
    const value = state[control.name], steps = ladder(control);
    if (control.type === "checkbox") control.checked = value;
    else if (steps) control.value = steps.reduce((best, x, i) => Math.abs(x - value) < Math.abs(steps[best] - value) ? i : best, 0);
    else control.value = value;
    if (control.type === "range") {
      const text = `${String(value).replace("-", "\u2212")}${control.dataset.unit}`;
      control.nextElementSibling.textContent = text;
      control.setAttribute("aria-valuetext", text);
    }
    const when = control.dataset.when?.split("=");
    control.disabled = Boolean(when) && !when[1].split("|").includes(String(state[when[0]]));
  }
  let adopt = false;
  controls.forEach(control => control.addEventListener("input", () => {
    const steps = ladder(control);
    state[control.name] = control.type === "checkbox" ? control.checked : control.type === "range" ? (steps ? steps[+control.value] : +control.value) : control.value;
    if (picture.adopt?.when.includes(control.name)) adopt = true;
    change();
  }));
  root.addEventListener("keydown", event => event.stopPropagation()); // or JupyterLab takes the arrow keys
  root.addEventListener("click", event => {
    const what = event.target.dataset?.do;
    if (what === "reset") { Object.assign(state, structuredClone(picture.state)); adopt = false; change(); }
    if (what === "add") { add(freePlace()); handles.lastElementChild && handles.children[focus]?.focus(); }
  });
  function freePlace() { // the middle of the widest gap
    const all = [moving.low, ...times(), Math.min(end(), picture.x.high)];
    const gaps = all.slice(1).map((t, i) => t - all[i]), widest = gaps.indexOf(Math.max(...gaps));
    return (all[widest] + all[widest + 1]) / 2;
  }
  function add(t) {
    if (times().length >= moving.most) return;
    const whole = Math.round(clamp(t, moving.low, end()));
    state[moving.name] = [...times(), whole];
    tidy();
    focus = times().indexOf(whole);
    change();
  }
  function remove(k) {
    if (moving.add && times().length > moving.least) { state[moving.name] = times().filter((_, i) => i !== k); focus = Math.max(0, k - 1); change(); }
  }
  function move(k, to) {
    const all = times(), whole = Math.round(clamp(to, moving.low, end()));
    if (!Array.isArray(state[moving.name])) state[moving.name] = whole;
    else if (moving.together) {
      const by = clamp(whole - all[k], moving.low - Math.min(...all), end() - Math.max(...all));
      state[moving.name] = all.map(t => t + by);
    } else {
      const others = all.filter((_, i) => i !== k);
      state[moving.name] = [...others, whole].sort((a, b) => a - b);
      k = state[moving.name].indexOf(whole);
    }
    change();
    return k;
  }

  // Asking: once a frame, one question at a time, always for the newest state.
  function change() {
    tidy();
    controls.forEach(show);
    writeAddress();
    waiting = structuredClone(state);
    atFrame();
  }
  function atFrame() {
    frame ||= requestAnimationFrame(() => { frame = 0; if (waiting && !busy) next(); else draw(); });
  }
  function next() {
    const asked = waiting, answer = ask(asked);
    waiting = null;
    if (answer instanceof Promise) {
      busy = true;
      answer.then(result => { busy = false; take(result, asked); atFrame(); });
    } else {
      take(answer, asked);
      if (waiting) next(); else draw();
    }
  }
  function take(result, asked) {
    answers = result;
    scene = asked;
    if (!adopt) return;
    adopt = false;
    for (const [name, from] of Object.entries(picture.adopt.values)) state[name] = lookup(from, answers, state).slice(0, moving.most);
    scene = null; // its spikes are not those asked for
    change();
  }

  function draw() {
    const {width, height} = svg.getBoundingClientRect();
    if (!scene || width < 60 || height < 60) return;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const get = name => lookup(name, answers, scene), fontless = width < 380;
    const shares = picture.panels.reduce((sum, panel) => sum + panel.share, 0);
    const room = height - TOP - BOTTOM - GAP * (picture.panels.length - 1) - picture.panels.filter(panel => panel.x).length * 16;
    let top = TOP, text = "";
    const high = typeof picture.x.high === "string" ? get(`state.${picture.x.high}`) : picture.x.high;
    const shared = axis(picture.x.low, high, LEFT, width - RIGHT);
    svg.scale = shared;
    let pinTop = 0, pinBottom = 0;
    picture.panels.forEach((panel, number) => {
      const tall = room * panel.share / shares, bottom = top + tall, x = panel.x ? axis(panel.x.low, panel.x.high, LEFT, width - RIGHT) : shared;
      const last = number === picture.panels.length - 1, marks = panel.marks.map(mark => ({...mark, X: [].concat(mark.x ? get(mark.x) ?? [] : []), Y: [].concat(mark.y ? get(mark.y) ?? [] : [])}));
      const near = panel.near ? get(panel.near) : null, fit = [];
      for (const mark of marks) if (mark.y && !mark.loose) mark.Y.forEach((y, i) => {
        const t = mark.X[i];
        if (t >= x.low && t <= x.high && (!near || !near.length || (t > Math.min(...near) - 60 && t < Math.max(...near) + 60))) fit.push(y);
      });
      const [low, up] = panel.y ? [panel.y.low, panel.y.high] : limits(fit, panel.least, panel.zero), y = axis(low, up, bottom, top, panel.log);
      const clip = `${picture.name}-clip-${number}`, right = width - RIGHT, py = v => clamp(y.at(v), top - 5e3, bottom + 5e3).toFixed(1), px = v => x.at(v).toFixed(1);
      text += `<clipPath id="${clip}"><rect x="${LEFT}" y="${top - 2}" width="${right - LEFT}" height="${tall + 4}"/></clipPath>`;
      if (panel.yaxis !== false) for (const v of y.ticks) text += `<line class="grid" x1="${LEFT}" x2="${right}" y1="${py(v)}" y2="${py(v)}"/><text x="${LEFT - 6}" y="${py(v)}" dy=".32em" text-anchor="end">${tick(v)}</text>`;
      if (low < 0 && up > 0) text += `<line class="zero" x1="${LEFT}" x2="${right}" y1="${py(0)}" y2="${py(0)}"/>`;
      if (panel.x || last || picture.panels[number + 1]?.x) {
        for (const v of x.ticks) text += `<line class="axis" x1="${px(v)}" x2="${px(v)}" y1="${bottom}" y2="${bottom + 4}"/><text x="${px(v)}" y="${bottom + 16}" text-anchor="middle">${tick(v)}</text>`;
        text += `<text x="${(LEFT + right) / 2}" y="${bottom + 31}" text-anchor="middle">${escape((panel.x ?? picture.x).label)}</text>`;
      }
      text += `<path class="axis" d="M${LEFT},${top}V${bottom}H${right}"/><text class="ylabel" text-anchor="middle" transform="translate(${fontless ? 12 : 14},${(top + bottom) / 2}) rotate(-90)">${inSVG(panel.label)}</text>`;
      let across = LEFT;
      for (const mark of marks) if (mark.label) {
        text += mark.kind === "dots" ? `<circle class="${mark.look} dot" cx="${across + 9}" cy="${top - 10}" r="4"/>`
          : `<line class="${mark.look}" x1="${across}" x2="${across + 18}" y1="${top - 10}" y2="${top - 10}"/>`;
        text += `<text x="${across + 22}" y="${top - 6}">${inSVG(mark.label)}</text>`;
        across += 34 + 6.6 * mark.label.length;
      }
      text += `<g clip-path="url(#${clip})">`;
      for (const mark of marks) {
        const look = `class="${mark.look}"`, inside = i => mark.X[i] >= x.low && mark.X[i] <= x.high;
        if (mark.kind === "line") {
          let path = "";
          const pieces = mark.breaks ? get(mark.breaks) : null;
          for (let i = 0; i < mark.Y.length; i++) path += `${i && pieces?.[i] === pieces?.[i - 1] ? "L" : "M"}${px(mark.X[i])},${py(mark.Y[i])}`;
          text += `<path ${look} d="${path}"/>`;
        }
        if (mark.kind === "dots" || mark.kind === "stems") mark.Y.forEach((v, i) => {
          if (mark.kind === "stems") text += `<line ${look} x1="${px(mark.X[i])}" x2="${px(mark.X[i])}" y1="${py(0)}" y2="${py(v)}"/>`;
          if (inside(i)) text += `<circle class="${mark.look} dot" cx="${px(mark.X[i])}" cy="${py(v)}" r="${mark.size}"/>`;
        });
        if (mark.kind === "uprights") mark.X.forEach(v => { text += `<line ${look} x1="${px(v)}" x2="${px(v)}" y1="${top}" y2="${bottom}"/>`; });
        if (mark.kind === "level") text += `<line ${look} x1="${LEFT}" x2="${right}" y1="${py(mark.Y[0])}" y2="${py(mark.Y[0])}"/>`;
        if (mark.kind === "arrows") { // so many ms for a unit, less where the longest would leave the panel
          const largest = Math.max(...mark.Y.map(Math.abs), 1e-300), per = Math.min(mark.per, mark.most / largest);
          mark.Y.forEach((v, i) => {
            const from = x.at(mark.X[i]), to = x.at(mark.X[i] + v * per), middle = y.at(0), head = Math.sign(to - from) * Math.min(7, Math.abs(to - from));
            text += `<line class="${mark.look} solid" x1="${from}" x2="${to - head / 2}" y1="${middle}" y2="${middle}"/><circle class="${mark.look} dot" cx="${from}" cy="${middle}" r="3"/>`
              + `<path class="${mark.look} dot" d="M${to},${middle}l${-head},-5v10z"/>`;
          });
        }
      }
      text += "</g>";
      if (!panel.x) { pinTop ||= top; pinBottom = bottom; }
      top = bottom + GAP + (panel.x || picture.panels[number + 1]?.x ? 16 : 0);
    });
    ink.innerHTML = text;
    pins(shared, pinTop, pinBottom, high);
    readout.innerHTML = lowered(picture.readout.map(([name, form]) => form === null ? name : written(get(name), form)).join(""), "<sub>", "</sub>");
    root.dataset.ready = "true";
  }

  // Handles of the spikes: they stay while they move, so that they keep the focus.
  function pins(x, top, bottom, high) {
    const all = moving ? [].concat(scene[moving.name]) : [];
    while (handles.children.length > all.length) handles.lastElementChild.remove();
    while (handles.children.length < all.length) {
      const pin = document.createElementNS(SVG, "g");
      pin.innerHTML = `<line class="spike"/><rect class="hit" width="24"/><circle class="knob" r="7"/>`;
      pin.classList.add("pin");
      for (const [name, value] of Object.entries({tabindex: 0, role: "slider", "aria-orientation": "horizontal"})) pin.setAttribute(name, value);
      pin.addEventListener("keydown", press);
      handles.append(pin);
    }
    [...handles.children].forEach((pin, k) => {
      const at = x.at(all[k]), [line, hit, knob] = pin.children;
      for (const [name, value] of Object.entries({x1: at, x2: at, y1: top, y2: bottom})) line.setAttribute(name, value);
      for (const [name, value] of Object.entries({x: at - 12, y: top, height: bottom - top})) hit.setAttribute(name, value);
      for (const [name, value] of Object.entries({cx: at, cy: top})) knob.setAttribute(name, value);
      const label = moving.together ? `whole train, spike ${k + 1}` : all.length > 1 || moving.add ? `spike ${k + 1} of ${all.length}` : moving.label;
      for (const [name, value] of Object.entries({"aria-label": label, "aria-valuemin": moving.low, "aria-valuemax": end(), "aria-valuenow": all[k], "aria-valuetext": `${all[k]} ms`})) pin.setAttribute(name, value);
    });
  }
  function press(event) {
    let k = [...handles.children].indexOf(event.currentTarget);
    const by = (event.shiftKey ? 10 : 1) * ({ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10}[event.key] ?? 0), all = times();
    event.stopPropagation();
    if (by) k = move(k, all[k] + by);
    else if (event.key === "Home") k = move(k, moving.low);
    else if (event.key === "End") k = move(k, end());
    else if (event.key === "Delete" || event.key === "Backspace") { remove(k); k = focus; }
    else return;
    event.preventDefault();
    requestAnimationFrame(() => handles.children[k]?.focus());
  }

  // Mouse, pen and finger.
  const where = event => { const box = svg.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  svg.addEventListener("pointerdown", event => {
    if (!moving || !svg.scale || event.button) return;
    const [x] = where(event), all = times(), far = all.map(t => Math.abs(svg.scale.at(t) - x)), k = far.indexOf(Math.min(...far));
    drag = {id: event.pointerId, x, k: far[k] <= NEAR ? k : -1, hit: far[k] <= NEAR, moved: false, offset: far[k] <= NEAR ? svg.scale.at(all[k]) - x : 0};
    if (drag.hit) svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", event => {
    if (!drag || event.pointerId !== drag.id) return;
    const [x] = where(event);
    if (Math.abs(x - drag.x) > 3) drag.moved = true;
    if (drag.hit && drag.moved) drag.k = move(drag.k, svg.scale.back(x + drag.offset));
  });
  svg.addEventListener("pointerup", event => {
    if (!drag || event.pointerId !== drag.id) return;
    const {hit, k, moved, x} = drag;
    drag = null;
    if (moved) return;
    if (hit) remove(k);
    else if (moving.add && x > LEFT && svg.scale.back(x) <= end()) add(svg.scale.back(x));
  });
  svg.addEventListener("pointercancel", () => { drag = null; });

  new ResizeObserver(atFrame).observe(svg);
  if (image) {
    if (readAddress()) place.scrollIntoView({block: "center"});
    addEventListener("hashchange", () => { if (location.hash.includes("=") || !location.hash) { Object.assign(state, structuredClone(picture.state)); readAddress(); change(); } });
  }
  change();
  return {set(given) { Object.assign(state, structuredClone(given)); change(); }, state};
}

// In a static page: in the place of a printed figure, which stays below for print.
function inPage(name, picture, constants) {
  const root = document.getElementById(`live-${name}`), image = document.querySelector(`#${picture.figure} img`);
  if (!root || !image) return;
  const place = document.createElement("span"), all = numbers(constants), asked = {};
  place.className = "live-place";
  image.replaceWith(place);
  place.append(image);
  image.classList.add("live-under");
  start(root, place, picture, state => answer(picture, state, (ask, given) => {
    const text = JSON.stringify(given); // what has not changed is not computed again
    if (asked[ask]?.text !== text) asked[ask] = {text, answer: all[ask](given)};
    return asked[ask].answer;
  }), image);
}
const answer = (picture, state, ask) => Object.fromEntries(Object.entries(picture.asks).map(([name, {keys, fixed}]) =>
  [name, ask(name, {...fixed, ...Object.fromEntries(keys.map(each => [each, state[each]]))})]));

// In JupyterLab: the state goes to the kernel as a trait, and the answers come back as another.
function render({model, el}) {
  el.innerHTML = model.get("markup");
  const root = el.querySelector(".live"), place = document.createElement("span");
  place.className = "live-place alone";
  root.prepend(place);
  let number = 0, resolve = null;
  const figure = start(root, place, model.get("picture"), state => new Promise(done => {
    resolve = {number: ++number, done};
    model.set("asked", {number, state});
    model.save_changes();
  }), null);
  const given = () => { const {number: of, answers} = model.get("told"); if (resolve && of === resolve.number) resolve.done(answers); };
  model.on("change:told", given);
  return () => model.off("change:told", given);
}
