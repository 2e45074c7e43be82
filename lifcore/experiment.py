"""The learning experiment: every cell of its table, run, stored and read back.

    python -m lifcore.experiment

runs what is not stored yet, with a progress bar, and appends each run to a file as it ends: it can be
interrupted at any time and goes on where it was. A cell is a task, a loss, a length of the trial, an optimiser, and
whether the output weights are frozen. Its learning rate is the best of a few on a seed of its own;
the seeds that count are others.
"""

import argparse
import json
import os
import platform
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifcore import tasks, training
from lifcore._checks import FloatArray
from lifcore.losses import CrossEntropyOfIntegral, CrossEntropyOverTime, Loss
from lifcore.neuron import LIF
from lifcore.quadrature import integrate
from lifcore.trial import Trial
from lifcore.weighting import Average, Constant, Exponential, rate_of

LOSSES = ("mean", "integral", "exponential")
TUNING_SEED, SEEDS = 0, (1, 2, 3, 4, 5)
STUDENT = 2.776  # 97.5 % quantile of Student's t for these five seeds: 4 degrees of freedom
DIGITS = 5  # of what is stored


@dataclass(frozen=True)
class Setting:
    """A task, and the network that learns it: everything that is the same in all of its cells."""

    make: Any  # (trials, rng) -> Samples
    sizes: tuple[int, int, int]  # inputs, hidden neurons, outputs
    input_weight: tuple[float, float]  # mean and standard deviation
    output_weight: tuple[float, float]
    durations: tuple[float, ...]  # ms
    tau: float  # of the exponential weight, ms
    over: float  # what integrals over time are divided by, ms: the same for every length of the trial
    rates: dict[str, tuple[float, ...]]  # to choose from, for each optimiser
    trials: tuple[int, int] = (600, 300)  # to learn from, and held out
    epochs: int = 20
    batch: int = 50


RATES = {"adam": (0.003, 0.01, 0.03, 0.1, 0.3), "descent": (0.1, 1.0, 10.0, 100.0, 1e3, 1e4)}
# A control for gradients that are far smaller than Adam's epsilon: of the hidden layer alone.
WITHOUT_EPSILON = {"adam without epsilon": RATES["adam"]}
SETTINGS = {
    "yin-yang": Setting(
        tasks.yin_yang, (5, 60, 3), (2.5, 2.5), (0.0, 0.3), (60.0, 100.0, 150.0), tau=20.0, over=20.0, rates=RATES
    ),
    "coincidence": Setting(
        tasks.coincidence, (20, 40, 2), (0.4, 0.4), (0.0, 0.3), (400.0, 1400.0), tau=200.0, over=100.0,
        # At a rate of 1e4 the output weights can diverge, and one run takes hours.
        rates=RATES | {"descent": RATES["descent"][:-1]} | WITHOUT_EPSILON, trials=(400, 300), epochs=15,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One cell of the table."""

    task: str
    loss: str
    duration: float  # ms
    optimiser: str
    frozen: bool  # the output weights


def cells(task: str) -> list[Cell]:
    """All cells of a task."""
    setting = SETTINGS[task]
    return [
        Cell(task, loss, duration, optimiser, frozen)
        for frozen in (True, False)
        for optimiser in setting.rates
        for duration in setting.durations
        for loss in LOSSES
        if frozen or optimiser not in WITHOUT_EPSILON
    ]


class Objective(NamedTuple):
    """What a loss by its name is: the loss for given labels, and the evidence by which the network answers."""

    weighting: Any
    over: float
    family: type

    def loss(self, labels: NDArray[np.intp]) -> Loss:
        return self.family(correct=labels, weighting=Average(self.weighting, self.over))

    def evidence(self, output: Trial) -> FloatArray:
        """int g(t) V_k dt: the loss is least for the class for which this is largest, in all three families."""
        T = output.duration
        return integrate(output, lambda t, V: self.weighting(t, T) * V, rate=rate_of(self.weighting, T))


def objective(cell: Cell) -> Objective:
    setting = SETTINGS[cell.task]
    weighting = Exponential(setting.tau) if cell.loss == "exponential" else Constant()
    family = CrossEntropyOverTime if cell.loss == "mean" else CrossEntropyOfIntegral
    return Objective(weighting, setting.over, family)


def run(cell: Cell, rate: float, seed: int, epochs: int | None = None) -> dict[str, Any]:
    """Train one network; a record of what it was and of the reports after each epoch."""
    setting, neuron = SETTINGS[cell.task], LIF()
    # The same data and the same initial weights for every cell with this seed.
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]
    learn, held_out = (setting.make(n, rng) for n, rng in zip(setting.trials, streams, strict=False))
    inputs, hidden, outputs = setting.sizes
    weights = training.Weights(
        streams[2].normal(*setting.input_weight, (inputs, hidden)),
        streams[2].normal(*setting.output_weight, (hidden, outputs)),
    )
    goal = objective(cell)
    measure = partial(training.report, held_out, cell.duration, neuron)
    history = [measure(weights, goal.loss, goal.evidence)]
    for learned in training.train(
        learn, cell.duration, neuron, weights, goal.loss, optimiser=cell.optimiser, rate=rate,
        epochs=setting.epochs if epochs is None else epochs, batch=setting.batch, frozen_output=cell.frozen,
        rng=streams[3],
    ):  # fmt: skip
        history.append(measure(learned, goal.loss, goal.evidence))
    columns = zip(training.Report._fields, zip(*history, strict=True), strict=True)
    rounded = {name: [float(f"{value:.{DIGITS}g}") for value in column] for name, column in columns}
    return {**asdict(cell), "rate": rate, "seed": seed, **rounded}


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}


def read(path: Path) -> list[dict[str, Any]]:
    """The stored runs; a last line that an interruption cut short is left out, and run again."""
    if not path.exists():
        return []
    text = path.read_text("utf8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def of_cell(records: Iterable[dict[str, Any]], cell: Cell) -> list[dict[str, Any]]:
    return [record for record in records if all(record[name] == value for name, value in asdict(cell).items())]


def score(record: dict[str, Any]) -> float:
    """Mean held-out accuracy over the last three epochs: what a rate is chosen by, and what the table shows."""
    return float(np.mean(record["accuracy"][-3:]))


def best_rate(records: Iterable[dict[str, Any]], cell: Cell) -> float:
    """The rate that scored best on the seed for tuning; the smaller one of two equals."""
    tuned = [record for record in of_cell(records, cell) if record["seed"] == TUNING_SEED]
    return max(sorted(tuned, key=lambda record: record["rate"]), key=score)["rate"]


def counted(records: list[dict[str, Any]], cell: Cell) -> list[dict[str, Any]]:
    """The runs of a cell that count: at its best rate, and not on the seed that the rate was chosen on."""
    of, rate = of_cell(records, cell), best_rate(records, cell)
    return [record for record in of if record["rate"] == rate and record["seed"] in SEEDS]


def scores(records: list[dict[str, Any]], cell: Cell) -> FloatArray:
    """The score of each run of a cell that counts."""
    return np.array([score(record) for record in counted(records, cell)])


def over_epochs(records: list[dict[str, Any]], cell: Cell, name: str) -> FloatArray:
    """A quantity of ``training.Report`` before training and after each epoch, shape (seeds, epochs + 1)."""
    return np.array([record[name] for record in counted(records, cell)])


def interval(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean over the seeds (the first axis) and half of its 95 % interval by Student's t."""
    values = np.asarray(values, dtype=float)
    if len(values) != len(SEEDS):
        raise ValueError(f"values has {len(values)} rows; pass one for each of the {len(SEEDS)} seeds")
    return values.mean(axis=0), STUDENT * values.std(axis=0, ddof=1) / np.sqrt(len(values))


def table(records: list[dict[str, Any]], task: str, optimiser: str, frozen: bool) -> str:
    """The scores of a task as text: a line for each length of the trial, mean and 95 % interval for each loss."""
    lines = ["trial    " + "".join(f"{loss:12}" for loss in LOSSES)]
    for duration in SETTINGS[task].durations:
        of_losses = (scores(records, Cell(task, loss, duration, optimiser, frozen)) for loss in LOSSES)
        shown = (f"{mean:.2f}\u00b1{half:.2f}" for mean, half in map(interval, of_losses))
        lines.append(f"{duration:4.0f} ms  " + "".join(f"{each:12}" for each in shown))
    return "\n".join(line.rstrip() for line in lines)


def missing(task: str, records: list[dict[str, Any]]) -> Iterator[tuple[Cell, float, int]]:
    """The runs that can be done now: the rates of each cell, and the seeds of those whose rates are all done."""
    for cell in cells(task):
        done = {(record["rate"], record["seed"]) for record in of_cell(records, cell)}
        wanted = [(rate, TUNING_SEED) for rate in SETTINGS[task].rates[cell.optimiser]]
        if done.issuperset(wanted):
            rate = best_rate(records, cell)
            wanted = [(rate, seed) for seed in SEEDS]
        yield from ((cell, *pair) for pair in wanted if pair not in done)


def complete(task: str, path: Path, executor: Executor, progress: Any) -> None:
    """Run what is missing in the file of a task, appending each run as a line when it ends."""
    records = read(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf8")
    while todo := list(missing(task, records)):
        bar = progress(total=len(todo), desc=task, unit="run")
        for future in as_completed([executor.submit(run, *each) for each in todo]):
            records.append({**future.result(), **versions()})
            with path.open("a", encoding="utf8") as file:
                file.write(json.dumps(records[-1]) + "\n")
            bar.update()
        bar.close()


def main() -> None:
    from tqdm import tqdm

    parser = argparse.ArgumentParser(prog="python -m lifcore.experiment", description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=SETTINGS, action="append", help="only this one; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("book/learning"), help="folder of the stored runs")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.workers) as executor:
        for task in given.task or SETTINGS:
            complete(task, given.out / f"{task}.jsonl", executor, tqdm)


if __name__ == "__main__":
    main()
