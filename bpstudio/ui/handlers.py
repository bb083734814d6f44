"""Faults in what Qt calls by name: they are told, and end neither the program nor the call.

Qt asks a widget of ours to paint itself, or a model for its rows, by calling a method that we
override. PySide can't carry an exception through such a call: one alone is forgotten by it, and
when a second follows before Qt returns, its memory is corrupted, so that the program dies then or
later at some other place. So no exception leaves these methods: `sys.excepthook` hears of it, as
for a slot, and Qt is given an answer that does no harm.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QSize, Qt
from PySide6.QtGui import QValidator

ANSWERS: dict[str, Callable[[], Any]] = {
    "event": bool,
    "eventFilter": bool,
    "viewportEvent": bool,
    "focusNextPrevChild": bool,
    "sizeHint": QSize,
    "minimumSizeHint": QSize,
    "heightForWidth": lambda: -1,
    "paint": lambda: None,
    "highlightBlock": lambda: None,
    "accept": lambda: None,
    "reject": lambda: None,
    "done": lambda: None,
    "mimeData": lambda: None,
    "mimeTypes": list,
    "initStyleOption": lambda: None,
    "data": lambda: None,
    "loadResource": lambda: None,
    "setData": bool,
    "headerData": lambda: None,
    "index": QModelIndex,
    "parent": QModelIndex,
    "rowCount": int,
    "columnCount": int,
    "flags": lambda: Qt.ItemFlag.NoItemFlags,
    "textFromValue": str,
    "valueFromText": float,
    "validate": lambda: QValidator.State.Intermediate,
    "fixup": str,
    "stepBy": lambda: None,
}
"""What Qt is told when the method of that name has failed; methods named `…Event` tell nothing."""


def guard() -> None:
    """Have every class that is derived from QObject from now on tell its faults in this way."""
    hook = "__init_subclass__"  # PySide's own classes have none, and no stub knows of ours
    setattr(QObject, hook, classmethod(_derived))


def _derived(cls: type[QObject], /, **settings: Any) -> None:
    super(QObject, cls).__init_subclass__(**settings)
    for name, method in list(vars(cls).items()):
        if not isinstance(method, FunctionType) or not _is_called_by_qt(cls, name):
            continue
        setattr(cls, name, _telling(method, ANSWERS.get(name, lambda: None)))


def _is_called_by_qt(cls: type, name: str) -> bool:
    """Whether it stands for a method that Qt calls."""
    if name not in ANSWERS and not name.endswith("Event"):
        return False
    return any(name in vars(base) for base in cls.__mro__ if base.__module__.startswith("PySide6."))


def _telling(method: FunctionType, otherwise: Callable[[], Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def told(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            return otherwise()

    return told
