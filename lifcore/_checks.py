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
