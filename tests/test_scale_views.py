"""The page "scale" shows what `make bench` stored."""

import copy

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pages import BOOK

from lifcore import scale_views

MEASURED = scale_views.read(BOOK / "scale" / "measured.json")


@pytest.mark.parametrize("name", ["ratio_figure", "scaling_figure", "work_precision"])
def test_figures_are_drawn(name):
    figure = getattr(scale_views, name)(MEASURED)
    figure.draw_without_rendering()
    for ax in figure.axes:
        assert ax.get_ylabel() and ax.get_legend() is not None
    plt.close(figure)


@pytest.mark.parametrize(
    "name", ["machine", "ratio_table", "scaling_table", "floor_table", "others_table", "accuracy_table"]
)
def test_tables_are_complete(name):
    table = getattr(scale_views, name)(MEASURED)
    assert "nan" not in table and len(table.splitlines()) > 2


def test_everything_was_measured_in_turns():
    assert {"original", "euler 50", "exact 10000 two workers"} <= {row["name"] for row in MEASURED["sweeps"]["rows"]}
    assert len({len(row["seconds"]) for row in MEASURED["sweeps"]["rows"]}) == 1
    assert MEASURED["sweeps"]["original against lifcore"] < 1e-13
    assert all(row["apart"] < 1e-12 for row in MEASURED["others"]["rows"])


def test_ratios_are_times_of_a_step():
    made_up = copy.deepcopy(MEASURED)
    for row in made_up["sweeps"]["rows"]:
        row["seconds"] = row["wall"] = [row["trials"] * (5e-3 if row["name"] == "original" else 2e-5)]
    for ratio in scale_views.ratios(made_up).values():
        np.testing.assert_allclose(ratio, 250.0)


def test_what_is_missing_is_said():
    without = copy.deepcopy(MEASURED)
    without["others"]["missing"] = {"numba": "ModuleNotFoundError: No module named 'numba'"}
    assert "numba: left out, ModuleNotFoundError" in scale_views.others_table(without)


def test_the_stored_numbers_say_what_the_page_says():
    """What the page concludes from them; where another machine measures otherwise, the page is to be written anew."""
    median = {key: np.median(ratio) for key, ratio in scale_views.ratios(MEASURED).items()}
    assert all(median["euler", column] < 2 * median["exact", column] for column in scale_views.COLUMNS)
    for scheme, targets in scale_views.TARGETS.items():
        assert all(median[scheme, column] > of for column, of in zip(scale_views.COLUMNS, targets, strict=True))
    autodiff = {row["dt"]: row for row in MEASURED["autodiff"]}
    assert 8 < autodiff[1.0]["Riemann"] < 13 and 0.3 < autodiff[1.0]["trapezoid"] < 0.6
    memory = {row["trials"]: row["megabytes"] for row in MEASURED["scaling"]}
    assert memory[10_000] < 50 and memory[1_000_000] < 1000


def test_where_the_time_goes_is_as_the_page_says():
    floor = MEASURED["floor"]
    drives = {scheme: of["values of the drive in a step"] for scheme, of in floor.items()}
    assert 1.4 < drives["exact"] / drives["euler"] < 1.6
    for of in floor.values():
        rest = of["adjoint"] - of["exponentials"]
        assert rest > 0.5 * (of["drawing"] + of["adjoint"])
    assert "AVX512F" in MEASURED["machine"]["vector instructions that NumPy found"]


def test_others_are_as_fast_as_the_page_says():
    took = {row["name"]: np.median(row["seconds"]) for row in MEASURED["others"]["rows"]}
    assert 0.8 < took["numba"] / took["lifcore, blocks, Euler"] < 1.2
    assert 0.66 < took["JAX scan"] / took["lifcore, blocks, Euler"] < 1.0
    assert took["JAX grad"] > 1.2 * took["lifcore, blocks, exact"]
    solved = {}
    for row in MEASURED["accuracy"]["rows"]:
        solved.setdefault((row["name"], row["trials"]), []).append((row["error"], np.median(row["seconds"])))
    ours = {size: solved["lifcore, blocks", size][0][1] for size in (1, 200)}
    assert all(seconds > 300 * ours[1] for _, seconds in solved["solve_ivp", 1])
    assert all(seconds > 1500 * ours[1] for error, seconds in solved["solve_ivp", 1] if error < 1e-10)
    assert all(seconds > 20 * ours[200] for _, seconds in solved["diffrax", 200])
