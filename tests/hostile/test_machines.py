"""Machines that are set up in another way: languages, clocks, homes that are missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bpstudio.project import file
from bpstudio.project.container import unpack
from bpstudio.project.disk import remove_stale

ROOT = Path(__file__).parents[2]
GONE = str(Path("/", "nonexistent", "folder"))
MACHINES: dict[str, dict[str, str | None]] = {
    "decimal comma": {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"},
    "Korean": {"LC_ALL": "ko_KR.UTF-8", "LANG": "ko_KR.UTF-8"},
    "no language": {"LC_ALL": "C", "LANG": None},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8"},
    "far from Greenwich": {"TZ": "Pacific/Kiritimati"},
    "a clock nobody knows": {"TZ": "Nowhere/Atall"},
    "no home": {"HOME": None, "USER": None, "LOGNAME": None},
    "a home that is gone": {"HOME": GONE, "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None},
    "nowhere for temporary files": {"TMPDIR": GONE},
}


def environment(changes: dict[str, str | None]) -> dict[str, str]:
    found = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    found.pop("BPSTUDIO_SETTINGS", None)
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found


def bpstudio(words: list[str], changes: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "bpstudio", *words],
        cwd=ROOT,
        env=environment(changes) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_files_are_the_same_everywhere(machine: str, tmp_path: Path) -> None:
    path, table = tmp_path / "그물.bps", tmp_path / "표.csv"
    table.write_text("x;y\n0,5;1,5\n1,5;2,5\n2,5;3,5\n", encoding="utf-8")
    words = ["new", "--data", str(table), "--layers", "1,2,1", "--out", str(path)]
    done = bpstudio(words, MACHINES[machine])
    assert (done.returncode, done.stderr) == (0, "")
    document = unpack(path.read_bytes()).document.decode()
    assert json.loads(document)["training"]["settings"]
    assert '"learning_rate": 0.' in document
    data = file.load(path).data
    assert data is not None
    assert data.features.ravel().tolist() == [0.5, 1.5, 2.5]
    ours = tmp_path / "ours.bps"
    assert bpstudio([*words[:-1], str(ours)], {}).returncode == 0
    assert path.read_bytes() == ours.read_bytes()


@pytest.mark.parametrize("machine", ["no language", "a home that is gone"])
def test_the_window_opens_everywhere(machine: str) -> None:
    done = bpstudio(["window", "--smoke"], MACHINES[machine])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_jumps_removes_nothing_that_is_in_use(
    tmp_path: Path, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / f".a.bps.{os.getpid()}.tmp"
    mine.write_bytes(b"half")
    later = time.time() + days * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    assert remove_stale(tmp_path) == ()
    assert mine.exists()
