"""Copies go from one running program to another: two processes on a screen of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

PATIENCE = 60.0
COMMON = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from bpstudio.engine.formula import build as formula_of
from bpstudio.playback.scene import laid_out
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.ui import clipping
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training

app = QApplication([])
studio = Studio(Preferences(), Training())
canvas = Canvas(studio)
canvas.show()
"""
COPIES = """
studio.begin(laid_out(build.from_formula(formula_of("(x+y)*z", {"x": -2.0, "y": 5.0, "z": 1.0}))))

def copy():
    clipping.copy(studio, ["x", "y", "add1"])
    print("copied", flush=True)

QTimer.singleShot(0, copy)
app.exec()
"""
PASTES = """
studio.begin(Project())

def paste():
    done = clipping.paste(studio, (0.0, 0.0))
    graph = studio.project.graph
    print(done, *sorted(graph.nodes), *graph["add1"].feeding, flush=True)
    print(float(studio.project.given["x.value"]), studio.history.names[-1], flush=True)
    app.quit()

QTimer.singleShot(0, paste)
app.exec()
studio.close()
"""


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """A screen without anything on it; the environment that leads to it."""
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24"]
    with ExitStack() as stack:
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(words, pass_fds=(writing,), stdout=quiet, stderr=quiet)
        stack.callback(server.wait, PATIENCE)
        stack.callback(server.terminate)
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb, a screen in memory")
def test_copies_go_from_one_program_to_another() -> None:
    with screen() as environment:
        copying = subprocess.Popen(
            [sys.executable, "-c", COMMON + COPIES],
            env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with copying:
            try:
                assert copying.stdout is not None
                assert copying.stdout.readline() == "copied\n"
                pasted = subprocess.run(
                    [sys.executable, "-c", COMMON + PASTES],
                    env=environment, capture_output=True, text=True, timeout=PATIENCE,
                )  # fmt: skip
            finally:
                copying.terminate()
    assert pasted.stdout.splitlines() == ["True add1 x y x y", "-2.0 Paste"], pasted.stderr
