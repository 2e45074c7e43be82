"""lifcore: the forward and backward dynamics of leaky integrate-and-fire neurons, one output or a small network.

Physics first, each module using only the ones above it:

    neuron      time constants and the kernels of one spike (psc, psp)
    spikes      spike trains on a time grid
    cascade     the one recurrence that both directions run
    trial       forward: spikes to V and I
    quadrature  integrals over a trial, exact to rounding
    crossings   when V is largest, and when it first reaches a threshold
    weighting   how a loss weights time
    losses      what is minimised, and the drive it gives the adjoint
    adjoint     backward: the drive to lambda_V and lambda_I
    backprop    what automatic differentiation of a discretised model gives instead
    differences derivatives from values alone
    gradients   what the adjoint says about spike times and the weight, and a check by differences
    hidden      neurons with a threshold, event-driven, forward and backward
    scan        the loss and its gradient along one input weight
    bias        what a coarse backward step does to it
    linear      closed forms for a linear drive
    blocks      the adjoint of many trials at once, in blocks of steps
    checkpoint  what a long sweep has done so far, in a directory
    sweeps      many trials, on a grid of parameters, one core or many
    tasks       two classification tasks in spikes
    training    a network with one hidden layer, and what becomes of it
    experiment  the learning experiment of the book, run and stored
    scenes      the situations that the pages look at

Times are in ms, voltages and currents in units of the threshold, and every array has time first.
These modules need NumPy alone. Those that draw (``figures``, ``views``, ``hidden_views``, ``controls``) are imported by
name and need the extra "figures", ``lifcore.live`` the extra "live".
"""

from lifcore.adjoint import Adjoint, backward
from lifcore.backprop import backpropagated
from lifcore.bias import leading_bias
from lifcore.gradients import (
    GradientCheck,
    check_gradient,
    noether_charge,
    shift_gradient,
    spike_time_gradient,
    weight_gradient,
)
from lifcore.hidden import (
    HiddenGradient,
    HiddenTrial,
    check_hidden_gradient,
    hidden_gradient,
    hidden_lambdas,
    hidden_layer,
)
from lifcore.linear import linear_bias, linear_transport
from lifcore.losses import (
    CrossEntropyOfFirstSpikes,
    CrossEntropyOfIntegral,
    CrossEntropyOfMaximum,
    CrossEntropyOverTime,
    Impulses,
    Loss,
    VoltageIntegral,
)
from lifcore.neuron import LIF
from lifcore.quadrature import integrate
from lifcore.scan import WeightScan, critical_weight, scan_weight
from lifcore.spikes import gaussian_rate, poisson_spike_steps, poisson_spikes, spike_train
from lifcore.sweeps import RateSweep, rate_sweep, sweep
from lifcore.trial import Trial, corrected_weight, event_trial, forward, readout
from lifcore.weighting import Average, Constant, Exponential, Linear, Sigmoid

__version__ = "0.1.0"  # here and nowhere else: pyproject.toml reads it; a release names it in CHANGELOG and CITATION

__all__ = [
    "LIF",
    "Adjoint",
    "Average",
    "Constant",
    "CrossEntropyOfFirstSpikes",
    "CrossEntropyOfIntegral",
    "CrossEntropyOfMaximum",
    "CrossEntropyOverTime",
    "Exponential",
    "GradientCheck",
    "HiddenGradient",
    "HiddenTrial",
    "Impulses",
    "Linear",
    "Loss",
    "RateSweep",
    "Sigmoid",
    "Trial",
    "WeightScan",
    "VoltageIntegral",
    "backpropagated",
    "backward",
    "check_gradient",
    "check_hidden_gradient",
    "corrected_weight",
    "critical_weight",
    "event_trial",
    "forward",
    "gaussian_rate",
    "hidden_gradient",
    "hidden_lambdas",
    "hidden_layer",
    "integrate",
    "leading_bias",
    "linear_bias",
    "linear_transport",
    "noether_charge",
    "poisson_spike_steps",
    "poisson_spikes",
    "rate_sweep",
    "readout",
    "scan_weight",
    "shift_gradient",
    "spike_time_gradient",
    "spike_train",
    "sweep",
    "weight_gradient",
]
