"""A new data set and a new export each touch one file.

Both are added to a copy of the program; the tests concerned run there and the command line uses
them; then they are taken out again, and the copy is what it was. `tests/test_new_gate.py` says the
same of a gate, without a copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.long.conftest import Row

ROOT = Path(__file__).parents[2]
PARTS = ("bpstudio", "resources", "tests", "packaging")
DRAW = '''def _slope(rng: np.random.Generator, points: int) -> Points:
    """A plane cut in two by a slanting line."""
    features = rng.uniform(-1, 1, (points, 2))
    return features, (features @ [1.0, 2.0] > 0).astype(int)


'''
SET = """    "slope": Toy(_slope, _BITS, title="Slope", aliases=("hillside", "비탈")),
"""
FORMAT = """        Format(
            "count",
            "The number of weights as a text",
            ".txt",
            (),
            lambda project: Files(f"{sum(a.size for a in _arrays(project).values())}".encode()),
        ),
"""
ADDED = {
    "set": (
        "bpstudio/data/toys.py",
        (("_RANGES = {", DRAW), ('}\n"""Every set by', SET)),
    ),
    "export": ("bpstudio/exchange/formats.py", (('    )\n}\n"""Our formats', FORMAT),)),
}
"""The one file, and what is written before which of its lines."""
TESTS = {
    "set": (
        "tests/data/test_toys.py",
        "tests/ui/test_panels_palette.py",
        "tests/ui/test_data_dialogs.py",
        "tests/ui/test_welcome.py",
    ),
    # The one that is left out is the list of the formats, which a new one makes longer.
    "export": (
        "tests/exchange/test_formats.py",
        "tests/ui/test_export_preview.py",
        "--deselect=tests/exchange/test_formats.py::test_the_formats_of_the_command_line",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program and its tests in another place."""
    place = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        shutil.copytree(
            ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    for file in ROOT.glob("*.*"):
        if file.is_file():
            shutil.copy(file, place)
    return place


@contextmanager
def added(copy: Path, what: str) -> Iterator[None]:
    """With it in its one file, until it is taken out again."""
    name, written = ADDED[what]
    file = copy / name
    whole = text = file.read_text(encoding="utf-8")
    for line, lines in written:
        assert text.count(line) == 1
        text = text.replace(line, lines + line)
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(whole, encoding="utf-8")


def run(copy: Path, *words: str) -> str:
    """What Python in the copy prints."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "QT_QPA_PLATFORM": "offscreen"}
    environment["BPSTUDIO_SETTINGS"] = str(copy / "settings")
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize("what", ADDED)
def test_a_new_one_touches_one_file(copy: Path, what: str, row: Row) -> None:
    kept = (copy / ADDED[what][0]).read_bytes()
    with added(copy, what):
        tested = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS[what])
        studio = ("-m", "bpstudio")
        data = "slope" if what == "set" else "xor"
        run(copy, *studio, "new", "--data", data, "--layers", "2,3,1", "--out", "new.bps")
        if what == "set":
            run(copy, *studio, "train", "new.bps", "--steps", "20", "--out", "trained.bps")
            found = "from bpstudio.ui.panels import entries; print(entries.found('비탈')[0].title)"
            assert run(copy, "-c", found).strip() == "Slope"
        else:
            run(copy, *studio, "export", "new.bps", "--to", "count", "--out", "count.txt")
            assert (copy / "count.txt").read_text() == "13"
    assert (copy / ADDED[what][0]).read_bytes() == kept
    row(f"one {what} more, in one file of a copy", tested.strip().splitlines()[-1])
