"""How long the live figures take, in a headless Chromium on the built book: run `make book` first.

    python benchmarks/live.py            prints, and writes benchmarks/live.json

ready    from opening the page to the first picture, s
input    from an input event to the end of the next frame, which waits for the screen, ms
work     of it what the figure computes, draws and lays out, ms: medians and 95th percentiles of 300 events, one a
         frame; the adjoint figure with 50 spikes and a trial of 1400 ms, at its step of 1 ms and
         ("adjoint, dt") down to 0.1 ms; the others as they start
frame    how long the frames of 10 000 random events are, 10 between two frames, ms
"""

import json
import sys
from pathlib import Path

import numpy as np
from processor import processor

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import Visit, chromium  # noqa: E402
from test_live import PAGES, RANDOM_EVENTS  # noqa: E402

FULL = "#adjoint.duration=1400&adjoint.spikes=" + "_".join(str(7 + 27 * k) for k in range(50))

READY = """
const looking = setInterval(() => {
  if (!document.querySelector("[data-ready]")) return;
  window.ready = performance.now();
  clearInterval(looking);
}, 5);
"""

INPUTS = """async ([name, count, skip]) => {
  const root = document.getElementById(`live-${name}`);
  const sliders = [...root.querySelectorAll("input[type=range]:enabled")].filter(each => !skip.includes(each.name));
  const ink = document.querySelector(".live-svg g"), took = [];
  const frame = () => new Promise(done => requestAnimationFrame(done));
  for (let n = 0; n < count; n++) {
    await frame();
    const slider = sliders[n % sliders.length], before = ink.innerHTML, start = performance.now();
    slider.value = +slider.value === +slider.max ? slider.min : +slider.max;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    await frame();
    document.querySelector(".live-svg").getBoundingClientRect();  // the layout of what was drawn
    took.push(performance.now() - start);
  }
  return took;
}"""

# The same, but only the time that the figure itself works in a frame.
WORK = """async ([name, count, skip]) => {
  const original = window.requestAnimationFrame, took = [];
  window.requestAnimationFrame = f => original(time => {
    const start = performance.now();
    f(time);
    document.querySelector(".live-svg").getBoundingClientRect();
    took.push(performance.now() - start);
  });
  await (INPUTS)([name, count, skip]);
  window.requestAnimationFrame = original;
  return took.filter(each => each > 0.2);
}""".replace("INPUTS", INPUTS)

FRAMES = """async arguments_ => {
  const gaps = [];
  let last = performance.now(), on = true;
  const tick = now => { gaps.push(now - last); last = now; if (on) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  await (EVENTS)(arguments_);
  on = false;
  return gaps.slice(2);
}"""


def measure() -> dict[str, dict[str, float]]:
    results = {}
    with chromium() as browser:
        for label in [*PAGES, "adjoint, dt"]:
            name = label.split(",")[0]
            skip = {"adjoint": ["dt", "duration"], "adjoint, dt": ["duration"]}.get(label, [])  # sliders
            visit = Visit(browser, PAGES[name], FULL if name == "adjoint" else "", script=READY)
            page = visit.page
            page.set_default_timeout(300_000)
            page.wait_for_selector(f"#live-{name}[data-ready]", state="attached")
            ready = page.wait_for_function("window.ready").json_value() / 1000.0
            latency, work = (page.evaluate(script, [name, 300, skip]) for script in (INPUTS, WORK))
            gaps = page.evaluate(FRAMES.replace("EVENTS", RANDOM_EVENTS), [name, 10_000, 10])
            results[label] = {
                "ready_s": ready,
                "input_ms": float(np.median(latency)),
                "input_ms_95": float(np.percentile(latency, 95)),
                "work_ms": float(np.median(work)),
                "work_ms_95": float(np.percentile(work, 95)),
                "frame_ms_95": float(np.percentile(gaps, 95)),
                "frame_ms_longest": float(np.max(gaps)),
            }
            assert not visit.errors, visit.errors
            visit.close()
    return results


if __name__ == "__main__":
    figures = measure()
    for name, each in figures.items():
        print(f"{name:11}", " ".join(f"{key} {value:7.2f}" for key, value in each.items()))
    record = {"machine": processor(), "figures": figures}
    (ROOT / "benchmarks" / "live.json").write_text(json.dumps(record, indent=1) + "\n", "utf8")
