"""The one recurrence of this book: a first leaky variable that feeds a second one.

Forward in time I feeds V; backward in time lambda_V feeds lambda_I. Both are the same two lines.
"""

import numpy as np

from lifcore._checks import FloatArray


def cascade(
    into_first: FloatArray, into_second: FloatArray, keep_first: FloatArray, keep_second: FloatArray, couple: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Run the cascade from rest, over the first axis.

        second[i] = keep_second[i] second[i-1] + couple[i] first[i-1] + into_second[i]
        first[i]  = keep_first[i]  first[i-1]                         + into_first[i]

    Parameters
    ----------
    into_first, into_second : array, shape (steps, ...)
        What arrives at each variable in each step.
    keep_first, keep_second, couple : array, shape (steps,)
        What the step from i - 1 to i keeps of each variable, and hands from the first to the second.

    Returns
    -------
    first, second : array, shape (steps, ...)
    """
    first, second = np.empty(into_first.shape), np.empty(into_first.shape)
    x = y = np.zeros_like(into_first[0])
    for i, (a, b, c) in enumerate(zip(keep_first, keep_second, couple, strict=True)):
        y = b * y + c * x + into_second[i]
        x = a * x + into_first[i]
        first[i], second[i] = x, y
    return first, second
