// What a reader might do to a live figure, and worse: `count` random events, so many between two frames.
// Returns after which of them something was drawn that is no number.
async ([name, count, between]) => {
  let seed = 1;
  const random = () => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return seed / 2 ** 32; };
  const pick = list => list[Math.floor(random() * list.length)];
  const root = document.getElementById(`live-${name}`), svg = document.querySelector(".live-svg"), wrong = [];
  svg.setPointerCapture = () => {};
  for (let n = 0; n < count; n++) {
    const box = svg.getBoundingClientRect(), at = {clientX: box.left + random() * box.width, clientY: box.top + random() * box.height};
    const pins = [...svg.querySelectorAll(".pin")], control = pick([...root.querySelectorAll("[name]"), null]), what = random();
    if (what < 0.35 && control) {
      if (control.type === "checkbox") control.checked = random() < 0.5;
      else if (control.tagName === "SELECT") control.selectedIndex = Math.floor(random() * control.options.length);
      else control.value = +control.min + random() * (control.max - control.min);
      control.dispatchEvent(new Event("input", {bubbles: true}));
    } else if (what < 0.8) svg.dispatchEvent(new PointerEvent(pick(["pointerdown", "pointermove", "pointermove", "pointerup", "pointercancel"]), {pointerId: 1, ...at}));
    else if (what < 0.98 && pins.length) pick(pins).dispatchEvent(new KeyboardEvent("keydown", {key: pick(["ArrowLeft", "ArrowRight", "Home", "End", "Delete", "PageUp", "a"]), shiftKey: random() < 0.3}));
    else pick([...root.querySelectorAll("button")]).click();
    if (n % between === 0) {
      await new Promise(done => requestAnimationFrame(done));
      if (/NaN|undefined|Infinity/.test(svg.innerHTML + root.textContent)) wrong.push(n);
    }
  }
  return wrong;
}
