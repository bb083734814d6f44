"""Training beside the window: how late its frames are, and how fast training stays.

    python3 packaging/dev.py bench window [--seconds 6] [--example xor]

The window is open and draws canvas, loss and boundary while the worker trains. A timer of 16 ms
notes how late it is called, and how much of the processor the window used since it was called
last, which other programs disturb less; the speed is compared with the same worker beside an idle
process.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import Qt, QTimer

from bpstudio import resources
from bpstudio.project import file, runs
from bpstudio.project.project import Project
from bpstudio.training.board import Snapshot
from bpstudio.training.worker import Worker
from bpstudio.ui.app import make_application, take_down
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window

FRAME = 16
PATIENCE = 60
"""Seconds within which a worker will have shown something."""


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=6.0)
    words.add_argument("--examples", nargs="+", default=["xor", "circles", "spiral"])
    chosen = words.parse_args()
    app = make_application(Preferences())
    print(
        "| example | alone, steps/s | beside, steps/s | ratio | late p50 | late p99 | max, ms "
        "| used, % | p50 | p99, ms |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name in chosen.examples:
        project = file.load(resources.path("examples", f"{name}.bps"))
        alone = _alone(project, chosen.seconds)
        studio = Studio(Preferences(), Training())
        window = Window(studio, lambda _preferences: "")
        window.resize(1680, 1050)
        window.show()
        studio.begin(project)
        _work(app, 2.0)
        studio.train()
        while studio.shown.step == project.trained.steps:
            _work(app, 0.2)
        _work(app, 1.0)
        first, started = studio.shown.step, time.perf_counter()
        late, used = _lateness(app, chosen.seconds)
        share = 100 * sum(used) / 1000 / (time.perf_counter() - started)
        beside = (studio.shown.step - first) / (time.perf_counter() - started)
        studio.pause()
        take_down(window, studio)
        p50, p99 = np.percentile(late, (50, 99))
        print(
            f"| {name} | {alone:,.0f} | {beside:,.0f} | {beside / alone:.2f} "
            f"| {p50:.1f} | {p99:.1f} | {max(late):.1f} "
            f"| {share:.0f} | {np.percentile(used, 50):.1f} | {np.percentile(used, 99):.1f} |"
        )


def _alone(project: Project, seconds: float) -> float:
    """Steps a second of a worker whose parent sleeps."""
    worker = Worker()
    try:
        worker.start(runs.job(project))
        _newest(worker)
        time.sleep(1.0)
        before, started = _newest(worker), time.perf_counter()
        time.sleep(seconds)
        after = _newest(worker)
        return (after.step - before.step) / (time.perf_counter() - started)
    finally:
        worker.close()


def _newest(worker: Worker) -> Snapshot:
    """What the worker shows next; it may be between two pictures of itself."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        snapshot = worker.look()
        if snapshot is not None:
            return snapshot
        time.sleep(0.001)
    raise SystemExit(f"the worker showed nothing for {PATIENCE} s")


def _lateness(app: object, seconds: float) -> tuple[list[float], list[float]]:
    """How many milliseconds after its time each tick of a timer came, and the processor's time
    that this thread used since the one before."""
    late: list[float] = []
    used: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    due = time.perf_counter() + FRAME / 1000
    worked = time.thread_time()

    def tick() -> None:
        nonlocal due, worked
        used.append((time.thread_time() - worked) * 1000)
        worked = time.thread_time()
        now = time.perf_counter()
        late.append(max(0.0, (now - due) * 1000))
        due = max(due + FRAME / 1000, now)

    timer.timeout.connect(tick)
    timer.start(FRAME)
    _work(app, seconds)
    timer.stop()
    return late, used


def _work(app: object, seconds: float) -> None:
    """Let the window work for that long, asleep where it has nothing to do."""
    from PySide6.QtCore import QEventLoop

    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
