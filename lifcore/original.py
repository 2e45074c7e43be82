"""The original notebook's printed numbers, and how its unseeded sweep is compared with ours.

Source: theory/single_neuron_analysis.ipynb of tnowotny/genn_eventprop (August 2022).
"""

import json
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifcore._checks import FloatArray
from lifcore.sweeps import RateSweep


def printed() -> dict[str, Any]:
    """Every number the original printed, as nested dicts and lists (``original.json``)."""
    return json.loads(files("lifcore").joinpath("original.json").read_text())


def printed_totals() -> list[FloatArray]:
    """The printed totals of the sweep, one array for each peak rate: 10, 10, 10, 10 and 5 of 10."""
    totals = np.array(printed()["sweep"]["total_lambda_V_minus_lambda_I_first_45_of_50"])
    return np.split(totals, [10, 20, 30, 40])


def histogram_p_value(sweep: RateSweep) -> float:
    """How often a simulated sweep's histogram is at least as unusual as the original's.

    ``sweep`` holds many times the original's 10 repetitions; each block of 10 is one simulated
    original. Unusual is measured by chi^2 against the mean histogram. Single values of one train
    depend on each other, so the law of chi^2 is taken from the simulated sweeps and not from a
    table. The original's bins ended at its own extreme values: three bins at each end are
    joined and left open.
    """
    recorded = printed()["sweep"]
    edges = np.array(recorded["histogram_edges"])[3:-3]
    peaks, repetitions = sweep.totals.shape
    bins = len(edges) + 1
    trial = np.repeat(np.arange(peaks * repetitions), sweep.counts.ravel())
    block = trial % repetitions // 10
    blocks = repetitions // 10
    inside = block < blocks
    flat = np.bincount(block[inside] * bins + np.searchsorted(edges, sweep.values[inside]), minlength=blocks * bins)
    simulated = flat.reshape(blocks, bins)
    counts = np.array(recorded["histogram_counts"])
    observed = np.concatenate([[counts[:3].sum()], counts[3:-3], [counts[-3:].sum()]])
    expected = simulated.mean(axis=0)

    def chi_squared(histogram: NDArray[np.int64]) -> FloatArray:
        return np.sum((histogram - expected) ** 2 / expected, axis=-1)

    exceed = np.count_nonzero(chi_squared(simulated) >= chi_squared(observed))
    return (exceed + 1) / (blocks + 1)
