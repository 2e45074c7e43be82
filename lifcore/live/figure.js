// One live figure: turns what a reader does into a new state, asks for its numbers, and has them drawn (draw.js). The same
// in a static page, where `ask` calls the twin, and in JupyterLab, where it calls lifcore.
const SVG = "http://www.w3.org/2000/svg";
const NEAR = 22; // px: a spike is meant by a pointer this close
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

function start(root, place, picture, ask, image) {
  const svg = document.createElementNS(SVG, "svg"),
    ink = document.createElementNS(SVG, "g"),
    handles = document.createElementNS(SVG, "g");
  const one = what => root.querySelector(what),
    readout = one(".live-readout"),
    controls = [...root.querySelectorAll("[name]")];
  const state = structuredClone(picture.state),
    moving = picture.moving;
  let answers = {},
    scene = null,
    frame = 0,
    waiting = null,
    busy = false,
    drag = null,
    focus = 0,
    time = null;
  svg.append(handles, ink); // the curves over the lines of the spikes
  ink.classList.add("live-ink");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", `Live figure. ${picture.title}`);
  svg.classList.add("live-svg");
  place.append(svg);

  // State: from the address, into the controls, and back into the address.
  const listed = value => (Array.isArray(value) ? value.join("_") : String(value));
  const key = name => `${picture.name}.${name}`;
  const fits = (name, value) => {
    const control = controls.find(each => each.name === name);
    if (Array.isArray(value))
      return value.every(t => Number.isFinite(t) && t >= moving.low) && value.length <= moving.most;
    if (control?.tagName === "SELECT") return [...control.options].some(option => option.value === String(value));
    return (
      typeof value === "boolean" ||
      (Number.isFinite(value) && (!control || (value >= +control.dataset.low && value <= +control.dataset.high)))
    );
  };
  function parse(text, like) {
    if (Array.isArray(like)) return text ? text.split("_").map(Number) : [];
    if (typeof like === "boolean") return text === "true";
    return typeof like === "number" ? Number(text) : text;
  }
  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const [name, value] of Object.entries(picture.state)) {
      const text = given.get(key(name));
      if (text === null) continue;
      const read = parse(text, value);
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
        if (listed(value) === listed(state[name])) given.delete(key(name));
        else given.set(key(name), listed(state[name]));
      const text = given.toString();
      if (text || location.hash.includes("="))
        history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search);
    }, 250);
  }
  // Spikes stay in the trial, on whole ms, in order.
  const end = () => (typeof moving?.high === "string" ? state[moving.high] - 1 : moving.high);
  function tidy() {
    if (!moving) return;
    const whole = t => Math.round(clamp(t, moving.low, end()));
    if (!Array.isArray(state[moving.name])) {
      state[moving.name] = whole(state[moving.name]);
      return;
    }
    let times = state[moving.name];
    if (moving.together && times.length) {
      // the train keeps its shape
      const over = Math.max(0, Math.max(...times) - end());
      times = times.map(t => t - over);
    }
    state[moving.name] = times.map(whole).sort((a, b) => a - b);
  }
  const times = () => (moving ? [].concat(state[moving.name]) : []);

  // Controls: a slider shows its value beside it, and may have a ladder of values instead of equal steps.
  const ladder = control => (control.dataset.values ? JSON.parse(control.dataset.values) : null);
  function show(control) {
    const value = state[control.name],
      steps = ladder(control);
    if (control.type === "checkbox") control.checked = value;
    else if (steps)
      control.value = steps.reduce((best, x, i) => (Math.abs(x - value) < Math.abs(steps[best] - value) ? i : best), 0);
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
  controls.forEach(control =>
    control.addEventListener("input", () => {
      const steps = ladder(control);
      if (control.type === "checkbox") state[control.name] = control.checked;
      else if (control.type !== "range") state[control.name] = control.value;
      else state[control.name] = steps ? steps[+control.value] : +control.value;
      if (picture.adopt?.when.includes(control.name)) adopt = true;
      change();
    }),
  );
  root.addEventListener("keydown", event => event.stopPropagation()); // or JupyterLab takes the arrow keys
  root.addEventListener("click", event => {
    const what = event.target.dataset?.do;
    if (what === "reset") {
      Object.assign(state, structuredClone(picture.state));
      adopt = false;
      change();
    }
    if (what === "add") {
      add(freePlace());
      handles.lastElementChild && handles.children[focus]?.focus();
    }
  });
  // The middle of the widest gap.
  function freePlace() {
    const all = [moving.low, ...times(), end()];
    const gaps = all.slice(1).map((t, i) => t - all[i]),
      widest = gaps.indexOf(Math.max(...gaps));
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
    if (moving.add && times().length > moving.least) {
      state[moving.name] = times().filter((_, i) => i !== k);
      focus = Math.max(0, k - 1);
      change();
    }
  }
  function move(k, to) {
    const all = times(),
      whole = Math.round(clamp(to, moving.low, end()));
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
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (waiting && !busy) next();
      else draw();
    });
  }
  function next() {
    const asked = waiting,
      answer = ask(asked);
    waiting = null;
    if (answer instanceof Promise) {
      busy = true;
      answer.then(result => {
        busy = false;
        take(result, asked);
        atFrame();
      });
    } else {
      take(answer, asked);
      if (waiting) next();
      else draw();
    }
  }
  function take(result, asked) {
    answers = result;
    scene = asked;
    if (!adopt) return;
    adopt = false;
    for (const [name, from] of Object.entries(picture.adopt.values))
      state[name] = lookup(from, answers, state).slice(0, moving.most);
    scene = null; // its spikes are not those asked for
    change();
  }

  function draw() {
    const {width, height} = svg.getBoundingClientRect();
    if (!scene || width < 60 || height < 60) return;
    set(svg, {viewBox: `0 0 ${width} ${height}`});
    const drawn = paint(picture, answers, scene, width, height);
    drawn.texts.forEach((text, i) => {
      const part = ink.children[i] ?? ink.appendChild(document.createElementNS(SVG, "g"));
      if (part.drawn !== text) part.innerHTML = part.drawn = text;
    });
    time = drawn.time;
    pins(drawn);
    const parts = picture.readout.map(([name, form]) =>
      form === null ? name : written(lookup(name, answers, scene), form),
    );
    readout.innerHTML = lowered(parts.join(""), "<sub>", "</sub>");
    root.dataset.ready = "true";
  }

  // Here too only what has changed is set again: fifty spikes have some hundred attributes.
  function set(node, attributes) {
    const kept = (node.kept ??= {});
    for (const [name, value] of Object.entries(attributes))
      if (kept[name] !== value) node.setAttribute(name, (kept[name] = value));
  }
  // Handles of the spikes: they stay while they move, so that they keep the focus.
  function pins({time: x, top, bottom}) {
    const all = moving ? [].concat(scene[moving.name]) : [];
    while (handles.children.length > all.length) handles.lastElementChild.remove();
    while (handles.children.length < all.length) {
      const pin = document.createElementNS(SVG, "g");
      pin.innerHTML = `<line class="spike"/><rect class="hit" x="-12" width="24"/><circle class="knob" r="7"/>`;
      set(pin, {class: "pin", tabindex: 0, role: "slider", "aria-orientation": "horizontal"});
      pin.addEventListener("keydown", press);
      handles.append(pin);
    }
    [...handles.children].forEach((pin, k) => {
      const [line, hit] = pin.children;
      set(line, {y2: bottom - top});
      set(hit, {height: bottom - top});
      const label = moving.together
        ? `whole train, spike ${k + 1}`
        : all.length > 1 || moving.add
          ? `spike ${k + 1} of ${all.length}`
          : moving.label;
      set(pin, {
        transform: `translate(${x.at(all[k])} ${top})`,
        "aria-label": label,
        "aria-valuemin": moving.low,
        "aria-valuemax": end(),
        "aria-valuenow": all[k],
        "aria-valuetext": `${all[k]} ms`,
      });
    });
  }
  function press(event) {
    let k = [...handles.children].indexOf(event.currentTarget);
    const by =
        (event.shiftKey ? 10 : 1) *
        ({ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10}[event.key] ?? 0),
      all = times();
    event.stopPropagation();
    if (k >= all.length) return; // removed, but still drawn until the next frame
    if (by) k = move(k, all[k] + by);
    else if (event.key === "Home") k = move(k, moving.low);
    else if (event.key === "End") k = move(k, end());
    else if (event.key === "Delete" || event.key === "Backspace") {
      remove(k);
      k = focus;
    } else return;
    event.preventDefault();
    requestAnimationFrame(() => handles.children[k]?.focus());
  }

  // Mouse, pen and finger.
  const where = event => {
    const box = svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  svg.addEventListener("pointerdown", event => {
    if (!moving || !time || event.button) return;
    const [x] = where(event),
      all = times(),
      far = all.map(t => Math.abs(time.at(t) - x)),
      k = far.indexOf(Math.min(...far));
    drag = {
      id: event.pointerId,
      x,
      k: far[k] <= NEAR ? k : -1,
      hit: far[k] <= NEAR,
      moved: false,
      offset: far[k] <= NEAR ? time.at(all[k]) - x : 0,
    };
    if (drag.hit) svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", event => {
    if (!drag || event.pointerId !== drag.id) return;
    const [x] = where(event);
    if (Math.abs(x - drag.x) > 3) drag.moved = true;
    if (drag.k >= times().length)
      drag = null; // removed by a key meanwhile
    else if (drag.hit && drag.moved) drag.k = move(drag.k, time.back(x + drag.offset));
  });
  svg.addEventListener("pointerup", event => {
    if (!drag || event.pointerId !== drag.id) return;
    const {hit, k, moved, x} = drag;
    drag = null;
    if (moved) return;
    if (hit) remove(k);
    else if (moving.add && x > LEFT && time.back(x) <= end()) add(time.back(x));
  });
  svg.addEventListener("pointercancel", () => {
    drag = null;
  });

  new ResizeObserver(atFrame).observe(svg);
  if (image) {
    if (readAddress()) place.scrollIntoView({block: "center"});
    addEventListener("hashchange", () => {
      if (location.hash.includes("=") || !location.hash) {
        Object.assign(state, structuredClone(picture.state));
        readAddress();
        change();
      }
    });
  }
  change();
}

// Above the caption, which is that of the printed figure: a button that shows the one it describes.
function whichFigure(root, place) {
  const bar = document.createElement("span");
  bar.className = "live-bar";
  bar.innerHTML = `The caption is for the <button type="button">printed figure</button>`;
  place.closest("figure").querySelector("figcaption").prepend(bar);
  const button = bar.querySelector("button");
  const show = printed => {
    place.classList.toggle("printed", printed);
    button.setAttribute("aria-pressed", printed);
  };
  show(false);
  button.addEventListener("click", () => show(!place.classList.contains("printed")));
  root.addEventListener("input", () => show(false));
}

// In a static page: in the place of a printed figure, which stays below for print, as soon as that has been read.
function inPage(name, picture, constants) {
  const root = document.getElementById(`live-${name}`),
    image = document.querySelector(`#${picture.figure} img`);
  if (!image) {
    if (document.readyState !== "complete") requestAnimationFrame(() => inPage(name, picture, constants));
    return;
  }
  const place = document.createElement("span"),
    all = numbers(constants),
    asked = {};
  place.className = "live-place";
  image.replaceWith(place);
  place.append(image);
  whichFigure(root, place);
  start(
    root,
    place,
    picture,
    state =>
      answer(picture, state, (ask, given) => {
        const text = JSON.stringify(given); // what has not changed is not computed again
        if (asked[ask]?.text !== text) asked[ask] = {text, answer: all[ask](given)};
        return asked[ask].answer;
      }),
    image,
  );
}
const answer = (picture, state, ask) =>
  Object.fromEntries(
    Object.entries(picture.asks).map(([name, {keys, fixed}]) => [
      name,
      ask(name, {...fixed, ...Object.fromEntries(keys.map(each => [each, state[each]]))}),
    ]),
  );

// In JupyterLab: the state goes to the kernel as a trait, and the answers come back as another.
function render({model, el}) {
  el.innerHTML = model.get("markup");
  const root = el.querySelector(".live"),
    place = document.createElement("span");
  place.className = "live-place alone";
  root.prepend(place);
  let number = 0,
    resolve = null;
  start(
    root,
    place,
    model.get("picture"),
    state =>
      new Promise(done => {
        resolve = {number: ++number, done};
        model.set("asked", {number, state});
        model.save_changes();
      }),
    null,
  );
  const given = () => {
    const {number: of, answers} = model.get("told");
    if (resolve && of === resolve.number) resolve.done(answers);
  };
  model.on("change:told", given);
  return () => model.off("change:told", given);
}
