"""Plants each bug of `bugs.py` into a copy of the project and runs tests there, which must fail.

python tests/planted/plant.py            all of them
python tests/planted/plant.py softmax    those whose name holds the word
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.planted.bugs import BUGS, Bug  # noqa: E402 - the root is not on the path of a script

COPIED = ("bpstudio", "tests", "packaging", "resources", "pyproject.toml", "README.md", "LICENSE")
FAILED = 1
"""What pytest ends with where tests failed; else they passed, or did not even start."""
LONGEST = 300
"""Seconds for one bug."""


class Outcome(NamedTuple):
    """Whether a test saw the bug, and which one, or what went wrong instead."""

    caught: bool
    said: str


def rotten(bug: Bug) -> str:
    """What is wrong with the bug itself: its old text is no longer there once; else nothing."""
    found = (ROOT / "bpstudio" / bug.file).read_text(encoding="utf-8").count(bug.old)
    return "" if found == 1 else f"“{bug.name}”: its old text is {found} times in {bug.file}."


def copy_to(folder: Path) -> None:
    """Everything that the tests need."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)


def outcome(bug: Bug, folder: Path) -> Outcome:
    """The tests' answer to the bug, planted into the copy in that folder and taken out again."""
    if wrong := rotten(bug):
        return Outcome(False, wrong)
    file = folder / "bpstudio" / bug.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(bug.old, bug.new), encoding="utf-8")
    try:
        ended, last = pytest_in(folder, bug.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
    return Outcome(ended == FAILED, last)


def pytest_in(folder: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """How pytest ended on these files of the copy, and the line that says which test failed."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*words, *(f"tests/{name}" for name in tests)],
        cwd=folder,
        env=environ(folder),
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, (failed or lines or [done.stderr])[-1]


def environ(folder: Path) -> dict[str, str]:
    """The environment in which `bpstudio` is the one in the folder, read anew each time.

    Compiled files are not kept: an edit within the same second, of the same length, would be
    missed.
    """
    return os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def imported_from(folder: Path) -> Path:
    """The folder that `bpstudio` comes from there."""
    asked = "import bpstudio, pathlib; print(pathlib.Path(bpstudio.__file__).parents[1])"
    words = [sys.executable, "-c", asked]
    done = subprocess.run(
        words,
        cwd=folder,
        env=environ(folder),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return Path(done.stdout.strip())


def main(words: list[str]) -> int:
    """Plant those whose name holds a word; 0 where all are caught."""
    chosen = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    caught = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        copy_to(folder)
        assert imported_from(folder) == folder
        for bug in chosen:
            started = time.monotonic()
            result = outcome(bug, folder)
            caught += result.caught
            took = time.monotonic() - started
            mark = "caught" if result.caught else "NOT CAUGHT"
            print(f"{mark:10} {took:5.1f} s  {bug.name}: {result.said}", flush=True)
    print(f"{caught} of {len(chosen)} caught")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
