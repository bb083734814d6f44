"""A fault in what Qt calls is told once for each time, and the program goes on."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import FunctionType

import pytest
from PySide6.QtCore import QAbstractListModel, QEvent, QObject, Signal
from PySide6.QtGui import QMoveEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QListView, QWidget
from pytestqt.qtbot import QtBot

import bpstudio.ui


class Broken(QWidget):
    """Nothing in it works."""

    def moveEvent(self, event: QMoveEvent) -> None:
        raise KeyError("move")

    def resizeEvent(self, event: QResizeEvent) -> None:
        raise KeyError("resize")

    def paintEvent(self, event: QPaintEvent) -> None:
        raise KeyError("paint")


class Outer(Broken):
    """What works in it leads to what does not."""

    def event(self, event: QEvent) -> bool:
        return super().event(event)


class Rows(QAbstractListModel):
    """Knows how many there are, and nothing of them."""

    def rowCount(self, parent: object = None) -> int:
        return 3

    def data(self, index: object, role: int = 0) -> object:
        raise KeyError("data")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: heard.append(str(error)))
    return heard


@pytest.mark.parametrize("kind", [Broken, Outer])
def test_faults_that_follow_each_other_in_one_call_of_qt_are_all_told(
    qtbot: QtBot, told: list[str], kind: type[Broken]
) -> None:
    widget = kind()
    qtbot.addWidget(widget)
    for place in range(20):
        told.clear()
        widget.show()
        widget.setGeometry(place, place, 60 + place, 80)
        widget.grab()
        assert {"'resize'", "'paint'"} <= set(told)
    widget.hide()
    gc.collect()


def test_a_model_that_fails_shows_empty_rows(qtbot: QtBot, told: list[str]) -> None:
    rows, view = Rows(), QListView()
    qtbot.addWidget(view)
    view.setModel(rows)
    view.show()
    view.grab()
    assert set(told) == {"'data'"}


def test_what_python_calls_itself_still_raises(told: list[str]) -> None:
    class Speaking(QObject):
        said = Signal()

        def setObjectName(self, name: object) -> None:
            raise KeyError(name)

    with pytest.raises(KeyError):
        Speaking().setObjectName("a")
    assert told == []


def test_every_method_that_stands_for_one_of_qt_is_guarded(
    dressed: QApplication,
) -> None:
    """A name that is not known yet belongs in `handlers.ANSWERS`, with what Qt is told."""
    unknown = set()
    for module in walk_packages([str(Path(bpstudio.ui.__file__).parent)], "bpstudio.ui."):
        for kind in vars(import_module(module.name)).values():
            if not (isinstance(kind, type) and issubclass(kind, QObject)):
                continue
            if not kind.__module__.startswith("bpstudio."):
                continue
            qt = [base for base in kind.__mro__ if base.__module__.startswith("PySide6.")]
            for name, method in vars(kind).items():
                if name.startswith("_") or not isinstance(method, FunctionType):
                    continue
                if any(name in vars(base) for base in qt) and not hasattr(method, "__wrapped__"):
                    unknown.add((kind.__name__, name))
    assert sorted(unknown) == []
