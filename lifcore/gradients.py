"""What the adjoint says: gradients of the loss in spike times and in the weight."""

import numpy as np

from lifcore._checks import FloatArray
from lifcore.adjoint import Adjoint
from lifcore.trial import Trial


def spike_time_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """dL/dt_k = w (lambda_V - lambda_I)(t_k) for each spike, per ms.

    Shape (steps, ...): the gradient for moving one spike of that step, 0 where there is none.
    Where a step holds several spikes it is the gradient for each of them. Positive: gradient
    descent moves the spike earlier. Source: Wunderlich and Pehle 2021.

    Raises ValueError if the adjoint belongs to a trial of another shape.
    """
    _check_match(trial, adjoint)
    return np.where(trial.spikes > 0, trial.weight * adjoint.transport, 0.0)


def weight_gradient(trial: Trial, adjoint: Adjoint) -> FloatArray:
    """dL/dw = -tau_s sum_k lambda_I(t_k), shape (...): one gradient for each trial of a batch.

    Source: Wunderlich and Pehle 2021. Raises ValueError if the adjoint belongs to a trial of
    another shape.
    """
    _check_match(trial, adjoint)
    return -trial.neuron.tau_s * np.sum(trial.spikes * adjoint.lambda_I, axis=0)


def _check_match(trial: Trial, adjoint: Adjoint) -> None:
    if adjoint.lambda_V.shape != trial.V.shape:
        raise ValueError(
            f"adjoint has shape {adjoint.lambda_V.shape}, but the trial has {trial.V.shape}; "
            "pass the adjoint that backward made from this trial"
        )
