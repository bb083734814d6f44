"""A program without a Python of its own asks itself: for Qt's platform, and to run exports."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from bpstudio import resources
from bpstudio.cli import main, within
from bpstudio.exchange import fresh, report

SCRIPT = """
class ComputationalGraph:
    def forward(self, x):
        self.x = x
        return x * x
    def backward(self):
        return {"x": 2 * self.x}

def f(x):
    return x * x
"""


def test_each_word_that_is_used_is_known() -> None:
    assert set(within.COMMANDS) == {within.QT_PLATFORM, fresh.RUN_EXPORTS, report.DRAW_REPORT}


def test_a_frozen_program_runs_exports_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "square.py"
    script.write_text(SCRIPT)
    job = fresh.Job("numpy", script, {"x": np.array(3.0)}, (), rows=False)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    started = [sys.executable, "-P", "-m", "bpstudio"]
    monkeypatch.setattr(resources, "program", lambda: started)
    assert fresh._words(sys.executable, script) == [*started, "run-exports"]
    (outcome,) = fresh.run([job])
    assert outcome.skipped == "" and outcome.found["answer"] == 9.0
    assert outcome.found["gradient:x"] == 6.0


def test_a_frozen_program_is_started_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resources.program()[1:] == ["-P", "-m", "bpstudio"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert resources.program() == [sys.executable]


def test_a_file_of_that_name_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["window", "run-exports"]) == 2
    assert "run-exports" in capsys.readouterr().err
