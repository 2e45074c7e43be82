"""The live figures of the static pages compute what lifcore computes: the same functions, in JavaScript.

Each is run on random states, in V8 by itself and in Chromium, and compared with ``lifcore.live.numbers``, which runs
lifcore. Differences are to stay below 1e-12 of scale, the two being different sums of the same thing, each with
roundings of 1e-16.
"""

import json

import numpy as np
import pytest
from browser import chromium
from py_mini_racer import MiniRacer

from lifcore import scenes
from lifcore.hidden import hidden_layer
from lifcore.live import numbers, widget
from lifcore.neuron import LIF

STATES = 2000
TOLERANCE = 1e-12
LOSSES = list(scenes.chain_losses())


SETUP = widget.source("random", "twin", "numbers") + f"const all = numbers({json.dumps(numbers.constants())});"
CHUNK = 100  # states in one question


@pytest.fixture(scope="module")
def javascript():
    """A function that asks the twin, as V8 runs it, for a list of states."""
    engine = MiniRacer()
    engine.eval(SETUP)
    yield in_chunks(engine.eval)
    engine.close()


@pytest.fixture(scope="module")
def in_browser():
    """The same in Chromium."""
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=SETUP)
        yield in_chunks(page.evaluate)


def in_chunks(evaluate):
    def ask(name, states):
        answers = []
        for start in range(0, len(states), CHUNK):
            question = json.dumps(states[start : start + CHUNK])
            answers += json.loads(evaluate(f"JSON.stringify({question}.map(state => all[{json.dumps(name)}](state)))"))
        return answers

    return ask


def train(rng, duration, most=50):
    """Up to 50 spikes on a grid of 1 ms, some of them at equal times."""
    return sorted(rng.integers(0, int(duration) - 1, rng.integers(0, most + 1)).astype(float).tolist())


def neuron(rng):
    """Time constants from 1 to 100 ms; a third of them equal but for some digits, or equal."""
    tau_m, tau_s = np.exp(rng.uniform(0.0, np.log(100.0), 2))
    if rng.random() < 1 / 3:
        tau_s = tau_m * (1.0 + rng.choice([0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3]))
    return {"tau_m": float(tau_m), "tau_s": float(tau_s)}


def draw(name, rng):
    duration = float(np.rint(np.exp(rng.uniform(np.log(50.0), np.log(1400.0)))))
    weight = float(rng.uniform(-3.0, 10.0))
    corrected = bool(rng.integers(2))
    return {
        "epsp": lambda: {**neuron(rng), "weight": weight},
        "drawn": lambda: {"peak": float(rng.uniform(0.0, 500.0)), "seed": int(rng.integers(2**31))},
        "forward_trial": lambda: {"spikes": train(rng, numbers.TRIAL), "weight": weight, "corrected": corrected},
        "time_step": lambda: {"dt": 50.0 / int(rng.integers(1, 101)), "corrected": corrected},
        "adjoint": lambda: {
            "spikes": train(rng, duration),
            "duration": duration,
            "scheme": str(rng.choice(["exact", "euler"])),
            "dt": float(rng.choice([1.0, 0.5, 0.2, 0.1], p=[0.6, 0.2, 0.1, 0.1])),
            "weight": weight,
            "corrected": corrected,
            **neuron(rng),
        },
        "symmetry": lambda: {
            "spikes": [5.0, *train(rng, duration / 2, 8)],
            "duration": duration,
            "loss": str(rng.choice(LOSSES)),
        },
        "pull": lambda: {
            "loss": str(rng.choice(list(scenes.family(0)))),
            "tau": float(np.exp(rng.uniform(np.log(5.0), np.log(3000.0)))),
            "duration": max(duration, 200.0),
            "spike": float(rng.integers(int(duration))),
        },
        "hidden": lambda: {
            "weight": float(rng.uniform(0.0, 12.0)),
            "second": float(rng.integers(20, 111)),
            "loss": str(rng.choice(LOSSES)),
        },
        "scan": lambda: {"second": float(rng.integers(21, 111)), "loss": str(rng.choice(LOSSES))},
    }[name]()


# One of these calls holds many states: as many shifted trains, lone spikes, times or weights.
CALLS = {"symmetry": STATES // 60, "pull": 70, "hidden": 200, "scan": 17}


def scale(name, state, answer, key):
    """What a difference in ``answer[key]`` is to be compared with."""
    size = np.abs(answer[key]).max(initial=0.0)
    spikes = max(len(state.get("spikes", [])), 1)
    if key in ("error", "largest") and name == "time_step":
        return np.abs(answer["V"]).max()
    if name == "adjoint" and key in ("told", "descent", "transport", "sum"):  # differences of lambdas
        return np.abs(answer["lambda_V"]).max(initial=0.0) * (spikes if key == "sum" else 1)
    if name in ("symmetry", "pull") and key in ("told", "here", "descent", "sum", "value"):
        drive = 1.0 / state["duration"] if loss_is_averaged(state) else 1.0
        return max(size, np.log(scenes.CLASSES) if key in ("value", "here") and name == "symmetry" else drive * spikes)
    if name == "hidden" and key in ("gradient", "tangent_y", "loss"):
        return max(size, answer["loss"]) * ill_conditioned(state)
    return size


def loss_is_averaged(state):
    return state["loss"] not in ("maximum", "first spike")


def ill_conditioned(state):
    """A spike's time is known to rounding over dV/dt, and its derivative to that over dV/dt once more."""
    layer = hidden_layer([scenes.CHAIN_FIRST, state["second"]], 400.0, LIF(), [[state["weight"]]], [0, 0])
    return max(1.0, float((layer.I - layer.theta).min(initial=1.0)) ** -2)


@pytest.mark.parametrize("name", numbers.FIGURES)
def test_the_twin_computes_what_lifcore_computes(javascript, in_browser, name):
    rng = np.random.default_rng(list(numbers.FIGURES).index(name))
    states = [draw(name, rng) for _ in range(CALLS.get(name, STATES))]
    worst = 0.0
    for state, *twins in zip(states, javascript(name, states), in_browser(name, states), strict=True):
        expected = numbers.FIGURES[name](**state)
        for twin in twins:
            assert set(expected) == set(twin)
            for key, values in expected.items():
                assert np.shape(values) == np.shape(twin[key]), (state, key)
                difference = np.abs(np.subtract(values, twin[key])).max(initial=0.0)
                limit = scale(name, state, expected, key)
                assert difference <= TOLERANCE * limit, (state, key, difference / limit)
                worst = max(worst, difference / limit if limit else 0.0)
    print(f"{name}: largest difference {worst:.1e} of scale")


def test_loss_gradient_and_spikes_of_the_hidden_neuron_for_many_weights(javascript):
    rng = np.random.default_rng(0)
    for loss in LOSSES:
        second, weights = 20.0 + float(rng.integers(1, 90)), np.sort(rng.uniform(0.0, 12.0, STATES // 2))
        expected = scenes.scan_of(weights, loss, second)
        states = [{"weight": float(weight), "second": second, "loss": loss} for weight in weights]
        twin = javascript("hidden", states)
        assert [answer["count"] for answer in twin] == expected.spikes.tolist()
        for state, answer, value, gradient in zip(states, twin, expected.loss, expected.gradient, strict=True):
            limit = TOLERANCE * max(value, abs(gradient)) * ill_conditioned(state)
            assert abs(answer["loss"] - value) <= limit and abs(answer["gradient"] - gradient) <= limit


def test_a_seed_draws_what_numpy_draws(javascript):
    """Every spike of ``drawn`` rests on a comparison; here every one of 1000 numbers."""
    engine = MiniRacer()
    engine.eval(widget.source("random"))
    for seed in (0, 1, 2022, 2**32 - 1):
        ours = engine.eval(
            f"const next{seed} = uniforms({seed}); JSON.stringify(Array.from({{length: 1000}}, next{seed}))"
        )
        assert json.loads(ours) == np.random.default_rng(seed).random(1000).tolist()
    engine.close()


def test_the_twin_is_small():
    """Small enough to be read beside lifcore: twin.js, which holds the equations."""
    assert len(widget.source("twin").splitlines()) <= 150
