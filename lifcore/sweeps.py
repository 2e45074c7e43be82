"""Many trials: the original's "more systematic assessment", on a grid of any parameters.

Trials are drawn and run in blocks of a fixed size, each with a random stream of its own. What a trial gives does
therefore not depend on how many blocks are sent to a worker at once, how many workers there are, and in which
order they are done: to the last bit.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifcore import _checks
from lifcore._checks import FloatArray
from lifcore.adjoint import backward, check_loss_and_scheme
from lifcore.blocks import blocks_of, knows
from lifcore.checkpoint import Arrays, Checkpoint
from lifcore.losses import CrossEntropyOverTime, Loss
from lifcore.neuron import LIF
from lifcore.spikes import draw_on_line, gaussian_rate, spike_line
from lifcore.trial import check_neuron, forward

# Of one stream of random numbers, and of one call of the fast way: more do not stay in the cache, and with fewer the
# calls themselves take the time. Another number would be other streams.
TRIAL_STEPS = 140_000
READABLE = 10  # as many such blocks at once where Python runs over the steps
CHUNK = 40  # blocks in a task at most: some 0.1 s
TASKS = 16  # at least, where there are as many blocks: for a machine of a few cores to share
# Below this time on one core, in s, nothing is gained by starting processes.
WORTHWHILE = 2.0
NS = {True: 25.0, False: 250.0}  # for a step of a trial, roughly: in blocks, and step by step
KEEP = ("totals", "values", "counts")
Index = NDArray[np.intp]


class RateSweep(NamedTuple):
    """What a sweep returns: of ``rate_sweep`` with a first axis for peak rates, of ``sweep`` with one for each axis.

    What was not to be kept is None.

    Attributes
    ----------
    totals : array, shape (peaks, repetitions), or None
        Sum over the spikes of a trial of lambda_V - lambda_I.
    values : array, shape (spikes in all trials,), or None
        lambda_V - lambda_I of every single spike, by peak, repetition and time.
    counts : array of int, shape (peaks, repetitions), or None
        Number of spikes in each trial.
    """

    totals: FloatArray
    values: FloatArray
    counts: NDArray[np.int64]

    def per_spike(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """For each peak rate: the mean of the single values, half its 95 % interval, and their spread.

        The mean is the ratio of total to count; its interval is that of a ratio over independent
        trials, not over spikes, which depend on each other within a trial. Shape (peaks,) each.
        """
        for name, values in zip(self._fields, self, strict=True):
            if values is None:
                raise ValueError(f"{name} is None; repeat the sweep and keep the {name}")
        if self.totals.shape[1] < 2 or np.any(self.counts.sum(axis=1) == 0):
            raise ValueError("counts has a peak rate without spikes, or one repetition; repeat the sweep more often")
        mean = self.totals.sum(axis=1) / self.counts.sum(axis=1)
        residual = self.totals - mean[:, np.newaxis] * self.counts
        repetitions = self.totals.shape[1]
        half = 1.96 * residual.std(axis=1, ddof=1) / np.sqrt(repetitions) / self.counts.mean(axis=1)
        by_peak = np.split(self.values, np.cumsum(self.counts.sum(axis=1))[:-1])
        return mean, half, np.array([values.std() for values in by_peak])


@dataclass(frozen=True)
class Kind:
    """What a trial is, apart from its spikes."""

    steps: int = 1400
    dt: float = 1.0
    neuron: LIF = LIF()
    weight: float = 1.0
    scheme: str = "exact"
    loss: Loss = field(default_factory=CrossEntropyOverTime)

    def __post_init__(self) -> None:
        """What does not fit is refused, by what ``forward`` and ``backward`` would say."""
        _checks.count("steps", self.steps)
        _checks.number("dt", self.dt, unit="ms", above=0.0)
        check_neuron(self.neuron)
        _checks.number("weight", self.weight)
        check_loss_and_scheme(self.loss, self.scheme)
        if not knows(self.loss):  # it may not fit a single output
            self.loss.drive(forward(np.zeros((1, 1)), self.dt, self.neuron, self.weight))

    def transport(self, step: Index, trial: Index, trials: int) -> FloatArray:
        """lambda_V - lambda_I at spikes, step by step: what ``Blocks.transport`` does in blocks."""
        spikes = np.zeros((self.steps, trials), dtype=np.int64)
        spikes[step, trial] = 1
        run = forward(spikes, self.dt, self.neuron, self.weight)
        return backward(run, self.loss, self.scheme).transport[step, trial]


@dataclass(frozen=True)
class Rate:
    """What the spikes of a trial are drawn from: ``gaussian_rate``, in Hz and ms."""

    peak: float = 100.0
    mid: float = 200.0
    sigma: float = 200.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _checks.number(name, value)


@lru_cache(maxsize=64)
def line_of(rate: Rate, steps: int, dt: float) -> FloatArray:
    """What the spikes of a trial are drawn from, as a line. Kept: many blocks in a row draw from the same one."""
    return spike_line(gaussian_rate(rate.peak, steps, dt, rate.mid, rate.sigma), dt)


class Piece(NamedTuple):
    """Trials of one point of the grid that are drawn from one stream."""

    kind: Kind
    rate: Rate
    stream: tuple[int, int]  # which of the grid's rates, which of its streams
    first: int  # number of the first trial, of all of the sweep
    trials: int


Block = tuple[Piece, ...]  # what is computed at once: pieces of one kind


def rate_sweep(
    peaks: ArrayLike,
    repetitions: int,
    *,
    steps: int = 1400,
    dt: float = 1.0,
    scheme: str = "exact",
    weight: float = 1.0,
    loss: Loss | None = None,
    seed: int,
    **how: Any,
) -> RateSweep:
    """lambda_V - lambda_I at the spikes of Poisson trains, for several peak rates.

    Each trial draws a train from a Gaussian rate (``gaussian_rate``), runs it forward through the
    standard neuron and backward with a loss. Not multiplied by the weight, as in the original.

    Parameters
    ----------
    peaks : array_like, shape (peaks,)
        Peak rates in Hz.
    repetitions : int
        Trials for each peak rate.
    steps, dt, scheme, weight
        As in ``forward`` and ``backward``; the original has scheme "euler" and ``corrected_weight``.
    loss : Loss, optional
        ``CrossEntropyOverTime(20)`` by default.
    seed : int
        Seed of the spike trains. Each peak rate has streams of its own, so that the same seed gives the same
        trains for every scheme, weight and loss.
    **how
        ``keep``, ``executor``, ``workers``, ``chunk``, ``checkpoint`` and ``progress``, as in ``sweep``.
    """
    peaks = _checks.finite("peaks", peaks)
    if peaks.ndim != 1:
        raise ValueError(f"peaks has shape {peaks.shape}; pass a flat list of peak rates in Hz")
    weight = _checks.number("weight", weight)
    loss = CrossEntropyOverTime(20) if loss is None else loss
    grid = {"peak": peaks.tolist(), "steps": steps, "dt": dt, "scheme": scheme, "weight": weight, "loss": loss}
    return sweep(grid, repetitions, seed=seed, **how)


def sweep(
    grid: Mapping[str, Any],
    repetitions: int,
    *,
    seed: int,
    keep: Sequence[str] = KEEP,
    executor: Executor | None = None,
    workers: int | None = None,
    chunk: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> RateSweep:
    """lambda_V - lambda_I at the spikes of Poisson trains, on a grid of any parameters.

    The result is the same to the last bit for any ``executor``, ``workers``, ``chunk`` and ``checkpoint``.

    A trial costs 10 to 25 ns a step with the cross-entropy over time, exactly and by Euler, and some ten times as much
    with the losses that ``lifcore.blocks`` does not know. Time grows with steps times trials, and hardly
    with the nodes. Memory does not grow: beyond what is returned it is some 10 MB for each worker.

    Parameters
    ----------
    grid : dict
        Parameters by name: ``peak``, ``mid``, ``sigma`` of ``gaussian_rate``; ``steps``, ``dt``, ``neuron``,
        ``weight``, ``scheme`` and ``loss`` as in ``forward`` and ``backward``. Each list, tuple or array among
        them is an axis of the result, in their order; anything else holds for the whole grid.
    repetitions : int
        Trials for each point of the grid, the last axis of the result.
    seed : int
        Seed of the spike trains. The trains depend on the seed and on what they are drawn from: points that differ in
        ``neuron``, ``weight``, ``scheme`` and ``loss`` alone have the same ones.
    keep : sequence of {"totals", "values", "counts"}
        What to return; the others are None.
    executor : concurrent.futures.Executor, optional
        What runs the blocks: threads, processes, ``dask.distributed.Client.get_executor()``, MPI... Left as it is
        at the end.
    workers : int, optional
        Without an executor: how many processes, by default one for each core, or none of its own if the sweep is too
        short to be worth it; 1 keeps all in this process.
    chunk : int, optional
        Blocks of trials in one task, by default as many as make some 0.1 s, or fewer, so that there are enough tasks.
    checkpoint : path, optional
        A directory, made if it is missing, that takes what is done, so that a sweep that was interrupted goes on where
        it was when it is started again.
    progress : bool, optional
        Whether to show a bar when it takes more than a second; by default where there is a terminal, and tqdm.

    Raises
    ------
    ValueError
        If a name is unknown, a value does not fit, or the checkpoint is of another sweep.
    """
    repetitions = _checks.count("repetitions", repetitions)
    seed, chunk = _checks.count("seed", seed, least=0), None if chunk is None else _checks.count("chunk", chunk)
    keep = (keep,) if isinstance(keep, str) else tuple(keep)
    for name in keep:
        if name not in KEEP:
            raise ValueError(f"keep contains {name!r}; pass some of {', '.join(map(repr, KEEP))}")
    if executor is not None and workers is not None:
        raise ValueError(f"workers is {workers!r}, but an executor has its own; leave one of them out")
    workers = None if workers is None else _checks.count("workers", workers)
    shape, points = _points(grid)
    blocks = _blocks(points, repetitions)
    for kind, rate in {number: (kind, rate) for kind, rate, number in points}.values():
        line_of(rate, kind.steps, kind.dt)  # refuses what is no rate

    collected = _Collected((*shape, repetitions), keep)
    store = None if checkpoint is None else Checkpoint(checkpoint, _described(grid, repetitions, seed, keep))
    with _bar(progress, sum(point.trials for block in blocks for point in block)) as advance:
        left = np.ones(len(blocks), dtype=bool)
        if store is not None:
            for first, last, results in store.read():
                if collected.put(blocks[first:last], results):
                    left[first:last] = False
                    advance(len(results["counts"]))
                else:
                    store.discard(first, last)
        tasks = _tasks(left, chunk or max(1, min(CHUNK, len(blocks) // TASKS)))
        run = partial(_run, seed=seed, keep=keep)
        with _executor(executor, workers, blocks, tasks, run) as executor:
            for (first, last), results in _in_any_order(executor, run, blocks, tasks):
                if store is not None:
                    store.write(first, last, results)
                collected.put(blocks[first:last], results)
                advance(len(results["counts"]))
    return collected.sweep()


def _points(grid: Mapping[str, Any]) -> tuple[tuple[int, ...], list[tuple[Kind, Rate, int]]]:
    """The shape of a grid, and for each of its points what its trials are, their rate, and the number of the rate."""
    names = {"kind": Kind.__dataclass_fields__, "rate": Rate.__dataclass_fields__}
    for name in grid:
        if not any(name in fields for fields in names.values()):
            known = ", ".join(repr(known) for fields in names.values() for known in fields)
            raise ValueError(f"grid contains {name!r}; pass some of {known}")
    axes = {name: value for name, value in grid.items() if isinstance(value, list | tuple | np.ndarray)}
    fixed = {name: value for name, value in grid.items() if name not in axes}
    kinds: dict[Any, Kind] = {}
    rates: dict[Any, int] = {}
    points = []
    for place in product(*(range(len(values)) for values in axes.values())):
        here = fixed | {name: values[i] for i, (name, values) in zip(place, axes.items(), strict=True)}
        where = dict(zip(axes, place, strict=True))

        def among(chosen: Any, where: dict[str, int] = where) -> tuple[int, ...]:
            return tuple(i for name, i in where.items() if name in chosen)

        of_kind = among(names["kind"])
        if of_kind not in kinds:
            kinds[of_kind] = Kind(**{name: here[name] for name in names["kind"] if name in here})
        number = rates.setdefault(among({*names["rate"], "steps", "dt"}), len(rates))
        rate = Rate(**{name: here[name] for name in names["rate"] if name in here})
        points.append((kinds[of_kind], rate, number))
    return tuple(map(len, axes.values())), points


def _blocks(points: list[tuple[Kind, Rate, int]], repetitions: int) -> list[Block]:
    """All trials of a sweep, cut into pieces with a stream each, and these put together to blocks.

    The pieces of a rate are the same for every kind of trial, and therefore its spikes.
    """
    pieces: dict[int, list[Piece]] = {}
    for point, (kind, rate, number) in enumerate(points):
        size = max(1, TRIAL_STEPS // kind.steps)
        for stream, start in enumerate(range(0, repetitions, size)):
            trials = min(size, repetitions - start)
            piece = Piece(kind, rate, (number, stream), point * repetitions + start, trials)
            pieces.setdefault(id(kind), []).append(piece)
    blocks = []
    for of_a_kind in pieces.values():
        kind, trials = of_a_kind[0].kind, 0
        block: list[Piece] = []
        most = max(1, TRIAL_STEPS // kind.steps) * (1 if knows(kind.loss) else READABLE)
        for piece in of_a_kind:
            if trials + piece.trials > most:
                blocks.append(tuple(block))
                block, trials = [], 0
            block.append(piece)
            trials += piece.trials
        blocks.append(tuple(block))
    return blocks


def _run(blocks: Sequence[Block], *, seed: int, keep: Sequence[str]) -> Arrays:
    """What a task does: draw the trials of some blocks and run them. What is to be kept, one piece after the other."""
    kind: Kind | None = None
    kept: dict[str, list[NDArray[Any]]] = {"counts": [], "totals": [], "values": []}
    for block in blocks:
        if block[0].kind is not kind:
            kind = block[0].kind
            transport = (blocks_of(**vars(kind)) if knows(kind.loss) else kind).transport
        trials = 0
        trial_of: list[NDArray[np.intp]] = []
        step_of: list[NDArray[np.intp]] = []
        for piece in block:
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=piece.stream))
            drawn = draw_on_line(line_of(piece.rate, kind.steps, kind.dt), piece.trials, rng)
            trial_of.append(drawn[0] + trials)
            step_of.append(drawn[1])
            trials += piece.trials
        trial = np.concatenate(trial_of)
        values = transport(np.concatenate(step_of), trial, trials)
        kept["counts"].append(np.bincount(trial, minlength=trials))
        kept["totals"].append(np.bincount(trial, values, minlength=trials))
        kept["values"].append(values)
    # Where the values go is known from the counts.
    return {name: np.concatenate(kept[name]) for name in kept if name == "counts" or name in keep}


class _Collected:
    """The trials of a sweep that are done."""

    def __init__(self, shape: tuple[int, ...], keep: Sequence[str]) -> None:
        self.shape, self.keep = shape, keep
        size = int(np.prod(shape))
        self.counts, self.totals = np.zeros(size, dtype=np.int64), np.zeros(size)
        self.values: dict[int, FloatArray] = {}  # by the first trial of the piece

    def put(self, blocks: Sequence[Block], results: Arrays) -> bool:
        """Take what ``_run`` gave for some blocks, if it is that."""
        pieces = [piece for block in blocks for piece in block]
        wanted = {"counts", *self.keep}
        trials = sum(piece.trials for piece in pieces)
        sizes = {name: len(values) for name, values in results.items()}
        fitting = {"counts": trials, "totals": trials, "values": np.sum(results.get("counts", 0))}
        if sizes != {name: fitting[name] for name in wanted}:
            return False
        start = spikes = 0
        for piece in pieces:
            end = start + piece.trials
            there = slice(piece.first, piece.first + piece.trials)
            self.counts[there] = results["counts"][start:end]
            if "totals" in wanted:
                self.totals[there] = results["totals"][start:end]
            if "values" in wanted:
                count = int(np.sum(self.counts[there]))
                self.values[piece.first] = results["values"][spikes : spikes + count]
                spikes += count
            start = end
        return True

    def sweep(self) -> RateSweep:
        parts = [self.values[first] for first in sorted(self.values)]
        found = {
            "totals": self.totals.reshape(self.shape),
            "values": np.concatenate([np.zeros(0), *parts]),
            "counts": self.counts.reshape(self.shape),
        }
        kept: dict[str, Any] = {name: array if name in self.keep else None for name, array in found.items()}
        return RateSweep(**kept)


def _tasks(left: NDArray[np.bool_], chunk: int) -> list[tuple[int, int]]:
    """First and last (not included) of neighbouring blocks that are left to do, at most ``chunk`` of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], left, [False]]).astype(int)))
    return [
        (first, min(first + chunk, last))
        for start, last in edges.reshape(-1, 2).tolist()
        for first in range(start, last, chunk)
    ]


@contextmanager
def _executor(
    given: Executor | None, workers: int | None, blocks: list[Block], tasks: list[tuple[int, int]], run: Any
) -> Iterator[Executor | None]:
    """What runs the tasks: the given executor, processes of our own, or None for this process."""
    if given is not None or not tasks:
        yield given
        return
    if workers is None:
        done_here = sum(
            piece.trials * piece.kind.steps * NS[knows(piece.kind.loss)]
            for first, last in tasks
            for block in blocks[first:last]
            for piece in block
        )
        workers = 1 if done_here < 1e9 * WORTHWHILE else _cores()
    if min(workers, len(tasks)) == 1 or not _can_be_sent(blocks):
        yield None
        return
    with ProcessPoolExecutor(min(workers, len(tasks))) as pool:
        yield pool


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _can_be_sent(blocks: list[Block]) -> bool:
    """Whether another process can get the blocks: not those with a loss that was defined in a function."""
    try:
        pickle.dumps([block[0].kind for block in blocks])
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _in_any_order(
    executor: Executor | None, run: Callable[..., Arrays], blocks: list[Block], tasks: list[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Arrays]]:
    """Each task and what it gave, as soon as it is done. What an executor could not do is done here.

    Dask, where it loses a worker with a result that is just being fetched, gives an error of its own for it. An error
    of the task itself comes again, and is raised from where it happens.
    """
    if executor is None:
        for first, last in tasks:
            yield (first, last), run(blocks[first:last])
        return
    futures = {executor.submit(run, blocks[first:last]): (first, last) for first, last in tasks}
    try:
        for future in as_completed(list(futures)):
            first, last = futures.pop(future)
            try:
                result = future.result()
            except (BrokenExecutor, CancelledError):
                raise
            except Exception:
                result = run(blocks[first:last])
            yield (first, last), result
    finally:
        for future in futures:
            future.cancel()


def _described(grid: Mapping[str, Any], repetitions: int, seed: int, keep: Sequence[str]) -> dict[str, Any]:
    """All that the results depend on, for a checkpoint."""
    for name, value in grid.items():
        if " object at 0x" in repr(value):
            raise ValueError(
                f"{name} is {value!r}, which does not say what it is; with a checkpoint pass a dataclass, or give "
                "it a __repr__"
            )
    axes = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in grid.items()}
    return {
        **{name: repr(value) for name, value in axes.items()},
        "repetitions": repetitions,
        "seed": seed,
        "keep": sorted({"counts", *keep}),
        "trial-steps in a block": TRIAL_STEPS,
        "numpy": np.__version__,
    }


@contextmanager
def _bar(progress: bool | None, trials: int) -> Iterator[Callable[[int], Any]]:
    """What to tell that so many trials more are done."""
    if not (sys.stderr.isatty() if progress is None else progress):
        yield lambda trials: None
        return
    try:
        from tqdm import tqdm  # not before: to import it takes longer than the original's sweep
    except ImportError:
        if progress:
            raise ValueError("progress is True, but tqdm is not installed; leave it out, or install tqdm") from None
        yield lambda trials: None
        return
    with tqdm(total=trials, unit="trial", delay=1.0, unit_scale=True) as bar:
        yield bar.update
