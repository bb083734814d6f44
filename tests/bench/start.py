"""How long the studio takes to its first paint, beside an empty QMainWindow.

    python3 packaging/dev.py bench start [--rounds 9]

Each start is a process of its own without a screen; the two take turns, shuffled. What counts is
the median of the ratios from the start of the process to the first paint: of wall time, and of the
processor's time, which other programs disturb less. Modules are compiled before, as in an installed
program.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
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
    print(time.time(), time.process_time())
    app.quit()
app = QApplication([])
window = Window()
window.resize(1680, 1050)
window.show()
app.exec()
"""
STUDIO = """
import time
from bpstudio import cli
from bpstudio.cli import commands
brought = commands.bring_window
def bring_window():
    app = brought()
    class Window(app.Window):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.painted.connect(lambda: print(time.time(), time.process_time(), flush=True))
    app.Window = Window
    return app
commands.bring_window = bring_window
cli.main(["--smoke", "--reset"])
"""


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=9)
    rounds = words.parse_args().rounds
    times: dict[str, list[tuple[float, float]]] = {EMPTY: [], STUDIO: []}
    with tempfile.TemporaryDirectory() as compiled:
        for code in times:
            _seconds_to_paint(code, compiled)
        for _round in range(rounds):
            for code in random.sample(list(times), len(times)):
                times[code].append(_seconds_to_paint(code, compiled))
    print(f"| median of {rounds} rounds | an empty QMainWindow | the studio with XOR | ratio |")
    print("|---|--:|--:|--:|")
    middle = statistics.median
    for index, what in enumerate(("wall time, ms", "processor time, ms")):
        theirs, ours = ([each[index] * 1000 for each in times[code]] for code in (EMPTY, STUDIO))
        ratio = middle(our / their for our, their in zip(ours, theirs, strict=True))
        print(f"| {what} | {middle(theirs):.0f} | {middle(ours):.0f} | {ratio:.2f} |")


def _seconds_to_paint(code: str, compiled: str) -> tuple[float, float]:
    """Wall time and processor time until the first paint."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment |= {"PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    painted, worked = map(float, done.stdout.split()[:2])
    return painted - started, worked


if __name__ == "__main__":
    main()
