"""Sliders for the pages, to turn in JupyterLab: each puts controls on one function of ``lifcore.views``."""

from collections.abc import Callable
from typing import Any

from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider, interactive

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


def loss_name() -> Dropdown:
    return Dropdown(options=list(scenes.chain_losses()), value="exponential")
