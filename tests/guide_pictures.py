"""The pictures of the guide, from the real window, in every language.

`python3 packaging/dev.py screenshots [folder]` takes them with all the others, those of one name by
`screenshots FOLDER guide-NAME`. They have few colours, so that they stay small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from PySide6.QtWidgets import QApplication, QWidget

from bpstudio import resources
from bpstudio.language import LANGUAGES
from bpstudio.ui.dialogs import data
from bpstudio.ui.dialogs.sweep import SweepDialog
from bpstudio.ui.presenting import presenter_of
from bpstudio.ui.window import Window
from tests.screenshots import SMALL, Shot, drawn, opened, settle, teach, traced

WINDOW = (1100, 690)
COLOURS = 256


class Taken(NamedTuple):
    """A picture: the window that it is taken of, and what in it is taken."""

    shot: Shot
    what: Callable[[Window, QApplication], QWidget]


def take(app: QApplication, words: Sequence[str]) -> None:
    """Take those whose name holds one of the words; without any all of them."""
    for name, (shot, what) in PICTURES.items():
        if words and not any(word in f"guide-{name}" for word in words):
            continue
        for language in LANGUAGES:
            path = _place(name, language)
            with opened(shot._replace(language=language), app) as window:
                shown = what(window, app)
                drawn(window, app)
                shown.grab().save(str(path))
            _slim(path)
            print(path)


def _place(name: str, language: str) -> Path:
    own = [] if language == LANGUAGES[0] else [language]
    path = resources.path("guide", "pictures", *own, f"{name}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _slim(path: Path) -> None:
    with Image.open(path) as whole:
        few = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def _window(window: Window, _app: QApplication) -> QWidget:
    return window


def _canvas(window: Window, _app: QApplication) -> QWidget:
    return window.canvas


def _predicting(window: Window, app: QApplication) -> QWidget:
    window.actions_by_id["predict"].trigger()
    settle(app, lambda: False, 500)
    return window


def _data(window: Window, app: QApplication) -> QWidget:
    data.show(window)
    dialog = window.findChild(data.DataDialog)
    assert dialog is not None
    settle(app, lambda: False, 500)
    return dialog


def _landscape(window: Window, app: QApplication) -> QWidget:
    dock = window.docks.by_name["landscape"]
    dock.setFloating(True)
    dock.resize(720, 440)
    settle(app, lambda: False, 1000)
    settle(app, lambda: traced(window.studio), 60_000)
    settle(app, lambda: False, 1000)
    return dock


def _sweep(window: Window, app: QApplication) -> QWidget:
    dialog = window.findChild(SweepDialog)
    assert dialog is not None
    dialog.resize(900, 640)
    settle(app, lambda: False, 500)
    return dialog


def _presenting(window: Window, app: QApplication) -> QWidget:
    teach(window, "03-chain-rule", 2)
    presenter_of(window).begin(whole_screen=False)
    settle(app, lambda: False, 1000)
    return window


NEURON = Shot("", "sigmoid-neuron", 0, 12.45, WINDOW)
PICTURES = {
    "building": Taken(NEURON._replace(position=4.6), _window),
    "playing": Taken(NEURON._replace(size=SMALL), _canvas),
    "predicting": Taken(Shot("", "product-of-sum", 0, 3.5, WINDOW), _predicting),
    "training": Taken(Shot("", "xor", 900, None, WINDOW), _window),
    "data": Taken(Shot("", "moons", 0, None, SMALL), _data),
    "plots": Taken(Shot("", "xor", 900, None, SMALL, plot="landscape"), _landscape),
    "time-travel": Taken(Shot("", "xor", 0, None, WINDOW, branch=True), _window),
    "experiments": Taken(Shot("", "xor", 0, None, SMALL, compare="capacity"), _sweep),
    "teaching": Taken(Shot("", "xor", 0, None, (1280, 860)), _presenting),
}
"""Each picture by the name of its file."""
