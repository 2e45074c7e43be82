"""lifcore as a stranger installs it: what it needs, what it says of itself, and what it ships."""

import ast
import json
import re
import subprocess
import sys
import tomllib

import jsonschema
import pytest
import yaml
from pages import ROOT

import lifcore

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
EXTRAS = {
    extra: {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}
    for extra, requirements in PROJECT["optional-dependencies"].items()
}


def imported(path):
    """The packages that a module imports, besides lifcore and Python's own."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"lifcore"}


def test_the_core_needs_numpy_alone():
    """In a process of its own, in which nothing else can be imported."""
    code = """
import sys
class OnlyNumPy:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in sys.stdlib_module_names | {"numpy", "lifcore"}:
            raise ImportError(name)
sys.meta_path.insert(0, OnlyNumPy())
import lifcore
trial = lifcore.forward(lifcore.spike_train([100, 150], 1400, 1.0), 1.0, lifcore.LIF())
adjoint = lifcore.backward(trial, lifcore.CrossEntropyOverTime(classes=20))
print(lifcore.spike_time_gradient(trial, adjoint)[[100, 150]])
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("[")[1].split() == ["0.00013925", "-0.00013925]"]  # as the README says
    assert [re.match(r"\w+", requirement)[0] for requirement in PROJECT["dependencies"]] == ["numpy"]


@pytest.mark.parametrize("path", sorted((ROOT / "lifcore").rglob("*.py")), ids=lambda path: path.stem)
def test_every_module_finds_its_imports_in_an_extra(path):
    extra = "live" if path.parent.name == "live" else "figures"
    optional = EXTRAS[extra] | EXTRAS["progress"] | {"numpy", "traitlets"}  # traitlets comes with anywidget
    allowed = optional.union(*EXTRAS.values()) if path.stem == "sweeps" else optional
    assert imported(path) <= allowed


def test_public_names_are_sorted_and_exist():
    assert all(hasattr(lifcore, name) for name in lifcore.__all__)
    assert len(set(lifcore.__all__)) == len(lifcore.__all__)


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT
    assert CITATION["version"] == lifcore.__version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf8"), flags=re.M)[1]
    assert newest == lifcore.__version__


def test_the_citation_file_is_valid():
    schema = json.loads((ROOT / "tests/vendor/citation-file-format/schema-1.2.0.json").read_text("utf8"))
    jsonschema.validate(CITATION, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**CITATION, "authors": []}, schema)


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "lifcore" / "py.typed").exists()


def test_the_loss_of_the_contributing_guide_is_right():
    """The example that a stranger copies; it checks itself against differences."""
    exec((ROOT / "CONTRIBUTING.md").read_text("utf8").split("```python\n")[1].split("```")[0], {})


def test_workflows_call_targets_that_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf8"), flags=re.M))
    called = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text("utf8"))["jobs"].values():
            for step in job["steps"]:
                command = step.get("run", "make").split()
                assert command[0] == "make", f"{path.name} holds logic: {step['run']}"
                called |= {word for word in command[1:] if "=" not in word}
    assert called and called <= targets
    named = set(re.findall(r"`make ([a-z ]+?)(?: [A-Z]+=\S+)?`", (ROOT / "CONTRIBUTING.md").read_text("utf8")))
    assert {word for command in named for word in command.split()} <= targets
