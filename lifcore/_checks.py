"""Refusals: each names the argument, its value and the remedy, before any work is done."""

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def finite(name: str, value: ArrayLike) -> FloatArray:
    """``value`` as a float array without NaN or infinity, else ValueError."""
    try:
        given = np.asarray(value)
        if given.dtype.kind in "cUSOM" and given.size:  # complex, text, None and other objects, dates
            raise TypeError
        array = given.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}; pass numbers") from None
    if not np.all(np.isfinite(array)):
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name} contains {bad}; pass finite numbers only")
    return array


def number(name: str, value: Any, *, unit: str = "", above: float = -np.inf) -> float:
    """``value`` as one finite float greater than ``above``, else ValueError."""
    if type(value) is float and above < value < np.inf:  # most are, and an array of one takes longer
        return value
    array = finite(name, value)
    if array.ndim:
        raise ValueError(f"{name} has shape {array.shape}; pass a single number")
    if not array > above:
        raise ValueError(f"{name} is {value}; pass a number greater than {above:g}{unit and ' ' + unit}")
    return float(array)


def count(name: str, value: Any, *, least: int = 1) -> int:
    """``value`` as an integer of at least ``least``, else ValueError."""
    try:
        integer = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}; pass a whole number, at least {least}") from None
    if integer < least:
        raise ValueError(f"{name} is {value}; pass a whole number, at least {least}")
    return integer


def times_within(name: str, value: Any, duration: float) -> FloatArray:
    """``value`` as a flat array of spike times in [0, duration] ms, else ValueError."""
    times = finite(name, value)
    if times.ndim != 1:
        raise ValueError(f"{name} has shape {times.shape}; pass a flat list of spike times in ms")
    for bad in np.flatnonzero((times < 0) | (times > duration)):
        raise ValueError(f"{name}[{bad}] is {times[bad]} ms, outside the trial; pass times from 0 to {duration:g} ms")
    return times


def indices(name: str, value: Any, size: int, limit: int, of: str) -> NDArray[np.intp]:
    """``value`` as ``size`` integers from 0 to ``limit`` - 1, else ValueError; ``of`` says what they number."""
    array = np.asarray(value)
    if array.shape != (size,) or array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"{name} is {value!r}; pass one index of the {limit} {of} for each of the {size} spikes")
    for bad in np.flatnonzero((array < 0) | (array >= limit)):
        raise ValueError(f"{name}[{bad}] is {array[bad]}; pass an index of the {limit} {of}, from 0 to {limit - 1}")
    return array.astype(np.intp)


def matrix(name: str, value: Any, shape: str) -> FloatArray:
    """``value`` as a finite matrix, else ValueError; ``shape`` says what its axes are."""
    array = finite(name, value)
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}; pass a matrix of shape {shape}")
    return array


def in_batch(trials: Any, batch: Any, size: int) -> tuple[NDArray[np.intp], int]:
    """The trial of each of ``size`` spikes and the number of trials; without a batch all are in one."""
    if (trials is None) != (batch is None):
        raise ValueError(f"trials is {trials!r} and batch {batch!r}; pass both, or neither for a single trial")
    if batch is None:
        return np.zeros(size, dtype=np.intp), 1
    batch = count("batch", batch)
    return indices("trials", trials, size, batch, "trials of the batch"), batch
