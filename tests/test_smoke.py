"""The program starts, and starts light."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QPainterPath

import bpstudio

HEAVY = {"PySide6", "pyqtgraph", "superqt", "networkx", "onnx", "onnxruntime", "ziamath", "PIL"}


def bpstudio_says(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bpstudio", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def libraries_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after a statement."""
    report = "; import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    fresh = subprocess.run(
        [sys.executable, "-c", statement + report],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return set(json.loads(fresh.stdout))


def test_the_package_alone_brings_nothing_else() -> None:
    assert libraries_after("import bpstudio") & (HEAVY | {"numpy"}) == set()


@pytest.mark.parametrize("module", ["bpstudio.engine", "bpstudio.cli"])
def test_what_is_not_needed_is_not_loaded(module: str) -> None:
    assert libraries_after(f"import {module}") & HEAVY == set()


def test_it_says_its_version() -> None:
    outcome = bpstudio_says("--version")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert bpstudio.__version__ in outcome.stdout


def test_it_computes() -> None:
    outcome = bpstudio_says("formula", "a*b + a", "a=2", "b=3", "--json")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert json.loads(outcome.stdout)["output"] == 8.0


def test_a_wrong_word_is_one_sentence() -> None:
    outcome = bpstudio_says("train", "no-such-file.bps")
    assert outcome.returncode == 2
    assert "no-such-file.bps" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_calls_that_return_nothing_keep_none_whole() -> None:
    """PySide6 6.12.0 took a reference from None in each such call, below Python 3.12."""
    calls = 250  # some thousands of lost references would abort the interpreter, not fail a test
    thing, path = QObject(), QPainterPath()
    before = sys.getrefcount(None)
    for _ in range(calls):
        thing.setObjectName("thing")
        path.moveTo(0.0, 0.0)
    drift = (sys.getrefcount(None) - before) / (2 * calls)
    assert abs(drift) < 0.05
