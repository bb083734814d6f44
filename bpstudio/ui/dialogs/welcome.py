"""The first screen: go on, learn, look at an example, or begin with a formula or with data.

It opens after the window has been painted, and its pictures are drawn one at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.data import drawn, toys
from bpstudio.engine.formula import build as formula
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons.shelf import Shelved, every
from bpstudio.playback.scene import laid_out
from bpstudio.project import build, file, gallery
from bpstudio.project.project import Project
from bpstudio.ui import render
from bpstudio.ui.anything import header_of, teach, title_of
from bpstudio.ui.dialogs import files
from bpstudio.ui.panels.panel import Column, label, scrolled
from bpstudio.ui.soon import soon

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

PICTURE = QSize(148, 92)
"""Pixels of an example's picture."""
MOST_RECENT = 5
HIDDEN = 6
"""So many hidden units a new network begins with."""
WIDTH = 300
"""Pixels of the column at the left."""


def show(window: Window) -> Welcome:
    """Open it beside the window's other work, as large as fits."""
    dialog = Welcome(window)
    room = window.size().boundedTo(window.screen().availableSize())
    dialog.resize(QSize(980, 640).boundedTo(QSize(room.width() - 40, room.height() - 60)))
    dialog.open()
    return dialog


def network_for(name: str) -> Project:
    """A small network that learns the toy set of that name."""
    data = toys.make(name)
    last = len(data.classes) if len(data.classes) > 2 else 1
    if not data.classification:
        last = data.answers.shape[1]
    return laid_out(build.network(data, (data.features.shape[1], HIDDEN, last)))


class Welcome(QDialog):
    """One screen of ways to begin; each closes it."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window, self._studio = window, window.studio
        self.setObjectName("welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Welcome"))
        left = Column()
        ways = QVBoxLayout(left)
        ways.setContentsMargins(4, 4, 12, 4)
        ways.setSpacing(6)
        for group in (self._going_on(), self._new(), self._lessons()):
            for widget in group:
                ways.addWidget(widget)
            ways.addSpacing(10)
        ways.addStretch(1)
        aside = QWidget()
        aside.setFixedWidth(WIDTH)
        scrolled(left, aside)
        self.gallery = QListWidget()
        self.gallery.setObjectName("gallery")
        self.gallery.setAccessibleName(_("Examples"))
        self.gallery.setViewMode(QListView.ViewMode.IconMode)
        self.gallery.setMovement(QListView.Movement.Static)
        self.gallery.setResizeMode(QListView.ResizeMode.Adjust)
        self.gallery.setIconSize(PICTURE)
        self.gallery.setGridSize(QSize(PICTURE.width() + 22, PICTURE.height() + 54))
        self.gallery.setWordWrap(True)
        self.gallery.setSpacing(4)
        self.gallery.itemActivated.connect(self._open_example)
        self.gallery.itemClicked.connect(self._open_example)
        self._fill_gallery()
        right = QVBoxLayout()
        right.addWidget(_heading(_("Examples")))
        right.addWidget(self.gallery, 1)
        middle = QHBoxLayout()
        middle.addWidget(aside)
        middle.addLayout(right, 1)
        self.again = QCheckBox(_("Show this at the start"))
        self.again.setChecked(self._studio.preferences.welcome)
        self.again.toggled.connect(lambda shown: self._studio.prefer(welcome=shown))
        close = QPushButton(_("Close"))
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        tour = QPushButton(_("Two minutes' tour"))
        tour.setProperty("role", "primary")
        tour.clicked.connect(self._tour)
        foot.addWidget(self.again)
        foot.addStretch(1)
        foot.addWidget(tour)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 14)
        column.addWidget(label("title", _("Welcome to Backprop Studio")))
        column.addLayout(middle, 1)
        column.addLayout(foot)
        self._waiting = iter(range(self.gallery.count()))
        soon(self, self._draw_next)

    # -- the ways ----------------------------------------------------------------------------

    def _going_on(self) -> Iterator[QWidget]:
        recent = [Path(path) for path in self._studio.preferences.recent]
        there = [path for path in recent if os.path.exists(path)][:MOST_RECENT]
        if there:
            yield _heading(_("Continue"))
        for path in there:
            yield self._way(path.stem, partial(files.open_path, self._window, path))

    def _lessons(self) -> Iterator[QWidget]:
        yield _heading(_("Lessons"))
        self.lessons = QComboBox()
        self.lessons.setAccessibleName(_("Lessons"))
        self.lessons.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        for shelved in every():
            title = title_of(shelved)
            if title:
                self.lessons.addItem(f"{header_of(shelved, 'number')}. {title}", shelved)
        yield self.lessons
        self.teach = QPushButton(_("Begin the lesson"))
        self.teach.setAutoDefault(False)
        self.teach.clicked.connect(lambda: self._take(partial(self._teach, self._lesson())))
        yield self.teach

    def _new(self) -> Iterator[QWidget]:
        yield _heading(_("New from a formula"))
        self.formula = QLineEdit("(x + y) * z")
        self.formula.setAccessibleName(_("New from a formula"))
        self.formula.returnPressed.connect(self._begin_formula)
        yield self.formula
        self.build = QPushButton(_("Build its gates"))
        self.build.setAutoDefault(False)
        self.build.clicked.connect(self._begin_formula)
        yield self.build
        yield _heading(_("New from data"))
        self.data = QComboBox()
        self.data.setAccessibleName(_("New from data"))
        for name in (*toys.TOYS, drawn.NAME):
            self.data.addItem(_(toys.title_of(name)), name)
        yield self.data
        self.learn = QPushButton(_("Build a network for it"))
        self.learn.setAutoDefault(False)
        self.learn.clicked.connect(self._begin_data)
        yield self.learn
        table = QPushButton(_("A table of my own…"))
        table.setAutoDefault(False)
        table.clicked.connect(self._begin_table)
        yield table

    def _way(self, title: str, take: partial[None]) -> QPushButton:
        button = QPushButton()
        room = WIDTH - 60
        short = button.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        button.setText(short.replace("&", "&&"))
        button.setToolTip(title)
        button.setAccessibleName(title)
        button.setAutoDefault(False)
        button.setStyleSheet("text-align: left;")
        button.clicked.connect(partial(self._take, take))
        return button

    def _take(self, take: partial[None], _checked: bool = False) -> None:
        self.close()
        take()

    def _lesson(self) -> Shelved:
        chosen: Shelved = self.lessons.currentData()
        return chosen

    def _teach(self, shelved: Shelved) -> None:
        teach(self._window, shelved)

    def _begin_formula(self) -> None:
        try:
            project = laid_out(build.from_formula(formula(self.formula.text())))
        except StudioError as error:
            self.formula.setToolTip(str(error))
            self._studio.complain(error)
            return
        self._begin(project)

    def _begin_data(self) -> None:
        self._begin(network_for(self.data.currentData()))

    def _tour(self, _checked: bool = False) -> None:
        self.close()
        self._window.actions_by_id["tour"].trigger()

    def _begin_table(self) -> None:
        self.close()
        self._window.actions_by_id["open_table"].trigger()

    def _begin(self, project: Project) -> None:
        self.close()
        files.settle(self._window, partial(self._studio.begin, project))

    # -- the examples ------------------------------------------------------------------------

    def _fill_gallery(self) -> None:
        empty = QPixmap(PICTURE)
        empty.fill(Qt.GlobalColor.transparent)
        for example in gallery.examples():
            item = QListWidgetItem(QIcon(empty), _(example.title), self.gallery)
            item.setToolTip(_(example.sentence))
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, _(example.sentence))
            item.setData(Qt.ItemDataRole.UserRole, str(example.path))
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)

    def _draw_next(self) -> None:
        """One picture more, in the theme that holds now."""
        place = next(self._waiting, None)
        if place is None:
            return
        soon(self, self._draw_next)
        item = self.gallery.item(place)
        try:
            project = file.load(Path(item.data(Qt.ItemDataRole.UserRole)))
        except StudioError as error:
            item.setToolTip(str(error))
            return
        size = 2 * PICTURE.width(), 2 * PICTURE.height()
        picture = QPixmap()
        picture.loadFromData(render.thumbnail(project, size, self._studio.preferences.theme))
        picture.setDevicePixelRatio(2.0)
        item.setIcon(QIcon(picture))

    def _open_example(self, item: QListWidgetItem) -> None:
        self.close()
        files.open_path(self._window, Path(item.data(Qt.ItemDataRole.UserRole)))


def _heading(text: str) -> QWidget:
    return label("heading", text.upper())
