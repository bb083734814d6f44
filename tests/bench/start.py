"""How long the studio takes to its first paint, beside an empty QMainWindow.

    python3 packaging/dev.py bench start [--rounds 9]

Each start is a process of its own without a screen; the two take turns, shuffled. What counts is
the median of the ratios of wall time from the start of the process to the first paint.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time

EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, done)
def done():
    print(time.time())
    app.quit()
app = QApplication([])
window = Window()
window.resize(1680, 1050)
window.show()
app.exec()
"""
STUDIO = """
import time
from bpstudio.ui import window
class Window(window.Window):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.painted.connect(lambda: print(time.time()))
from bpstudio.ui import app
app.Window = Window
app.run(None, smoke=True, reset=True)
"""


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=9)
    rounds = words.parse_args().rounds
    times: dict[str, list[float]] = {EMPTY: [], STUDIO: []}
    for _round in range(rounds):
        for code in random.sample(list(times), len(times)):
            times[code].append(_seconds_to_paint(code))
    ratios = [ours / theirs for ours, theirs in zip(times[STUDIO], times[EMPTY], strict=True)]
    print(f"| an empty QMainWindow | {statistics.median(times[EMPTY]) * 1000:.0f} ms |")
    print(f"| the studio with XOR | {statistics.median(times[STUDIO]) * 1000:.0f} ms |")
    print(f"| ratio, median of {rounds} rounds | {statistics.median(ratios):.2f} |")


def _seconds_to_paint(code: str) -> float:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[0]) - started


if __name__ == "__main__":
    main()
