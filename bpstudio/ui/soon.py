"""What is done once Qt has done what is at hand."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def soon(owner: QObject, call: Callable[[], object], wait: int = 0) -> None:
    """Call this in so many milliseconds, unless its owner is gone by then.

    For owners that come and go: where one goes first, `QTimer.singleShot` keeps the call for ever,
    and with it all that the call would have reached: a dialog with its pictures.
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.timeout.connect(call)
    timer.timeout.connect(timer.deleteLater)
    timer.start(wait)
