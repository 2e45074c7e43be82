"""Break the numerical core in one place at a time, and see whether a test notices.

    make mutants                              all modules of CORE, some three minutes on two cores
    make mutants MODULES="neuron cascade"     only these

A mutant is lifcore with one operator, comparison, number, text, condition, keyword or statement changed. Each
runs in a process of its own, forked when pytest has collected the tests: the function that holds the change gets the
changed code, and the tests that reach its line run, fastest first, until one fails. A mutant that
hangs, or makes a test take ten times longer and 5 s more, counts as killed. Fails if less than 95 % of a module's
are killed, or if one survives that tests/survivors.txt does not explain. Docstrings, messages, types, decorators and
imports are left alone.

mutmut and cosmic-ray start pytest for each mutant, 2 s of imports for tests of some ms; this needs neither.
"""

import ast
import copy
import os
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import coverage
import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).parents[1]
EXPLAINED = ROOT / "tests" / "survivors.txt"
CORE = """adjoint neuron cascade quadrature trial losses gradients hidden spikes bias linear
crossings weighting differences"""
TESTS = """adjoint bias event forward gradients hidden losses neuron original refusals scan spikes sweeps precision
details"""
# Tests that take long are left out: those known to, and all that take more than this many seconds.
SLOW = """30_digits 40_digits large_voltages scan_by_hand between_the_jumps residuals original_distribution
small_network single_networks smooth_losses gradients_against confirms_nine_digits conservation_with
event_driven_is_the_grid noether"""
SLOWEST = 4.0
PATIENCE = 5.0
WORKERS = int(os.environ.get("WORKERS", os.cpu_count() or 1))
WANTED = 0.95
KILLED, SURVIVED, BROKEN = 10, 11, 12  # exit codes of a mutant's process

SWAPPED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
PAIRS = [
    ("minimum", "maximum"), ("min", "max"), ("any", "all"), ("argmin", "argmax"), ("floor", "ceil"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("fmin", "fmax"), ("log1p", "log"), ("expm1", "exp"),
]  # fmt: skip
RENAMED = dict(PAIRS) | {new: old for old, new in PAIRS[:8]}
TYPES = ("annotation", "returns", "decorator_list")


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where, what, and the changed module."""

    module: str
    line: int
    lines: frozenset[int]  # of the statement, any of which a test may reach
    what: str
    owner: tuple[str, ...]  # names of the class and function, or of the assigned name
    in_body: bool
    tree: Callable[[], ast.Module]

    @property
    def name(self) -> str:
        return f"{self.module}.{'.'.join(self.owner)}: {self.what}"


def changes(node):
    """The ways to change one node: pairs of a description and a function that changes a copy of it in place."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in SWAPPED:
        new = SWAPPED[type(node.op)]
        yield f"{type(node.op).__name__} -> {new.__name__}", lambda n: setattr(n, "op", new())
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            new = SWAPPED[type(op)]
            yield f"{type(op).__name__} -> {new.__name__}", lambda n, i=i, new=new: n.ops.__setitem__(i, new())
    elif isinstance(node, ast.UnaryOp):
        # A sign or `not` is dropped: +x, and `not not x`, are x.
        if isinstance(node.op, ast.Not):
            yield "not x -> x", lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
        elif isinstance(node.op, ast.USub):
            yield "-x -> x", lambda n: setattr(n, "op", ast.UAdd())
        elif isinstance(node.op, ast.Invert):
            yield "~x -> x", lambda n: setattr(n, "operand", ast.UnaryOp(ast.Invert(), n.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        changed = node.value + 1 if isinstance(node.value, int) else node.value * 1.5 or 1.0
        yield f"{node.value!r} -> {changed!r}", lambda n: setattr(n, "value", changed)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield f"{node.value!r} -> 'XX{node.value}'", lambda n: setattr(n, "value", "XX" + n.value)
    elif isinstance(node, ast.IfExp):
        yield "swap the branches", lambda n: n.__dict__.update(body=n.orelse, orelse=n.body)
    elif isinstance(node, ast.Call):
        for i, keyword in enumerate(node.keywords):
            if keyword.arg not in (None, "strict"):  # strict= is a check of lengths that are equal by construction
                yield f"drop {keyword.arg}=", lambda n, i=i: n.keywords.pop(i)
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        of_nothing = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if name in RENAMED and not of_nothing:  # zeros(0) are ones(0)
            field = "attr" if isinstance(called, ast.Attribute) else "id"
            yield f"{name} -> {RENAMED[name]}", lambda n, f=field: setattr(n.func, f, RENAMED[name])


def deletable(node):
    """Statements without which a function still runs: calls for their effect, +=, refusals, break and continue."""
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    refusal = isinstance(node, ast.If | ast.For) and isinstance(node.body[0], ast.Raise)
    return call or refusal or isinstance(node, ast.AugAssign | ast.Break | ast.Continue)


def mutants_of(module, source):
    """All mutants of a module."""
    tree = ast.parse(source)
    found, repeats = [], Counter()

    def add(node, statement, what, owner, in_body, change):
        index = order[id(node)]

        def changed():
            # In a copy of the whole module, in which the node is found by its place in the walk.
            copied = copy.deepcopy(tree)
            change(list(ast.walk(copied))[index], copied)
            return ast.fix_missing_locations(copied)

        text = " ".join(f"{ast.unparse(node)[:60]}: {what}".split())
        inner = min([s.lineno for s in getattr(statement, "body", [])] or [statement.end_lineno + 1])
        reached = frozenset(range(statement.lineno, max(inner, statement.lineno + 1)))
        mutant = Mutant(module, node.lineno, reached, text, owner, in_body, changed)
        repeats[mutant.name] += 1
        if repeats[mutant.name] > 1:
            mutant = replace(mutant, what=f"{text} ({repeats[mutant.name]})")
        found.append(mutant)

    order = {id(node): i for i, node in enumerate(ast.walk(tree))}

    def delete(target, changed):
        for parent in ast.walk(changed):
            for block in ("body", "orelse"):
                statements = getattr(parent, block, None)
                if isinstance(statements, list) and target in statements:
                    statements[statements.index(target)] = ast.Pass(lineno=target.lineno, col_offset=0)

    def visit(node, statement, owner, in_body):
        if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring, or ...
        if isinstance(node, ast.stmt):
            statement = node
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "Protocol" for base in node.bases):
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = in_body or isinstance(node, ast.FunctionDef)
            name = owner if in_body else (*owner, node.name)
            if isinstance(node, ast.FunctionDef):
                for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                    visit(default, statement, name, in_body)
            for child in node.body:
                visit(child, statement, name, inside)
            return
        if not in_body and isinstance(node, ast.Assign | ast.AnnAssign):
            if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr):
                return  # a name for a type
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            owner = (*owner, target.id)
        for what, change in changes(node):
            add(node, statement, what, owner, in_body, lambda target, _, c=change: c(target))
        if in_body and isinstance(node, ast.stmt) and deletable(node):
            add(node, statement, "delete", owner, in_body, delete)
        if isinstance(node, ast.keyword) and node.arg == "strict":
            return
        for field, value in ast.iter_fields(node):
            if field not in TYPES:
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        visit(child, statement, owner, in_body)

    visit(tree, tree, (), False)
    return found


def function_of(holder, name):
    """The plain function behind a name of a module or class."""
    found = vars(holder)[name]
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    return getattr(found, "__wrapped__", found)


def apply(mutant):
    """Put the changed code, default or constant into the imported lifcore."""
    module = import_module(f"lifcore.{mutant.module}")
    fresh = types.ModuleType(module.__name__)
    exec(compile(mutant.tree(), module.__file__, "exec"), fresh.__dict__)
    *holders, name = mutant.owner
    old, new = module, fresh
    for holder in holders:
        old, new = vars(old)[holder], vars(new)[holder]
    if isinstance(vars(old)[name], types.FunctionType | property | staticmethod | classmethod):
        old, new = function_of(old, name), function_of(new, name)
        if mutant.in_body:
            old.__code__ = new.__code__
        else:
            old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    elif isinstance(old, type):  # a field of a dataclass, with a default, which those that inherit it repeat
        setattr(old, name, vars(new)[name])
        for kind in (old, *old.__subclasses__()):
            if kind.__module__ == module.__name__:
                kind.__init__.__defaults__ = vars(fresh)[kind.__name__].__init__.__defaults__
    else:
        setattr(module, name, vars(fresh)[name])


def run(item, limit=0.0):
    """Whether a test passes. The process ends if it takes longer than a limit, unless that is 0."""
    signal.setitimer(signal.ITIMER_PROF, limit)
    reports = runtestprotocol(item, log=False, nextitem=None)
    return not any(report.failed for report in reports)


class Hunt:
    """The plugin that takes the place of pytest's loop over the tests."""

    def __init__(self, modules):
        self.modules = modules
        self.survivors, self.totals = [], Counter()

    def pytest_runtestloop(self, session):
        reached, seconds = self.baseline(session.items)
        items = {item.nodeid: item for item in session.items}
        mutants = [m for name in self.modules for m in mutants_of(name, (ROOT / "lifcore" / f"{name}.py").read_text())]
        self.totals = Counter(mutant.module for mutant in mutants)
        waiting, running, done = list(reversed(mutants)), {}, 0
        start = time.monotonic()
        while waiting or running:
            while waiting and len(running) < WORKERS:
                mutant = waiting.pop()
                nodes = self.tests_for(mutant, reached)
                nodes = sorted(nodes, key=seconds.get)
                patience = 600.0 + 20.0 * sum(seconds[node] for node in nodes)  # for a mutant that sleeps
                limits = {items[node]: PATIENCE + 10.0 * seconds[node] for node in nodes}
                running[self.fork(mutant, limits)] = mutant, time.monotonic() + patience
            time.sleep(0.005)
            for pid, (mutant, until) in list(running.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended and time.monotonic() < until:
                    continue
                if not ended:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                elif os.waitstatus_to_exitcode(status) == SURVIVED:
                    self.survivors.append(mutant)
                    print(f"survives: line {mutant.line} {mutant.name}", flush=True)
                elif os.waitstatus_to_exitcode(status) not in (KILLED, -signal.SIGPROF):
                    pytest.exit(f"cannot apply line {mutant.line} {mutant.name}", 2)
                del running[pid]
                done += 1
                if done % 100 == 0:
                    print(f"{done} of {len(mutants)} after {time.monotonic() - start:.0f} s", flush=True)
        return True

    def baseline(self, items):
        """The tests that reach each line, and how long each takes; slow ones are left out."""
        recorder = coverage.Coverage(data_file=None, include=[str(ROOT / "lifcore" / "*")], config_file=False)
        seconds = {}
        recorder.start()
        for item in items:
            recorder.switch_context(item.nodeid)
            start = time.monotonic()
            if not run(item):
                pytest.exit(f"{item.nodeid} fails without any mutant", 2)
            seconds[item.nodeid] = time.monotonic() - start
        recorder.stop()
        seconds = {node: spent for node, spent in seconds.items() if spent <= SLOWEST}
        data = recorder.get_data()
        reached = {}
        for file in data.measured_files():
            for line, nodes in data.contexts_by_lineno(file).items():
                reached[Path(file).stem, line] = {node for node in nodes if node in seconds}
        print(f"\n{len(seconds)} of {len(items)} tests take at most {SLOWEST:g} s", flush=True)
        return reached, seconds

    def tests_for(self, mutant, reached):
        if mutant.in_body:
            return set().union(*(reached.get((mutant.module, line), set()) for line in mutant.lines))
        return {node for (module, _), nodes in reached.items() if module == mutant.module for node in nodes}

    def fork(self, mutant, limits):
        """Run tests against a mutant in a process of its own, each within its seconds of the processor; its number."""
        pid = os.fork()
        if pid == 0:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            outcome = BROKEN
            try:
                apply(mutant)
                outcome = SURVIVED if all(run(item, limit) for item, limit in limits.items()) else KILLED
            finally:
                os._exit(outcome)
        return pid


def main(modules):
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    unknown = set(modules) - set(CORE.split())
    if unknown:
        raise SystemExit(f"{', '.join(unknown)} is no module of the numerical core; pass some of {CORE}")
    hunt = Hunt(modules or CORE.split())
    tests = [f"tests/test_{name}.py" for name in TESTS.split()]
    options = [
        "-q",
        "--no-cov",
        "--capture=no",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "-k",
        f"not ({' or '.join(SLOW.split())})",
    ]
    if pytest.main([*options, *tests], plugins=[hunt]):
        return 2
    explained = [line.split("  #")[0].strip() for line in EXPLAINED.read_text("utf8").splitlines()]
    unexplained = [mutant for mutant in hunt.survivors if mutant.name not in explained]
    killed = hunt.totals - Counter(mutant.module for mutant in hunt.survivors)
    for name, of in hunt.totals.items():
        print(f"{name}: {killed[name]} of {of} mutants killed, {killed[name] / of:.1%}")
    print(f"in all: {killed.total()} of {hunt.totals.total()} mutants killed")
    for mutant in unexplained:
        print(f"not explained in tests/survivors.txt: line {mutant.line} {mutant.name}")
    return int(bool(unexplained) or any(killed[name] < WANTED * of for name, of in hunt.totals.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
