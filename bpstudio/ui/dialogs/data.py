"""A data set that comes with the program: which one, its settings, and how it looks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from bpstudio.data import drawn, toys
from bpstudio.data.dataset import Dataset
from bpstudio.errors import StudioError
from bpstudio.language import N_, _, described
from bpstudio.playback.marks import Box, Ink, Mark, Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.views import axis_names, data_points, fit_marks
from bpstudio.training.probes import Unseen, plane_of
from bpstudio.ui.dialogs.tables import use
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.form import Form, Line, Number, Whole, put
from bpstudio.ui.panels.panel import label

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

SETTINGS = {
    "points": N_("Points"),
    "noise": N_("Noise"),
    "held_out": N_("Kept for testing (%)"),
    "seed": N_("Seed"),
    "arms": N_("Arms"),
    "groups": N_("Groups"),
    "cells": N_("Squares"),
    "formula": N_("f(x) ="),
    "reach": N_("x up to ±"),
}
_LARGEST_SEED = 2**31 - 1


def show(window: Window) -> None:
    """Choose a data set."""
    DataDialog(window).open()


class DataDialog(QDialog):
    """The sets on the left, the settings of the chosen one and its points on the right."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Data set"))
        self._window = window
        self._theme = window.studio.theme
        self.recipe: dict[str, Any] = {}
        self.made: Dataset | None = None
        self.sets = QListWidget()
        self.sets.setAccessibleName(_("Data sets"))
        self.sets.setMaximumWidth(190)
        for name in (*toys.TOYS, drawn.NAME):
            words = _("Your own points") if name == drawn.NAME else _(toys.title_of(name))
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.sets.addItem(item)
        self.words = label("muted")
        self.words.setWordWrap(True)
        self.form = Form()
        self.view = Points(self._theme)
        self.said = label("muted")
        self.said.setWordWrap(True)
        self.buttons = QDialogButtonBox()
        self.accepting = self.buttons.addButton(
            _("Use this set"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.accepting.setProperty("role", "primary")
        self.buttons.addButton(_("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self._use)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.resize(min(680, window.width() - 20), min(500, window.height() - 20))
        self.sets.currentItemChanged.connect(lambda _now, _before: self._choose())
        self._begin()

    def set(self, key: str, value: Any) -> None:
        """Make the set with another setting."""
        self.recipe[key] = value / 100 if key == "held_out" else value
        self._make()

    def _begin(self) -> None:
        data = self._window.studio.project.data
        recipe = dict(data.recipe) if data is not None else {}
        name = recipe.get("name") if recipe.get("name") in toys.TOYS else "moons"
        self.sets.setCurrentRow(list(toys.TOYS).index(str(name)))
        if recipe.get("name") == name:
            self.recipe = recipe
            self._fill()
            self._make()

    def _choose(self) -> None:
        name = self.sets.currentItem().data(Qt.ItemDataRole.UserRole)
        self.recipe = {} if name == drawn.NAME else dict(toys.make(name).recipe)
        self._fill()
        self._make()

    def _fill(self) -> None:
        """A row for each setting of the set."""
        for key in list(self.form.fields):
            self.form.drop(key)
        toy = toys.TOYS.get(str(self.recipe.get("name", "")))
        for key, value in self.recipe.items():
            if key == "name" or (key == "seed" and toy is not None and not toy.points):
                continue
            field = _field(key, value, toy)
            self.form.row(key, field)
            self.form.say(key, _(SETTINGS[key]))
            shown = round(100 * value) if key == "held_out" else value
            put(field, shown)
            if isinstance(field, Line):
                field.textEdited.connect(partial(self.set, key))
            elif isinstance(field, Whole | Number):
                field.valueChanged.connect(partial(self.set, key))
        self.form.dress(self._theme)
        if toy is None:
            self.words.setText(_("One point of each class; draw more on the decision boundary."))
        else:
            told = described(toy.draw) if toy.points else _("A truth table of two inputs.")
            self.words.setText(told)

    def _make(self) -> None:
        try:
            self.made = toys.make(**self.recipe) if self.recipe else drawn.blank()
        except StudioError as error:
            self.made = None
            self.said.setText(str(error))
        else:
            self.said.setText(
                _("{rows} rows to train on, {test} for testing; {inputs} inputs.").format(
                    rows=len(self.made.training_rows),
                    test=len(self.made.test_rows),
                    inputs=self.made.features.shape[1],
                )
            )
        self.accepting.setEnabled(self.made is not None)
        self.view.show_data(self.made)

    def _use(self) -> None:
        if self.made is not None and use(self._window, self.made):
            self.accept()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.words)
        right.addWidget(self.form)
        right.addWidget(self.view, 1)
        right.addWidget(self.said)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.sets)
        row.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.addLayout(row, 1)
        column.addWidget(self.buttons)


class Points(QWidget):
    """The points of a data set over its one or two inputs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._data: Dataset | None = None
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_data(self, data: Dataset | None) -> None:
        """Show these points, or none."""
        self._data = data
        self.update()

    def marks(self) -> list[Mark]:
        """What is drawn, in pixels."""
        data, theme = self._data, self._theme
        plane = None if data is None else plane_of(data.features, 2)
        if data is None or plane is None or isinstance(plane, Unseen):
            return []
        if len(plane.low) == 1:
            left, low = 42 * theme.type, 40 * theme.type
            rect = Rect(left, 6, self.width() - left - 8, self.height() - low - 6)
            none = np.zeros((len(plane.points), 0))
            return list(fit_marks(data, plane, none, rect, theme))
        names = 9 * theme.type + 6 * theme.type * max(len(n[:16]) for n in data.feature_names[1:2])
        side = max(20.0, min(self.height() - 24 * theme.type, self.width() - names - 2))
        rect = Rect(names, 1, side, side)
        frame = Box(rect, 10.0, Ink("node"), Ink("border"), 1.2)
        return [frame, *data_points(data, plane, rect, theme), *axis_names(data, rect, theme)]

    def paintEvent(self, event: QPaintEvent) -> None:
        """The points."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self.marks()), self._theme)


def _field(key: str, value: Any, toy: toys.Toy | None) -> QWidget:
    if isinstance(value, str):
        return Line()
    if key == "noise":
        return Number(0.0, 10.0)
    if key == "held_out":
        return Whole(0, 90)
    ranges = {"points": (4, toys.MOST_POINTS), "seed": (0, _LARGEST_SEED)}
    low, high = {**ranges, **(toy.ranges if toy is not None else {})}[key]
    return Whole(low, high)
