"""Windows and trainings that come and go: memory, threads and open files stay as few.

Memory is what is held: what the allocator keeps for reuse is not counted, nor is what Qt keeps. Of
an application with a style sheet that is about 1 kB for each combo box and spin box that it has
ever had, until it gets another sheet, and of what was painted at most 10 MB, in its cache of
pictures. So these are emptied before each look; what a window adds to them is told beside, as is
what a window of Qt's own docks and labels leaves behind.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QLabel,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.playback.palette import THEMES
from bpstudio.project import build
from bpstudio.ui import painter, style, warming
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window
from tests.long.conftest import Row, share

STEEPEST = 5_000
"""Bytes that one round may leave behind."""
MOST_OBJECTS = 60
"""Objects of Python that one round may leave behind."""
PATIENCE = 30_000
LOOKS = 20
LEAST = 15
"""Rounds below which there is no slope."""
_SIZES = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class Heap(ctypes.Structure):
    """What glibc tells of its heap (mallinfo(3)); all in bytes that matters here."""

    _fields_ = [(name, ctypes.c_size_t) for name in _SIZES]


@dataclass(frozen=True)
class Slope:
    """What each round leaves behind: bytes outside Python's own heap, and objects of Python."""

    held: float
    objects: float


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    """The application with the fonts and the style sheet of the program."""
    painter.load_fonts()
    style.apply(qapp, THEMES["light"])
    yield qapp
    qapp.setStyleSheet("")


def held() -> int:
    """How much memory is given out, in bytes; what is kept for reuse is not."""
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = Heap
    heap = ask()
    return int(heap.uordblks + heap.hblkhd)


def sweep() -> None:
    for _turn in range(2):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()


def slope(once: Callable[[], None], rounds: int, clear: Callable[[], None] = sweep) -> Slope:
    """What is more for each round, once the first third has filled what is kept for reuse.

    `clear` empties what is to be emptied before each look, of which there are at most 20.
    """
    looks = []
    for count in range(1, rounds + 1):
        once()
        sweep()
        if count % max(1, rounds // LOOKS) == 0 and count > rounds // 3:
            clear()
            looks.append((count, held(), sys.getallocatedblocks()))
    counts, sizes, objects = np.array(looks, dtype=float).T
    return Slope(*(float(np.polyfit(counts, each, 1)[0]) for each in (sizes, objects)))


def plain_window(docks: int, labels: int) -> QMainWindow:
    """A window of so many docks, their titles drawn as ours are, with so many labels in them."""
    window = QMainWindow()
    made = [QDockWidget(window) for _dock in range(docks)]
    columns = []
    for dock in made:
        inside = QWidget()
        columns.append(QVBoxLayout(inside))
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(inside)
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        window.tabifyDockWidget(made[0], dock)
    for number in range(labels):
        columns[number % docks].addWidget(QLabel(str(number)))
    return window


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


needs_glibc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists() or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="what is held is known from glibc alone",
)


@pytest.mark.long
@needs_glibc
def test_windows_leave_nothing(
    qtbot: QtBot, row: Row, tmp_path: Path, dressed: QApplication
) -> None:
    rounds = max(LEAST, share(200))
    for import_it in warming.imports(warming.later()):
        import_it()  # else each of the first windows would import some
    docks = widgets = 0

    def empty_caches() -> None:
        QPixmapCache.clear()
        for theme in ("dark", "light"):
            style.apply(dressed, THEMES[theme])

    def ours() -> None:
        nonlocal docks, widgets
        studio = Studio(Preferences(), Training())
        studio.begin(build.network(toys.make("xor"), (2, 4, 1)))
        window = Window(studio, lambda _preferences: "", tmp_path / "recovery")
        window.show()
        with qtbot.waitSignal(window.guard.found, timeout=PATIENCE):
            pass
        docks, widgets = len(window.docks.by_name), len(window.findChildren(QWidget))
        window.close()
        window.deleteLater()

    def qts() -> None:
        window = plain_window(docks, widgets)
        window.show()
        QApplication.processEvents()
        window.close()
        window.deleteLater()

    ours()
    sweep()
    before = handles(), threading.active_count()
    found = slope(ours, rounds, empty_caches)
    after = handles(), threading.active_count()
    beside = slope(qts, rounds, empty_caches)
    cached = slope(ours, max(LEAST, rounds // 5)).held - found.held
    row(
        f"{rounds} windows opened and closed",
        f"{found.held / 1000:.1f} kB held a window, {beside.held / 1000:.1f} kB by one of Qt's "
        f"widgets alone, {cached / 1000:.1f} kB more in Qt's caches; "
        f"{found.objects:.0f} objects; files {before[0]} → {after[0]}, "
        f"threads {before[1]} → {after[1]}",
    )
    assert all(now <= then for now, then in zip(after, before, strict=True))
    assert found.held - max(beside.held, 0.0) < STEEPEST
    assert found.objects < MOST_OBJECTS


@pytest.mark.long
@needs_glibc
def test_trainings_leave_nothing(qtbot: QtBot, row: Row) -> None:
    rounds = max(LEAST, share(500))
    studio = Studio(Preferences(), Training())
    project = build.network(toys.make("xor"), (2, 4, 1))

    def once() -> None:
        studio.begin(project)
        with qtbot.waitSignal(studio.training.ended, timeout=PATIENCE):
            studio.train(50)

    once()
    sweep()
    before = handles(), threading.active_count(), len(multiprocessing.active_children())
    found = slope(once, rounds)
    after = handles(), threading.active_count(), len(multiprocessing.active_children())
    studio.close()
    row(
        f"{rounds} trainings",
        f"{found.held / 1000:.1f} kB held a training, {found.objects:.0f} objects",
    )
    assert all(now <= then for now, then in zip(after, before, strict=True))
    assert found.held < STEEPEST
    assert found.objects < MOST_OBJECTS
