"""The pictures: what is drawn is what was computed, and every axis says what it shows."""

import inspect
import itertools
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import lifcore as lc
from lifcore import controls, experiment, figures, hidden_views, precision, scenes, views

PEAKS = [10, 20, 50, 100, 200]
SWEEP = lc.rate_sweep(PEAKS, 3, scheme="euler", weight=lc.corrected_weight(1.0, lc.LIF()), seed=1)
EXACT = lc.rate_sweep(PEAKS, 3, seed=1)
RUNS = {
    task: experiment.read(Path(__file__).parents[1] / "book" / "learning" / f"{task}.jsonl")
    for task in experiment.SETTINGS
}
NEED_ARGUMENTS = {
    "sweep_bars": (SWEEP, PEAKS),
    "sweep_sizes": ({"euler": SWEEP, "exact": EXACT}, PEAKS),
    "sweep_histogram": ({"euler": SWEEP},),
    "shift": ({"cross-entropy": lc.CrossEntropyOverTime(), "integral": lc.VoltageIntegral()},),
    "bias_check": (precision.bias_samples(peaks=[20.0, 100.0]),),
    "bias_count": (SWEEP,),
    "trial_length": ({1400.0: EXACT, 400.0: lc.rate_sweep(PEAKS, 3, steps=400, seed=1)}, PEAKS),
    "scores": (RUNS,),
    "over_epochs": (RUNS["coincidence"], "coincidence", 1400.0),
    "direction": (RUNS["yin-yang"],),
    "loss_sweep": ({"mean cross-entropy": EXACT, "integral": EXACT}, PEAKS),
}
VIEWS = {
    name: function
    for module in (views, hidden_views)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and inspect.signature(function).return_annotation is plt.Figure
}
CONTROLS = [
    name
    for name, function in inspect.getmembers(controls, inspect.isfunction)
    if function.__module__ == controls.__name__ and name not in ("turn", "scheme", "loss_name")
]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def line(ax, label):
    (found,) = [artist for artist in ax.lines if artist.get_label() == label]
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_every_axis_is_labelled_and_everything_drawn_is_finite(name):
    figure = VIEWS[name](*NEED_ARGUMENTS.get(name, ()))
    assert figure.axes and figure.axes[-1].get_xlabel()
    for ax in figure.axes:
        assert ax.get_ylabel() and not ax.get_title()  # the caption is the page's
        assert all(np.all(np.isfinite(artist.get_xydata())) for artist in ax.lines)
        unit = ax.get_xlabel()
        assert not unit or "(" in unit or "lambda" in unit  # a unit, or a quantity without one
    figure.canvas.draw()
    assert figure.get_size_inches()[0] <= 5.5  # at this width 10 point type is readable on a phone


def test_every_view_is_found():
    assert len(VIEWS) >= 15 and "adjoint" in VIEWS and len(CONTROLS) >= 5


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_redraw_at_every_corner(name):
    """The function behind the sliders is called at the ends of each: exceptions would be hidden in a widget's state."""
    widget = getattr(controls, name)()
    ends = {}
    for control in widget.children[:-1]:
        options = getattr(control, "options", None)
        ends[control.description] = (
            (options[0], options[-1])
            if options
            else (control.min, control.max)
            if hasattr(control, "min")
            else (False, True)
        )
    before = len(plt.get_fignums())
    corners = list(itertools.product(*ends.values()))
    for corner in corners:
        widget.f(**dict(zip(ends, corner, strict=True)))
        for ax in plt.gcf().axes:
            (left, right), (bottom, top) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
            slack = 1e-6 * (top - bottom)
            for artist in ax.lines:
                x, y = artist.get_xydata().T
                seen = y[(x >= left) & (x <= right)] if artist.get_transform() == ax.transData else y[:0]
                assert np.all((seen >= bottom - slack) & (seen <= top + slack)), (corner, artist.get_label())
        plt.close()
    assert before == len(plt.get_fignums()) and len(corners) >= 2


def test_verdict_turns_the_second_spike_around():
    arrows = [
        text.get_position()[0] - text.xy[0] for text in views.verdict().axes[1].texts if hasattr(text, "arrow_patch")
    ]
    exact_first, exact_second, euler_first, euler_second = arrows
    assert exact_first > 0 > exact_second and euler_first > euler_second > 0  # start minus tip: positive is earlier
    assert exact_first == pytest.approx(-exact_second)


def test_draw_pull_points_along_descent():
    _, (ax,) = figures.canvas()
    arrow, dot = figures.draw_pull(ax, [50.0], [2.0], 1.0, "exact", ms_per_unit=10.0)
    assert arrow.xy == (70.0, 1.0) and dot.get_xydata().tolist() == [[50.0, 1.0]]


def test_draw_values_are_the_values():
    _, (ax,) = figures.canvas()
    stems, dots = figures.draw_values(ax, [1.0, 2.0], [0.3, -0.4], "euler")
    assert dots.get_xydata().tolist() == [[1.0, 0.3], [2.0, -0.4]] and len(stems.get_segments()) == 2


def test_epsp_marks_the_peak_of_the_curve():
    ax = views.epsp().axes[1]
    curve = line(ax, "as recorded here").get_xydata()
    (peak,) = [artist.get_xydata()[0] for artist in ax.lines if artist.get_marker() == "o"]
    highest = curve[np.argmax(curve[:, 1])]
    assert abs(highest[0] - peak[0]) <= 0.25 and highest[1] == pytest.approx(peak[1], rel=1e-3)  # samples 0.5 ms apart


def test_mirrored_psp_lies_on_the_exact_curve():
    ax = views.mirrored_psp().axes[0]
    exact, closed = line(ax, "exact").get_xydata(), line(ax, "PSP, mirrored").get_xydata()
    np.testing.assert_allclose(np.interp(closed[::4, 0], *exact.T)[:-1], closed[::4, 1][:-1], atol=1e-12)


def test_step_errors_are_proportional_to_the_step_or_rounding():
    ax = views.step_errors().axes[0]
    corrected, uncorrected = (line(ax, label).get_ydata() for label in ("weight corrected", "weight 1"))
    assert corrected[1] / corrected[0] == pytest.approx(2.0, rel=0.01) and uncorrected.max() < 1e-13


def test_histogram_has_the_original_counts():
    ax = views.sweep_histogram({"euler": SWEEP}).axes[0]
    assert ax.patches[0].get_data().values.tolist() == [3, 9, 35, 116, 410, 761, 223, 76, 23, 11]


def test_a_lone_spike_is_told_what_the_closed_form_says():
    times = np.array([100, 700, 1390])
    trial, loss = scenes.lone_spikes(times), scenes.family(0)["exponential"]
    alone = lc.event_trial([700.0], 1400.0, lc.LIF())
    single = lc.CrossEntropyOfIntegral(weighting=lc.Average(lc.Exponential()))
    expected = lc.spike_time_gradient(alone, lc.backward(alone, single))[0]
    assert scenes.told(trial, loss, times)[1] == pytest.approx(float(expected), rel=1e-10)
    unwanted = scenes.told(trial, scenes.family(1)["exponential"], times)
    assert np.all(unwanted < 0)  # a spike for a wrong output: later


def test_what_a_lone_spike_in_mid_trial_is_told_by_each_loss():
    times = np.array([200, 700])
    trial = scenes.lone_spikes(times)
    for (name, wanted), unwanted in zip(scenes.family(0).items(), scenes.family(1).values(), strict=True):
        earlier, later = scenes.told(trial, wanted, times), scenes.told(trial, unwanted, times)
        if name in ("exponential", "linear", "sigmoid"):
            assert np.all(earlier > 1e-7) and np.all(later < -1e-9)
        else:
            assert np.all(np.abs(earlier) < 1e-9)
            assert np.all(later < -1e-2) if name == "first spike" else np.all(np.abs(later) < 1e-9)


def test_numbers_as_text():
    assert figures.in_powers(3.592e-4) == r"$3.6 \times 10^{-4}$" and figures.in_powers(-5e-16) == "0"
