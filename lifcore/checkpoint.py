"""What a long sweep has done so far, in a directory: so that it can be interrupted and go on where it was."""

import hashlib
import io
import json
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
PARAMETERS = "parameters.json"
NAME = "blocks-{:08d}-{:08d}.npz"


class Checkpoint:
    """Results of numbered blocks, in files of their own that are written whole or not at all.

    Parameters
    ----------
    path : path
        A directory, made if it is missing.
    parameters : dict
        All that the results depend on, as text and numbers.

    Raises
    ------
    ValueError
        If the directory holds the results of other parameters.
    """

    def __init__(self, path: str | os.PathLike[str], parameters: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        wanted = json.loads(json.dumps(parameters))
        self.made_by = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
        written = self.path / PARAMETERS
        if not written.exists():
            _write(written, json.dumps(wanted, indent=1).encode() + b"\n")
        try:
            found = dict(json.loads(written.read_text("utf8")))
        except (ValueError, TypeError):
            raise ValueError(f"checkpoint {path} has no readable {PARAMETERS}; pass another directory") from None
        for name in sorted({*found, *wanted}):
            if found.get(name) != wanted.get(name):
                raise ValueError(
                    f"checkpoint {path} is of a sweep with {name} = {found.get(name)}, not {wanted.get(name)}; "
                    "pass another directory, or the same parameters"
                )

    def write(self, first: int, last: int, arrays: Arrays) -> None:
        """Store what blocks ``first`` to ``last`` - 1 gave."""
        file = io.BytesIO()
        named: dict[str, Any] = dict(arrays)
        np.savez(file, made_by=self.made_by, **named)
        _write(self.path / NAME.format(first, last), file.getvalue())

    def read(self) -> Iterator[tuple[int, int, Arrays]]:
        """What is stored, as it was passed to ``write``. A damaged file is reported, and left out."""
        for path in sorted(self.path.glob("blocks-*.npz")):
            if number := re.fullmatch(r"blocks-(\d+)-(\d+)\.npz", path.name):
                first, last = map(int, number.groups())
                # Whatever a damaged file makes of zip, NumPy or the arrays (their checksums are in the zip).
                try:
                    with np.load(path) as file:
                        arrays = {name: file[name] for name in file.files}
                    whole = arrays.pop("made_by") == self.made_by
                except Exception:
                    whole = False
                if whole:
                    yield first, last, arrays
                else:
                    self.discard(first, last)

    def discard(self, first: int, last: int) -> None:
        """Report a file that cannot be used, and remove it."""
        path = self.path / NAME.format(first, last)
        warnings.warn(f"{path} is damaged; its blocks are computed again", RuntimeWarning, stacklevel=3)
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """All of a file or nothing: written beside it, and then renamed."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
