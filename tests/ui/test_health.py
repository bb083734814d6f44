"""What the binding to Qt must not do: lose references, or be called outside its own thread."""

from __future__ import annotations

import gc
import sys
import threading

import pytest
from PySide6.QtCore import QThread
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from bpstudio.project import edits
from bpstudio.ui import app
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None has no count of references there")
def test_no_call_of_qt_loses_a_reference_to_none(dressed: QApplication) -> None:
    widget, pixmap = QWidget(), QPixmap(10, 10)
    calls = 2_000
    before = sys.getrefcount(None)
    for _call in range(calls):
        widget.update()
        widget.setEnabled(True)
        pixmap.fill(QColor("white"))
    assert abs(sys.getrefcount(None) - before) < 0.05 * 3 * calls
    widget.deleteLater()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None has no count of references there")
def test_two_thousand_paintings_lose_no_reference_to_none(window: Window, studio: Studio) -> None:
    window.canvas.repaint()
    before = sys.getrefcount(None)
    for number in range(2_000):
        studio.select(["dense1"] if number % 2 else [])
        window.canvas.repaint()
    assert abs(sys.getrefcount(None) - before) < 2_000


def test_what_the_window_shows_is_changed_in_its_own_thread_alone(
    window: Window, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[str] = []
    home = QApplication.instance()
    assert home is not None
    calls = 0

    def watched(name: str) -> None:
        inner = getattr(QWidget, name)

        def call(self: QWidget, *words: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if QThread.currentThread() is not home.thread():
                wrong.append(f"{name} in {threading.current_thread().name}")
            return inner(self, *words, **named)

        monkeypatch.setattr(QWidget, name, call)

    for name in ("update", "setVisible", "setEnabled", "setToolTip", "resize"):
        watched(name)
    studio.train(40)
    studio.do("Rename", edits.rename, "dense1", "first")
    studio.undo()
    studio.pause()
    window.resize(900, 700)
    QApplication.processEvents()
    assert calls > 5
    assert wrong == []


def test_the_window_waits_for_no_other_thread_for_long(qapp: QApplication) -> None:
    before = sys.getswitchinterval()
    with app.alone(qapp):
        assert sys.getswitchinterval() <= 0.001
        assert not gc.isenabled()
    assert sys.getswitchinterval() == before
    assert gc.isenabled()
