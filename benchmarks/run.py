"""Measure lifcore beside the original's loops and beside others, and store what was measured: make bench.

Everything that is compared runs in this one process (or in workers that it started), in turns: one round runs each
once, so that what else the machine does meets all alike. One core each, unless it says otherwise.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import peers
from peers import Problem
from processor import processor

import lifcore as lc
from lifcore import blocks
from lifcore.blocks import blocks_of

PEAKS = [10.0, 20.0, 50.0, 100.0, 200.0]
STEPS = 1400
LOSS = lc.CrossEntropyOverTime(20)
ROOT = Path(__file__).parents[1]
OUT = ROOT / "book" / "scale" / "measured.json"


def in_turns(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Processor time and time on the wall of each function in each round, in s.

    Processor time is what a program needs; that on the wall is longer where it has to share the core.
    """
    times: dict[str, dict[str, list[float]]] = {name: {"seconds": [], "wall": []} for name in functions}
    often = {name: repeats(function) for name, function in functions.items()}
    for _ in range(rounds):
        for name, function in functions.items():
            # What is short first gets its memory and caches back from the one before, uncounted.
            for _ in range(often[name] - 1):
                function()
            wall, processor = time.perf_counter(), time.process_time()
            for _ in range(often[name]):
                function()
            taken = {"seconds": time.process_time() - processor, "wall": time.perf_counter() - wall}
            for clock, value in taken.items():
                times[name][clock].append(float(f"{value / often[name]:.4g}"))
        print(".", end="", flush=True)
    print()
    return times


def repeats(function: Callable[[], Any]) -> int:
    """How often in a round: what is short several times, to last at least 20 ms. The first call, which may have to
    make and load what the others only use, does not count."""
    function()
    start = time.perf_counter()
    function()
    return min(50, int(0.02 / max(time.perf_counter() - start, 1e-4)) + 1)


def problem(trials: int, seed: int, peaks: list[float] = PEAKS) -> Problem:
    """Trials of all peak rates, as spikes."""
    trial, step = [], []
    for number, peak in enumerate(peaks):
        rng = np.random.default_rng([seed, number])
        n, i = lc.poisson_spike_steps(lc.gaussian_rate(peak, STEPS, 1.0), 1.0, trials // len(peaks), rng=rng)
        trial.append(n + number * (trials // len(peaks)))
        step.append(i)
    trial, step = np.concatenate(trial), np.concatenate(step)
    spikes = np.zeros((STEPS, trials))
    spikes[step, trial] = 1.0
    return Problem(spikes, trial, step)


def ours(given: Problem, scheme: str) -> Callable[[], Any]:
    """lifcore in blocks of 100 trials, as a sweep does, for spikes that are given."""
    of = blocks_of(STEPS, 1.0, lc.LIF(), 1.0, scheme, LOSS)
    trials = given.spikes.shape[1]
    edges = np.searchsorted(given.trial, [*range(0, trials, 100), trials])

    def run() -> Any:
        parts = []
        for first, start, end in zip(range(0, trials, 100), edges, edges[1:], strict=False):
            size = min(100, trials - first)
            parts.append(of.transport(given.step[start:end], given.trial[start:end] - first, size))
        return np.concatenate(parts)

    return run


def step_by_step(given: Problem, scheme: str) -> Callable[[], Any]:
    """lifcore's readable way: a loop over the steps."""

    def run() -> Any:
        run = lc.forward(given.spikes, 1.0, lc.LIF())
        return lc.backward(run, LOSS, scheme).transport[given.step, given.trial]

    return run


def sweeps(rounds: int) -> dict[str, Any]:
    """The table of the issue: sweeps against the original's loops, on 50 trials and on many."""
    weight = lc.corrected_weight(1.0, lc.LIF())
    loops = peers.original(PEAKS, 10)
    # First that it is the same: the original's own spikes, through lifcore.
    np.random.seed(1)
    worst = 0.0
    _, everything = loops()
    for steps, told in everything:
        where = np.array(steps, dtype=int)
        again = blocks_of(STEPS, 1.0, lc.LIF(), weight, "euler", LOSS).transport(where, np.zeros_like(where), 1)
        worst = max(worst, float(np.max(np.abs(again - told), initial=0.0)))
    with ProcessPoolExecutor(2) as two:
        cases = {"original": (50, loops)}
        for scheme in ("euler", "exact"):
            for trials, executor in ((50, None), (10_000, None), (10_000, two)):

                def run(scheme: str = scheme, trials: int = trials, executor: Any = executor) -> None:
                    how = {"workers": 1} if executor is None else {"executor": executor}
                    lc.rate_sweep(PEAKS, trials // 5, scheme=scheme, weight=weight, seed=1, keep=["totals"], **how)

                cases[f"{scheme} {trials}{' two workers' if executor else ''}"] = (trials, run)
        times = in_turns({name: run for name, (_, run) in cases.items()}, rounds)
    for name in cases:
        if "two workers" in name:
            times[name]["seconds"] = times[name]["wall"]  # this process only waits
    rows = [{"name": name, "trials": cases[name][0], **taken} for name, taken in times.items()]
    return {"rows": rows, "original against lifcore": worst}


def others(rounds: int, trials: int) -> dict[str, Any]:
    """Peers that do the same work on the same spikes."""
    given = problem(trials, 2)
    V = lc.forward(given.spikes, 1.0, lc.LIF()).V
    euler, exact = (ours(given, scheme)() for scheme in ("euler", "exact"))
    through = peers.riemann_adjoint(given)
    contestants = {
        "lifcore, blocks, exact": ("exact adjoint", exact, lambda: ours(given, "exact")),
        "lifcore, step by step, exact": ("exact adjoint", exact, lambda: step_by_step(given, "exact")),
        "lifcore, blocks, Euler": ("Euler adjoint", euler, lambda: ours(given, "euler")),
        "lifcore, step by step, Euler": ("Euler adjoint", euler, lambda: step_by_step(given, "euler")),
        "scipy lfilter": ("Euler adjoint", euler, lambda: peers.lfilter_euler(given)),
        "numba": ("Euler adjoint", euler, lambda: peers.numba_euler(given)),
        "JAX scan": ("Euler adjoint", euler, lambda: peers.jax_euler(given)),
        "PyTorch autograd": ("back-propagation", through, lambda: peers.torch_autograd(given)),
        "JAX grad": ("back-propagation", through, lambda: peers.jax_autograd(given)),
        "scipy lfilter, V": ("forward only", V, lambda: peers.lfilter_forward(given)),
        "PyTorch, V": ("forward only", V, lambda: peers.torch_forward(given)),
        "snnTorch, V": ("forward only", V, lambda: peers.snntorch_forward(given)),
        "Brian2, V": ("forward only", V, lambda: peers.brian2_forward(given)),
    }
    rows, functions, missing = [], {}, {}
    for name, (what, reference, make) in contestants.items():
        start = time.perf_counter()
        try:
            function = make()
            result = function()
        except Exception as error:  # not installed, or not usable here: reported, and left out
            missing[name] = f"{type(error).__name__}: {error}"[:200]
            print(name, "is left out:", missing[name])
            continue
        first = time.perf_counter() - start
        apart = float(np.max(np.abs(result - reference)))
        if not apart < 1e-12:
            raise RuntimeError(f"{name} is {apart:.1e} from lifcore: it does not compute the same thing")
        functions[name] = function
        rows.append({"name": name, "what": what, "apart": float(f"{apart:.2g}"), "first": float(f"{first:.3g}")})
    times = in_turns(functions, rounds)
    return {"trials": trials, "missing": missing, "rows": [row | times[row["name"]] for row in rows]}


def accuracy(rounds: int, trials: int) -> dict[str, Any]:
    """Error in units of the largest signal against time, for one trial and for a batch."""
    one, batch = problem(1, 3, [100.0]), problem(trials, 4, [100.0])
    rows, missing = [], {}
    for given, size in ((one, 1), (batch, trials)):
        # Against 16 nodes in a step.
        run = lc.forward(given.spikes, 1.0, lc.LIF())
        right = lc.backward(run, LOSS, nodes=16).transport[given.step, given.trial]
        contestants = {("lifcore, blocks", None): lambda given=given: ours(given, "exact")}
        for nodes in (1, 2, 3):

            def few(given: Problem = given, nodes: int = nodes) -> Any:
                def run() -> Any:
                    run = lc.forward(given.spikes, 1.0, lc.LIF())
                    return lc.backward(run, LOSS, nodes=nodes).transport[given.step, given.trial]

                return run

            contestants["lifcore, step by step", nodes] = few
        for tolerance in (1e-6, 1e-9, 1e-12, 1e-13):
            if size == 1:
                contestants["solve_ivp", tolerance] = lambda given=given, t=tolerance: peers.solve_ivp_one(given, t)
            else:
                contestants["diffrax", tolerance] = lambda given=given, t=tolerance: peers.diffrax_batch(given, t)
        functions = {}
        for (name, how), make in contestants.items():
            try:
                function = make()
                error = np.max(np.abs(function() - right)) / np.max(np.abs(right))
            except Exception as problem_with_it:
                missing[name] = f"{type(problem_with_it).__name__}: {problem_with_it}"[:200]
                continue
            functions[f"{name} {how}"] = function
            rows.append({"name": name, "how": how, "trials": size, "error": float(f"{error:.2g}")})
        times = in_turns(functions, rounds)
        for row in rows[-len(functions) :]:
            row |= times[f"{row['name']} {row['how']}"]
    return {"rows": rows, "missing": missing}


SCALE = """
import sys, time
import lifcore as lc
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
before, trials = peak(), int(sys.argv[1])
start = time.process_time()
lc.rate_sweep([10, 20, 50, 100, 200], trials // 5, seed=1, keep=["totals"], workers=1)
print(time.process_time() - start, peak() - before)
"""


def scaling(most: int) -> list[dict[str, float]]:
    """Processor time and peak memory above the import, each in a process of its own; Linux says how much that is."""
    rows = []
    for trials in [10**k for k in range(1, 7) if 10**k <= most]:
        printed = subprocess.run([sys.executable, "-c", SCALE, str(trials)], capture_output=True, text=True, check=True)
        seconds, megabytes = map(float, printed.stdout.split())
        rows.append({"trials": trials, "seconds": float(f"{seconds:.4g}"), "megabytes": round(megabytes, 1)})
        print(rows[-1])
    return rows


def floor(rounds: int) -> dict[str, Any]:
    """Where the time of a block of 100 trials goes: its random numbers and exponentials alone, and everything."""
    line = lc.gaussian_rate(100.0, STEPS, 1.0)
    rng = np.random.default_rng(1)
    trial, step = lc.poisson_spike_steps(line, 1.0, 100, rng=rng)
    result = {}
    for scheme in ("euler", "exact"):
        of = blocks_of(STEPS, 1.0, lc.LIF(), 1.0, scheme, LOSS)
        count, back = [], of._back

        def counted(reached: Any, gathered: Any, largest: Any, work: Any, spikes: bool, of=of, count=count) -> None:
            for rule, some in of._rules(largest, spikes):
                count.append(len(rule.reach) * reached[:, some].shape[1])

        of._back = counted
        of.transport(step, trial, 100)
        of._back = back
        values = np.linspace(0.0, 3.0, blocks.AT_ONCE)
        out = np.empty_like(values)
        times = sum(count) / len(values)
        timed = in_turns(
            {
                "drawing": lambda: lc.poisson_spike_steps(line, 1.0, 100, rng=np.random.default_rng(1)),
                "exponentials": lambda values=values, out=out: np.exp(values, out=out),
                "adjoint": lambda of=of: of.transport(step, trial, 100),
            },
            rounds,
        )
        ns = {name: float(np.median(of_it["seconds"])) / 100 / STEPS * 1e9 for name, of_it in timed.items()}
        ns["exponentials"] *= times
        result[scheme] = {name: round(value, 2) for name, value in ns.items()}
        result[scheme]["values of the drive in a step"] = round(sum(count) / 100 / STEPS, 2)
    return result


def autodiff() -> list[dict[str, float]]:
    """Back-propagation through a Riemann sum, and through a trapezoid sum, against the exact adjoint; 100 Hz."""
    rows = []
    for dt in (1.0, 0.5, 0.25, 0.125):
        steps = round(STEPS / dt)
        rng = np.random.default_rng(7)
        trial, step = lc.poisson_spike_steps(lc.gaussian_rate(100.0, steps, dt), dt, 20, rng=rng)
        spikes = np.zeros((steps, 20))
        spikes[step, trial] = 1.0
        given = Problem(spikes, trial, step, dt)
        run = lc.forward(spikes, dt, lc.LIF())
        exact, euler = (lc.backward(run, LOSS, scheme).transport[step, trial] for scheme in ("exact", "euler"))
        row = {"dt": dt, "signal": rms(exact), "Euler": rms(euler - exact) / rms(exact)}
        for name, trapezoid in (("Riemann", False), ("trapezoid", True)):
            error = peers.riemann_adjoint(given, trapezoid) - exact
            row |= {
                name: rms(error) / rms(exact),
                f"{name} mean": float(error.mean()),
                f"{name} sd": float(error.std()),
            }
        rows.append({name: float(f"{value:.4g}") for name, value in row.items()})
    return rows


def rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def machine() -> dict[str, Any]:
    """What it was measured on."""
    packages = ("numpy", "scipy", "numba", "torch", "jax", "diffrax", "Brian2", "snntorch", "dask")
    versions = {}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    features = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return {
        **processor(),
        "python": platform.python_version(),
        "versions": versions,
        "vector instructions that NumPy found": features,
        "load before": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--quick", action="store_true", help="small numbers, to see whether it runs")
    parser.add_argument("--only", nargs="*", help="parts to measure again; the others are kept")
    given = parser.parse_args()
    quick = given.quick
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        parser.error("set OPENBLAS_NUM_THREADS=1 and what else `make bench` sets: one core each")
    parts: dict[str, Callable[[], Any]] = {
        "machine": machine,
        "sweeps": lambda: sweeps(1 if quick else 11),
        "floor": lambda: floor(3 if quick else 60),
        "others": lambda: others(1 if quick else 5, 100 if quick else 500),
        "accuracy": lambda: accuracy(1 if quick else 3, 10 if quick else 200),
        "autodiff": autodiff,
        "scaling": lambda: scaling(1000 if quick else 10**6),
    }
    measured = json.loads(given.out.read_text()) if given.only and given.out.exists() else {}
    for name, part in parts.items():
        if not given.only or name in given.only:
            start = time.perf_counter()
            print(name)
            measured[name] = part()
            print(f"{name}: {time.perf_counter() - start:.0f} s")
            given.out.parent.mkdir(parents=True, exist_ok=True)
            given.out.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
