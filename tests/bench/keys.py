"""How long from a key press to the painted frame: python tests/bench/keys.py

A network of 100 scalar gates, once laid out by columns as the canvas's bench has it, in the whole
window with all of its panels, 1680 × 1050 pixels, without a screen. Keys are sent to the window as
the keyboard would; the clock stops when nothing is left to paint, panels included. For each key the
median and the 95th percentile in milliseconds, of the time on the wall and of the process's CPU
time: they differ where other programs are busy.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import gc
import sys
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bpstudio.ui.app import make_application, take_down
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window
from tests.bench.canvas import network

SIZE = 1680, 1050
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
KEYS = (
    ("one step on (F8)", Qt.Key.Key_F8, NONE),
    ("one step back (Shift+F8)", Qt.Key.Key_F8, SHIFT),
)


def main() -> int:
    """Prints a line for each key."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--nodes", type=int, default=100)
    words.add_argument("--presses", type=int, default=80)
    chosen = words.parse_args()
    app = make_application(Preferences())
    studio = Studio(Preferences(reduce_motion=True), Training())
    window = Window(studio, lambda _preferences: "")
    try:
        window.resize(*SIZE)
        window.show()
        studio.begin(network(chosen.nodes))
        quiet(app, 2500)
        window.canvas.setFocus()
        for name, key, modifier in KEYS:
            forward = modifier == NONE
            studio.show_position(0.0 if forward else float(studio.shown.length))
            quiet(app, 300)
            times = [press(app, window, key, modifier) for _press in range(chosen.presses)]
            say(chosen.nodes, name, times)
    finally:
        take_down(window, studio)
    return 0


def press(
    app: QApplication, window: Window, key: Qt.Key, modifier: Qt.KeyboardModifier
) -> tuple[float, float]:
    """The seconds from the key until everything that it changed is painted: wall, CPU."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    QTest.keyClick(window.canvas, key, modifier)
    app.processEvents()
    return time.perf_counter() - wall, time.process_time() - cpu


def quiet(app: QApplication, milliseconds: int) -> None:
    """Let the window do what it has to do."""
    clock = QElapsedTimer()
    clock.start()
    while clock.elapsed() < milliseconds:
        app.processEvents()


def say(nodes: int, name: str, times: list[tuple[float, float]]) -> None:
    """A line of the table."""
    columns = (np.array(column) * 1000 for column in zip(*times, strict=True))
    figures = [figure for c in columns for figure in (np.median(c), np.quantile(c, 0.95))]
    print(f"{nodes:6d}  {name:32s}" + "".join(f"{figure:9.2f}" for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
