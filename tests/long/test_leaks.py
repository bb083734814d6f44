"""Windows and trainings that come and go: memory, threads and open files stay as few."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.project import build
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window
from tests.long.conftest import Row, share

STEEPEST = 5_000
"""Bytes that one round may leave behind."""
PATIENCE = 30_000


def memory() -> int:
    """How much memory the process has, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def sweep() -> None:
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def slope(once: Callable[[], None], rounds: int) -> float:
    """Bytes more for each round, once the first fifth has filled what is kept for reuse."""
    sizes = []
    for _ in range(rounds):
        once()
        sweep()
        sizes.append(memory())
    late = sizes[rounds // 5 :]
    return float(np.polyfit(np.arange(len(late)), late, 1)[0])


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")


@pytest.mark.long
@needs_proc
def test_windows_leave_nothing(qtbot: QtBot, row: Row, tmp_path: Path) -> None:
    rounds = share(200)

    def once() -> None:
        studio = Studio(Preferences(), Training())
        studio.begin(build.network(toys.make("xor"), (2, 4, 1)))
        window = Window(studio, lambda _preferences: "", tmp_path / "recovery")
        window.show()
        with qtbot.waitSignal(window.guard.found, timeout=PATIENCE):
            pass
        window.close()
        window.deleteLater()

    once()
    sweep()
    before = handles(), threading.active_count()
    steep = slope(once, rounds)
    after = handles(), threading.active_count()
    row(
        f"{rounds} windows opened and closed",
        f"{steep / 1000:.1f} kB a window; files {before[0]} → {after[0]}, "
        f"threads {before[1]} → {after[1]}",
    )
    assert all(now <= then for now, then in zip(after, before, strict=True))
    assert steep < STEEPEST


@pytest.mark.long
@needs_proc
def test_trainings_leave_nothing(qtbot: QtBot, row: Row) -> None:
    rounds = share(500)
    studio = Studio(Preferences(), Training())
    project = build.network(toys.make("xor"), (2, 4, 1))

    def once() -> None:
        studio.begin(project)
        with qtbot.waitSignal(studio.training.ended, timeout=PATIENCE):
            studio.train(50)

    once()
    sweep()
    before = handles(), threading.active_count(), len(multiprocessing.active_children())
    steep = slope(once, rounds)
    after = handles(), threading.active_count(), len(multiprocessing.active_children())
    studio.close()
    row(f"{rounds} trainings", f"{steep / 1000:.1f} kB a training")
    assert all(now <= then for now, then in zip(after, before, strict=True))
    assert steep < STEEPEST
