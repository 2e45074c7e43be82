"""Sliders for the pages, to turn in JupyterLab: each puts controls on one function of ``lifcore.views``."""

from collections.abc import Callable
from typing import Any

from ipywidgets import Checkbox, Dropdown, FloatSlider, IntSlider, SelectionSlider, interactive

from lifcore import hidden_views, scenes, views


def turn(view: Callable[..., Any], **controls: Any) -> interactive:
    """Controls for a view; it is redrawn when one is let go."""

    def draw(**values: Any) -> None:
        view(**values)

    for control in controls.values():
        if hasattr(control, "continuous_update"):
            control.continuous_update = False
    return interactive(draw, **controls)


def scheme(value: str = "euler") -> Dropdown:
    return Dropdown(options=["euler", "exact"], value=value)


def epsp() -> interactive:
    """Time constants and weight of one EPSP; equal time constants can be reached."""
    return turn(
        views.epsp,
        tau_m=FloatSlider(20.0, min=1.0, max=50.0, step=1.0),
        tau_s=FloatSlider(5.0, min=1.0, max=50.0, step=1.0),
        weight=FloatSlider(10.0, min=-20.0, max=20.0, step=1.0),
    )


def explicit_spikes() -> interactive:
    """Two spikes and their weight."""
    return turn(
        views.explicit_spikes,
        first=IntSlider(100, min=60, max=300),
        second=IntSlider(150, min=60, max=300),
        weight=FloatSlider(1.0, min=-2.0, max=2.0),
    )


def poisson() -> interactive:
    """Peak rate, seed and weight correction of Poisson trains."""
    return turn(
        views.poisson,
        peak=FloatSlider(100.0, min=0.0, max=500.0, step=10.0),
        seed=IntSlider(1, min=0, max=100),
        corrected=Checkbox(True),
    )


def time_step() -> interactive:
    """The finer of the two steps, and the weight correction."""
    return turn(
        views.time_step,
        dt=SelectionSlider(options=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5], value=0.01),
        corrected=Checkbox(True),
    )


def adjoint() -> interactive:
    """The times of two spikes, the scheme and the length of the trial."""
    return turn(
        views.adjoint,
        first=IntSlider(100, min=20, max=380),
        second=IntSlider(150, min=20, max=380),
        scheme=scheme(),
        duration=IntSlider(1400, min=400, max=1400, step=100),
    )


def euler_and_exact() -> interactive:
    """The distance of two spikes and the time step."""
    return turn(
        views.euler_and_exact,
        distance=IntSlider(50, min=1, max=150),
        dt=SelectionSlider(options=[0.01, 0.1, 0.2, 0.5, 1.0], value=1.0),
    )


def one_bias() -> interactive:
    """Step, weight and distance of two spikes."""
    return turn(
        views.one_bias,
        dt=SelectionSlider(options=[0.1, 0.2, 0.5, 1.0, 2.0], value=1.0),
        weight=FloatSlider(1.0, min=0.1, max=5.0),
        distance=IntSlider(20, min=2, max=100, step=2),
    )


def backward_psp() -> interactive:
    """The step of the schemes."""
    return turn(views.backward_psp, dt=FloatSlider(2.0, min=0.0, max=5.0, step=0.5))


def pull() -> interactive:
    """Which loss, the length of the trial, and where in it the spike stands."""
    return turn(
        views.pull,
        name=Dropdown(options=list(scenes.family(0)), value="exponential"),
        duration=SelectionSlider(options=[200, 400, 700, 1000, 1400], value=1400),
        spike=FloatSlider(0.5, min=0.05, max=0.95, step=0.05),
    )


def sweep() -> interactive:
    """Scheme, repetitions and seed of the sweep."""
    return turn(
        views.sweep, scheme=scheme(), repetitions=IntSlider(10, min=2, max=100), seed=IntSlider(1, min=0, max=100)
    )


def mirrored_psp() -> interactive:
    """Length of the trial and time constants under the integral loss."""
    return turn(
        views.mirrored_psp,
        duration=SelectionSlider(options=[200, 300, 400, 600, 1000, 1400, 2000], value=1400),
        tau_m=FloatSlider(20.0, min=1.0, max=50.0, step=1.0),
        tau_s=FloatSlider(5.0, min=1.0, max=50.0, step=1.0),
    )


def journey() -> interactive:
    """Input weight, the second input's time, and the loss of a chain with one hidden neuron."""
    return turn(
        hidden_views.journey,
        weight=FloatSlider(8.0, min=4.0, max=20.0, step=0.5),
        second=FloatSlider(60.0, min=20.0, max=110.0, step=5.0),
        name=loss_name(),
    )


def along_weight() -> interactive:
    """The loss, the largest weight and the second input's time of a scan."""
    return turn(
        hidden_views.along_weight,
        name=loss_name(),
        highest=FloatSlider(12.0, min=8.0, max=24.0, step=1.0),
        second=FloatSlider(60.0, min=20.0, max=110.0, step=5.0),
    )


def loss_name() -> Dropdown:
    return Dropdown(options=list(scenes.chain_losses()), value="exponential")
