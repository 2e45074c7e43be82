"""Many trials at once, in blocks of steps: both directions as a few matrix products.

The recurrences are linear, so that what a block of steps does is a matrix: from the spikes in it and from V and I
at its start to V at the quadrature nodes, and back from the drive there to what its spikes are told. What one block
hands to the next is again such a recurrence, over blocks instead of steps (``scan``). Only the drive is not
linear, and it needs no recurrence at all: it is evaluated for many nodes at once.

A block without a spike is a single step with nodes of its own. That is what makes the exact adjoint cheap: most
blocks have none. ``lifcore.adjoint`` says the same step by step, and is what this module is tested against.
"""

import itertools
import math
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifcore._checks import FloatArray
from lifcore.losses import CrossEntropyOverTime, Loss
from lifcore.neuron import LIF
from lifcore.quadrature import PANELS, gauss
from lifcore.weighting import Average, Constant

Index = NDArray[np.intp]

STEPS = 10  # in a block, at most. Fewer leave more blocks to the scan, more leave fewer without a spike
RADIX = 14  # blocks that one product of a scan takes
AT_ONCE = 20_000  # values of the drive in one go: they stay in the cache of a core, and BLAS starts no threads
# Nodes of a block without a spike, and how long it may be: as quadrature.PANELS, with smaller gaps. At the longest,
# with equal time constants, they leave up to 3e-12 of the drive's range; with the standard neuron 1e-13.
QUIET = ((6, 0.5), (7, 1.0), (8, 1.5), (9, 2.0))


class Step(NamedTuple):
    """A step of a scheme, backward: (lambda_V, lambda_I) at its start = keep @ those at its end + into @ drive."""

    u: FloatArray  # (nodes,): where the drive is taken, ms after the start
    keep: FloatArray  # (2, 2)
    into: FloatArray  # (2, nodes)


def step_of(scheme: str, neuron: LIF, h: float, nodes: int = 4, panels: int = 1) -> Step:
    """One step of ``h`` ms of the schemes of ``lifcore.adjoint``, which has their equations.

    ``nodes`` and ``panels`` belong to "exact".
    """
    if scheme == "euler":
        a, b = h / neuron.tau_m, h / neuron.tau_s
        return Step(np.array([0.0]), np.array([[1.0 - a, 0.0], [b, 1.0 - b]]), np.array([[a], [0.0]]))
    couple = neuron.tau_m / neuron.tau_s * neuron.psp(h)
    keep = np.array([[neuron.leak(h), 0.0], [couple, neuron.psc(h)]])
    if scheme == "exact":
        x, dx = gauss(nodes)
        u = np.add.outer(np.arange(panels), x).ravel() * (h / panels)
        length = np.tile(dx, panels) * (h / panels)
        return Step(u, keep, length * np.array([neuron.leak(u) / neuron.tau_m, neuron.psp(u) / neuron.tau_s]))
    held = np.array([1.0 - neuron.leak(h), 1.0 - neuron.psc(h) - couple])
    at, share = {"hold": ([0.0], [1.0]), "trapezoid": ([0.0, h], [0.5, 0.5])}[scheme]
    return Step(np.array(at), keep, np.outer(held, share))


class Rule(NamedTuple):
    """Some steps under one quadrature rule, as two matrices."""

    # (nodes, steps + 2): from a spike at the start of each step, and V and I before the first, to V at the nodes
    reach: FloatArray
    # (steps + 2, nodes): from the drive there to lambda_V - lambda_I at the start of each step, and to lambda_V and
    # lambda_I at that of the first
    gather: FloatArray


def rule_of(step: Step, neuron: LIF, weight: float, h: float, steps: int) -> Rule:
    """So many steps alike, of ``h`` ms each."""
    t = np.add.outer(np.arange(steps) * h, step.u).reshape(-1, 1)
    spikes = weight * neuron.psp(t - np.arange(steps) * h)
    reach = np.concatenate([spikes, neuron.leak(t), neuron.psp(t)], axis=1)
    heard = lags(step.keep, steps) @ step.into  # (step that hears, step of the drive, lambda, node)
    heard = heard.transpose(2, 0, 1, 3).reshape(2, steps, -1)
    return Rule(reach, np.concatenate([heard[0] - heard[1], heard[:, 0]]))


class Scan:
    """x[0] = 0, x[k + 1] = keep @ x[k] + arrive[k], for all k, by matrix products and without a loop over k.

    ``arrive`` and x have the shape (2, n1, n2, ..., columns) with k = k1 + n1 k2 + n1 n2 k3 + ...: a product
    goes over the first of these axes, and what it leaves at its end is the same problem with an axis less.

    Parameters
    ----------
    keep : array, shape (2, 2)
    axes : tuple of int
        n1, n2, ...
    back : bool
        The same from the last k to the first.
    """

    def __init__(self, keep: FloatArray, axes: tuple[int, ...], back: bool = False) -> None:
        self.axes, n = axes, axes[0]
        # (heard at k, comes from before k), both k from 0 to n: at 0 the start of this axis, at l + 1 arrive[l]
        matrix = lags(keep, n + 1).transpose(2, 1, 3, 0)
        turn = slice(None, None, -1) if back else slice(None)
        within = matrix[:, :n, :, 1:][:, turn, :, turn].reshape(2 * n, 2 * n)
        self.all = np.concatenate([within, matrix[:, :n, :, 0][:, turn].reshape(2 * n, 2)], axis=1)
        self.end = matrix[:, n, :, 1:][..., turn].reshape(2, 2 * n)
        self.rest = Scan(matrix[:, n, :, 0], axes[1:], back) if axes[1:] else None

    def rows(self, columns: int) -> tuple[int, int]:
        """Shape of ``arrive`` with its first two axes as one, and two rows for the use of the scan."""
        return 2 * self.axes[0] + 2, math.prod(self.axes[1:]) * columns

    def __call__(self, arrive: FloatArray, x: FloatArray) -> None:
        """Puts x into an array for it, from an array of the shape ``rows``."""
        start = arrive[-2:]  # of this axis
        start[:] = 0.0
        if self.rest is not None:
            ends = np.empty(self.rest.rows(arrive.shape[1] // math.prod(self.rest.axes)))
            np.matmul(self.end, arrive[:-2], out=ends[:-2].reshape(2, -1))
            self.rest(ends, start)
        np.matmul(self.all, arrive, out=x.reshape(-1, arrive.shape[1]))


def empty(*shapes: tuple[int, ...]) -> list[FloatArray]:
    """Several arrays in one piece of memory.

    Memory that is new to a process costs more time than what is done in it here. A single piece is what the C library
    keeps when it is freed, and gives again in the next call.
    """
    sizes = [math.prod(shape) for shape in shapes]
    memory, arrays, start = np.empty(sum(sizes)), [], 0
    for shape, size in zip(shapes, sizes, strict=True):
        arrays.append(memory[start : start + size].reshape(shape))
        start += size
    return arrays


def put(rows: FloatArray, columns: Index, values: FloatArray) -> None:
    """rows[:, columns] = values, a row at a time: NumPy is four times as fast with one index."""
    for row, of_row in zip(rows, values, strict=True):
        row[columns] = of_row


def lags(keep: FloatArray, n: int) -> FloatArray:
    """keep^(j - i) for i <= j and 0 otherwise, shape (n, n, 2, 2) for i and j."""
    lag = np.arange(n) - np.arange(n)[:, np.newaxis]
    return np.where(lag >= 0, 1.0, 0.0)[..., np.newaxis, np.newaxis] * powers(keep, n)[lag]


def powers(matrix: FloatArray, n: int) -> FloatArray:
    """The powers 0 to n of a matrix, shape (n + 1, 2, 2)."""
    result = np.eye(2)[np.newaxis]
    while len(result) <= n:
        result = np.concatenate([result, result @ matrix])
        matrix = matrix @ matrix
    return result[: n + 1]


def radices(blocks: int) -> tuple[int, ...]:
    """Factors of at most ``RADIX`` whose product is ``blocks`` or a little more."""
    axes = 1
    while RADIX**axes < blocks:
        axes += 1
    factors = []
    for left in range(axes, 0, -1):
        factors.append(math.ceil(blocks ** (1.0 / left) - 1e-9))
        blocks = -(-blocks // factors[-1])
    return tuple(factors)


def knows(loss: Loss) -> bool:
    """Whether a loss is the cross-entropy over time of a single output, with all times weighted alike."""
    if type(loss) is not CrossEntropyOverTime or loss.correct is not None:
        return False
    weighting = loss.weighting.of if type(loss.weighting) is Average else loss.weighting
    return type(weighting) is Constant


@lru_cache(maxsize=16)
def blocks_of(steps: int, dt: float, neuron: LIF, weight: float, scheme: str, loss: CrossEntropyOverTime) -> "Blocks":
    """The blocks of these parameters. Kept for the next call: to make them takes as long as some 50 trials."""
    return Blocks(steps, dt, neuron, weight, scheme, loss)


class Blocks:
    """Trials of one kind, cut into blocks.

    Parameters
    ----------
    steps, dt, neuron, weight, scheme
        As in ``lifcore.forward`` and ``lifcore.backward``.
    loss : CrossEntropyOverTime
        One that this module ``knows``.
    """

    def __init__(
        self, steps: int, dt: float, neuron: LIF, weight: float, scheme: str, loss: CrossEntropyOverTime
    ) -> None:
        self.steps, self.dt, self.neuron, self.weight, self.scheme = steps, dt, neuron, weight, scheme
        self.fastest = 1.0 / min(neuron.tau_m, neuron.tau_s)
        self.size = max(1, min(STEPS, int(QUIET[-1][1] / self.fastest / dt)))  # steps in a block
        self.axes = radices(-(-steps // self.size))  # of the blocks, as ``Scan`` wants them
        blocks = np.arange(math.prod(self.axes))
        self.stored_at = blocks.reshape(self.axes).T.ravel()  # the blocks in the order of time
        self.others = loss.classes - 1.0
        self.g = float(loss.weighting(np.zeros(()), steps * dt))
        self.rule = cache(self._rule)

        to_end = dt * np.arange(self.size, -1, -1)  # from each step of a block, and from its end
        leak, psp, psc = neuron.leak(to_end), neuron.psp(to_end), neuron.psc(to_end)
        self.left = weight * np.array([psp, psc])[:, :-1]  # from spikes to V and I at the end
        self.forward = Scan(np.array([[leak[0], psp[0]], [0.0, psc[0]]]), self.axes)
        home = powers(step_of(scheme, neuron, dt).keep, self.size)[:0:-1]  # from the end of a block to each step
        self.backward = Scan(home[0], self.axes, back=True)
        self.from_end = np.ascontiguousarray((home[:, 0] - home[:, 1]).T)

    def transport(self, step: Index, trial: Index, trials: int) -> FloatArray:
        """lambda_V - lambda_I at each spike.

        Parameters
        ----------
        step, trial : array of int, shape (spikes,)
            Where the spikes are; none twice.
        trials : int
        """
        # Steps that are too many are put in front: before the first spike nothing happens, and nothing is heard.
        too_many = self.size * len(self.stored_at) - self.steps
        block = (step + too_many) // self.size
        row = step + too_many - self.size * block
        column = self.stored_at[block] * trials + trial  # of a block of a trial
        columns = len(self.stored_at) * trials

        is_busy = np.zeros(columns, dtype=bool)
        is_busy[column] = True
        busy = np.flatnonzero(is_busy)
        place = np.empty(columns, dtype=np.intp)
        place[busy] = np.arange(len(busy))
        at = row * len(busy) + place[column]  # of a spike in (step, busy)
        inputs, heard, arrive, state, work = empty(
            (self.size + 2, len(busy)), (self.size + 2, len(busy)), self.forward.rows(trials), (2, columns), (AT_ONCE,)
        )
        spikes, start = inputs[: self.size], inputs[self.size :]
        spikes[:] = 0.0
        spikes.ravel()[at] = 1.0

        handed_on = arrive[:-2].reshape(2, columns)
        handed_on[:] = 0.0
        put(handed_on, busy, self.left @ spikes)
        self.forward(arrive, state)
        np.take(state, busy, axis=1, out=start, mode="clip")

        # Every block as if it were quiet, and then those that are not.
        largest = np.maximum(np.abs(state[0]), np.abs(state[1]))
        loudest = np.maximum(largest[busy], np.abs(start[1]) + abs(self.weight) * spikes.sum(axis=0))
        self._back(state, handed_on, largest, work, spikes=False)
        self._back(inputs, heard, loudest, work, spikes=True)
        put(handed_on, busy, heard[self.size :])

        self.backward(arrive, state)
        told = heard.ravel()[at]
        for lambda_at_end, share in zip(state, self.from_end, strict=True):
            told += share[row] * lambda_at_end[column]
        return told

    def _back(
        self, reached: FloatArray, gathered: FloatArray, largest: FloatArray, work: FloatArray, spikes: bool
    ) -> None:
        """From what is in each block to what comes out of it backward, through the drive at the nodes."""
        for rule, some in self._rules(largest, spikes):
            inside = reached[:, some]
            shape = len(rule.reach), inside.shape[1]
            # One block in thousands of nodes may be larger than the memory for it.
            out = work[: math.prod(shape)].reshape(shape) if math.prod(shape) <= AT_ONCE else None
            V = np.matmul(rule.reach, inside, out=out)
            with np.errstate(over="ignore"):  # of infinity the drive is the right 0
                np.exp(V, out=V)
            V += self.others
            drive = np.divide(self.g * self.others, V, out=V)
            gathered[:, some] = rule.gather @ drive

    def _rules(self, largest: FloatArray, spikes: bool) -> Iterator[tuple[Rule, slice | Index]]:
        """Rules and columns, in portions. For each column, of a largest |V| or |I|, the last rule is good.

        Most need no more than the first one, which therefore has all of them, without an index.
        """
        # How much the integrand changes in a step, as in quadrature.rules_needed.
        change = self.dt * np.maximum(largest / self.neuron.tau_m, self.fastest)
        if not len(change):
            return
        slowest, columns = np.min(change), None
        for limit, kind in self._menu(spikes):
            if limit >= slowest:
                rule = self.rule(*kind, spikes)
                portion = max(1, AT_ONCE // len(rule.reach))
                for k in range(0, len(change) if columns is None else len(columns), portion):
                    yield rule, slice(k, k + portion) if columns is None else columns[k : k + portion]
                columns = np.flatnonzero(change > limit)
                if not len(columns):
                    return

    def _menu(self, spikes: bool) -> Iterator[tuple[float, tuple[int, int, bool]]]:
        """How much may change in a step, and the nodes, the panels, and whether the block is one long step."""
        if self.scheme != "exact":
            yield np.inf, (1, 1, False)
            return
        if not spikes:
            for nodes, longest in QUIET:
                yield longest / self.size, (nodes, 1, True)
        for nodes, longest in PANELS:
            yield longest, (nodes, 1, False)
        for doubled in itertools.count(1):
            yield 2**doubled * longest, (nodes, 2**doubled, False)

    def _rule(self, nodes: int, panels: int, long: bool, spikes: bool) -> Rule:
        steps = 1 if long else self.size
        h = self.dt * self.size / steps
        rule = rule_of(step_of(self.scheme, self.neuron, h, nodes, panels), self.neuron, self.weight, h, steps)
        return rule if spikes else Rule(np.ascontiguousarray(rule.reach[:, -2:]), rule.gather[-2:])
