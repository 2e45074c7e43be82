"""A long sweep that is interrupted goes on where it was, and what is damaged is done again."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import lifcore as lc
from lifcore.checkpoint import Checkpoint

PEAKS = [20.0, 100.0]
SETTING = {"repetitions": 450, "seed": 5, "chunk": 2, "workers": 1}  # blocks of 100 trials
NO_CHECKPOINT = lc.rate_sweep(PEAKS, **SETTING)


def assert_same(sweep, other=NO_CHECKPOINT):
    for one, two in zip(sweep, other, strict=True):
        np.testing.assert_array_equal(one, two)


def test_with_and_without(tmp_path):
    assert_same(lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path / "new" / "one"))
    assert len(list((tmp_path / "new" / "one").glob("blocks-*.npz"))) == 5


def test_interrupted_and_resumed(tmp_path, monkeypatch):
    write, calls = Checkpoint.write, []

    def interrupted(self, *args):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(args)
        write(self, *args)

    monkeypatch.setattr(Checkpoint, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path)
    monkeypatch.setattr(Checkpoint, "write", lambda self, *args: (calls.append(args), write(self, *args)))
    assert_same(lc.rate_sweep(PEAKS, **{**SETTING, "chunk": 3}, checkpoint=tmp_path))  # another size of the tasks
    assert [(first, last) for first, last, _ in calls] == [(0, 2), (2, 4), (4, 7), (7, 10)]
    assert_same(lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path))
    assert len(calls) == 4  # all was there


def test_killed_and_resumed(tmp_path):
    """A process that gets no chance to clean up."""
    code = (
        f"import lifcore as lc; lc.rate_sweep({PEAKS}, 6000, seed=5, chunk=1, workers=1, checkpoint={str(tmp_path)!r})"
    )
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ) as process:
        while len(list(tmp_path.glob("blocks-*.npz"))) < 3 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert 3 <= len(list(tmp_path.glob("blocks-*.npz"))) < 120
    resumed = lc.rate_sweep(PEAKS, 6000, seed=5, checkpoint=tmp_path)
    assert_same(resumed, lc.rate_sweep(PEAKS, 6000, seed=5))


@pytest.mark.parametrize("damage", ["cut", "empty", "bit", "another sweep", "another shape"])
def test_a_damaged_file_is_reported_and_computed_again(tmp_path, damage):
    lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path)
    path = sorted(tmp_path.glob("blocks-*.npz"))[1]
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "bit":
        content[len(content) // 2] ^= 16
        path.write_bytes(content)
    elif damage == "another sweep":
        lc.rate_sweep(PEAKS, **{**SETTING, "seed": 6}, checkpoint=tmp_path / "other")
        path.write_bytes((tmp_path / "other" / path.name).read_bytes())
    else:
        store = Checkpoint(tmp_path, json.loads((tmp_path / "parameters.json").read_text()))
        store.write(2, 4, {"counts": np.zeros(3, dtype=int), "totals": np.zeros(3), "values": np.zeros(0)})
    with pytest.warns(RuntimeWarning, match=rf"{path.name} is damaged; its blocks are computed again"):
        assert_same(lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path))
    assert_same(lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path))  # and now it is whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 6}, "seed = 5, not 6"),
        ({"repetitions": 451}, "repetitions = 450, not 451"),
        ({"scheme": "euler"}, "scheme = 'exact', not 'euler'"),
        ({"weight": 0.5}, "weight = 1.0, not 0.5"),
        ({"keep": ["totals"]}, "keep = "),
        ({"loss": lc.CrossEntropyOverTime(19)}, "loss = CrossEntropyOverTime"),
    ],
)
def test_other_parameters_are_refused(tmp_path, change, message):
    lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=f"checkpoint .* is of a sweep with {message}.*pass another directory"):
        lc.rate_sweep(PEAKS, **{**SETTING, **change}, checkpoint=tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_cannot_be_a_checkpoint(tmp_path):
    (tmp_path / "parameters.json").write_text("{")
    with pytest.raises(ValueError, match="has no readable parameters.json; pass another directory"):
        lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path)

    class Anonymous:
        value = drive = lambda self, trial: lambda t, V: V

    with pytest.raises(ValueError, match="loss is .* which does not say what it is"):
        lc.rate_sweep(PEAKS, **SETTING, loss=Anonymous(), checkpoint=tmp_path / "x")


def test_nothing_half_written_is_left(tmp_path, monkeypatch):
    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        lc.rate_sweep(PEAKS, **SETTING, checkpoint=tmp_path)
    assert list(tmp_path.iterdir()) == []
