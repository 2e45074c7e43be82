"""Build wheel and sdist, look into them, and use the wheel as a stranger would: `make package`.

The wheel is installed into a new environment that has NumPy alone; the sdist must be able to build the same wheel.
"""

import email
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SDIST = ["Makefile", "README.md", "CITATION.cff", "CHANGELOG.md", "requirements.lock", "_toc.yml", "conftest.py"]


def run(*command, **options):
    subprocess.run([str(part) for part in command], check=True, **options)


def tracked(folder):
    """The files of a folder that belong to the repository."""
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(listed.split())


def check(condition, complaint):
    if not condition:
        raise SystemExit(complaint)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, stdout=subprocess.DEVNULL)
        (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")

        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
            (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
            says = email.message_from_bytes(archive.read(metadata))
        inside = {name for name in names if ".dist-info/" not in name}
        check(inside == tracked("lifcore"), f"wheel and repository differ in {inside ^ tracked('lifcore')}")
        needed = [line for line in says.get_all("Requires-Dist") if "extra ==" not in line]
        check(len(needed) == 1 and needed[0].startswith("numpy"), f"the wheel needs {needed}, not NumPy alone")
        check(any(name.endswith("licenses/LICENSE") for name in names), "the wheel has no licence")

        with tarfile.open(sdist) as archive:
            inside = {name.partition("/")[2] for name in archive.getnames()}
            archive.extractall(folder / "source", filter="data")
        missing = {*SDIST, *tracked("lifcore"), *tracked("tests"), *tracked("book")} - inside
        check(not missing, f"the sdist lacks {sorted(missing)}")
        (source,) = (folder / "source").iterdir()
        run(
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            "--wheel",
            "--outdir",
            folder / "again",
            source,
            stdout=subprocess.DEVNULL,
        )
        with zipfile.ZipFile(next((folder / "again").glob("*.whl"))) as archive:
            check(set(archive.namelist()) == names, "the sdist builds another wheel")

        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", wheel)
        listed = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
        others = [
            line
            for line in listed.split("\n")
            if line and not line.startswith(("numpy", "lifcore", "pip", "setuptools"))
        ]
        check(not others, f"installing lifcore brought {others}")
        example = README.read_text("utf8").split("```python\n")[1].split("```")[0]
        run(python, "-W", "error", "-c", example, cwd=folder)
        print(f"{wheel.name} and {sdist.name} are in order; lifcore runs with {listed.split()[-1]} and NumPy alone")


if __name__ == "__main__":
    main()
