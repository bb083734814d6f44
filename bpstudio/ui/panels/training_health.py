"""What is wrong with a training, as cards with ways out; what was changed; who was confused;
how much gradient flows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from bpstudio.language import _
from bpstudio.playback.bodies import bodies
from bpstudio.playback.palette import Theme
from bpstudio.project.comparing import what_changed
from bpstudio.project.fixes import Fix
from bpstudio.project.health import remedies
from bpstudio.training.diagnosis import Diagnosis
from bpstudio.training.job import Confusion, Job
from bpstudio.training.settings import Settings
from bpstudio.ui.panels.bars import Bar
from bpstudio.ui.panels.panel import Beside, label
from bpstudio.ui.readout import grouped
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font
from bpstudio.ui.tending import Dated

MOST_CHANGES = 4
"""Of what was changed the newest are listed."""
CELL = 22.0


class Cards(QWidget):
    """A card for each diagnosis: what was measured, where it is, and edits that may help."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._shown: tuple[Diagnosis, ...] = ()
        self._theme: Theme | None = None
        self.cards: list[Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.hide()

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        self._theme = theme
        found, self._shown = self._shown, ()
        self.show_cards(found)

    def show_cards(self, found: tuple[Diagnosis, ...]) -> None:
        """Show these; a card whose words change alone stays where it is."""
        if found == self._shown or self._theme is None:
            return
        kinds = [(each.kind, each.nodes, each.offers) for each in self._shown]
        if kinds == [(each.kind, each.nodes, each.offers) for each in found]:
            for card, diagnosis in zip(self.cards, found, strict=True):
                card.text.setText(diagnosis.sentence)
        else:
            for card in self.cards:
                self._column.removeWidget(card)
                card.hide()
                card.deleteLater()
            self.cards = [Card(self._studio, each, self._theme) for each in found]
            for card in self.cards:
                self._column.addWidget(card)
        self._shown = found
        self.setVisible(bool(found))


class Card(QFrame):
    """One diagnosis."""

    def __init__(self, studio: Studio, diagnosis: Diagnosis, theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        c = theme.colours
        self.setObjectName("diagnosis")
        self.setStyleSheet(
            f"#diagnosis {{ border: 1px solid {c['update']}; border-radius: 8px;"
            f" background: {c['node']}; }}"
        )
        title = label("", diagnosis.title)
        title.setStyleSheet(f"font-weight: 600; color: {c['update']};")
        title.setWordWrap(True)
        self.text = label("", diagnosis.sentence)
        self.text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(5)
        column.addWidget(title)
        column.addWidget(self.text)
        self.buttons: list[QPushButton] = []
        for fix in remedies(studio.project, diagnosis):
            self._add(fix.label, partial(self._mend, fix))
        nodes = tuple(id for id in diagnosis.nodes if id in studio.project.graph.nodes)
        if nodes:
            self._add(_("Go there"), partial(self._go, nodes))
        for first in range(0, len(self.buttons), 2):
            column.addWidget(Beside(*self.buttons[first : first + 2]))
        self.setAccessibleName(diagnosis.title)
        self.setAccessibleDescription(diagnosis.sentence)

    def _add(self, words: str, give: object) -> None:
        button = QPushButton(words)
        button.setToolTip(words)
        button.clicked.connect(give)
        self.buttons.append(button)

    def _mend(self, fix: Fix, _checked: bool = False) -> None:
        self._studio.do(fix.label, fix.edit)

    def _go(self, nodes: tuple[str, ...], _checked: bool = False) -> None:
        self._studio.select(nodes)


class Confused(QWidget):
    """How many rows of each class were taken for each: the right ones on the diagonal."""

    def __init__(self) -> None:
        super().__init__()
        self._table: Confusion = ()
        self._names: tuple[str, ...] = ()
        self._theme: Theme | None = None

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.update()

    def show_table(self, table: Confusion, names: tuple[str, ...]) -> None:
        """Show these numbers; a line is what is so, a place in it what the network says."""
        if (table, names) == (self._table, self._names):
            return
        resized = len(table) != len(self._table)
        self._table, self._names = table, names
        if resized:
            self.updateGeometry()
        lines = [
            _("{name}: {counts}").format(name=name, counts=", ".join(map(str, line)))
            for name, line in zip(names, table, strict=False)
        ]
        self.setAccessibleDescription("; ".join(lines))
        self.update()

    def sizeHint(self) -> QSize:
        """A line for each class, and one for the names."""
        type = 1.0 if self._theme is None else self._theme.type
        lines = len(self._table) + 1 if self._table else 0
        return QSize(120, round(lines * CELL * type))

    def minimumSizeHint(self) -> QSize:
        """As high as it is, and any width."""
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The numbers, each on a ground that is the darker the more rows it counts."""
        if not self._table or self._theme is None:
            return
        c, type = self._theme.colours, self._theme.type
        count, high = len(self._table), CELL * type
        first = min(76.0 * type, self.width() / 3)
        wide = min(64.0 * type, (self.width() - first - 7) / count)
        left = self.width() - 7 - wide * count
        centre = Qt.AlignmentFlag.AlignCenter
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(code_font(11 * type))
        metrics, elide = painter.fontMetrics(), Qt.TextElideMode.ElideRight
        for i, line in enumerate(self._table):
            painter.setPen(QColor(c["muted"]))
            name = metrics.elidedText(self._names[i], elide, int(min(wide, first) - 4))
            painter.drawText(QRectF(left + i * wide, 0, wide, high), centre, name)
            before = QRectF(0, (i + 1) * high, left - 6, high)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(
                before, right, metrics.elidedText(self._names[i], elide, int(left - 8))
            )
            for j, number in enumerate(line):
                cell = QRectF(left + j * wide + 1, (i + 1) * high + 1, wide - 2, high - 2)
                ground = QColor(c["forward" if i == j else "gradient"])
                ground.setAlphaF(0.08 + 0.42 * number / max(1, sum(line)))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ground)
                painter.drawRoundedRect(cell, 4, 4)
                painter.setPen(QColor(c["text"]))
                painter.drawText(cell, centre, str(number))
        painter.end()


def changes_text(job: Job, changes: tuple[Dated, ...]) -> str:
    """What was changed and from which step it held, the newest first, a line for each."""
    told = [(step, what_changed(_of(job, one), _of(job, other))) for step, one, other in changes]
    # A rule that ends a run changes nothing on its way.
    told = [(step, what) for step, what in told if what]
    line = _("from step {step}: {what}")
    lines = [
        line.format(step=grouped(step + 1), what=what)
        for step, what in reversed(told[-MOST_CHANGES:])
    ]
    more = len(told) - MOST_CHANGES
    if more > 0:
        lines.append(_("and {count} more before").format(count=more))
    return "\n".join(lines)


def _of(job: Job, settings: Settings) -> Job:
    return replace(job, settings=settings)


def gradient_flow(shown: Showing) -> tuple[Bar, ...]:
    """‖∇W‖ of each node that owns weights, the last first: as the gradient flows."""
    recording = shown.recording
    if recording is None:
        return ()
    squares: dict[str, float] = {}
    for key, gradient in recording.weight_gradients.items():
        node = key.partition(".")[0]
        with np.errstate(over="ignore"):
            squares[node] = squares.get(node, 0.0) + float(np.square(gradient).sum())
    drawn = bodies(shown.project)
    names = {
        id: (drawn[id].title if id in drawn else "") or shown.project.graph[id].label
        for id in squares
    }
    doubled = [name for name in names.values() if list(names.values()).count(name) > 1]
    return tuple(
        Bar(f"{names[id]} · {id}" if names[id] in doubled else names[id], float(np.sqrt(square)))
        for id, square in squares.items()
    )
