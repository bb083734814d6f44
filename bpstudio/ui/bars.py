"""The bar above the canvas: playback, and how things stand; the timeline has one of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from bpstudio.language import N_, _
from bpstudio.playback.palette import Theme
from bpstudio.playback.timeline import BACKWARD, CLEAR, FORWARD, UPDATE
from bpstudio.ui import icons
from bpstudio.ui.actions import table
from bpstudio.ui.readout import name_of, readout, whereabouts
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Change, Studio
from bpstudio.ui.style import on_accent, set_property

COLOURS = {FORWARD: "forward", CLEAR: "clear", BACKWARD: "gradient", UPDATE: "update"}
"""The role of each phase's colour."""

PHASE_ACTIONS = {"forward_pass": FORWARD, "backward_pass": BACKWARD, "update_phase": UPDATE}

WORDS = {
    "step_back": N_("step"),
    "step_on": N_("step"),
    "play": N_("Play"),
    "forward_pass": N_("Forward"),
    "backward_pass": N_("Backward"),
    "update_phase": N_("Update"),
    "train": N_("Train"),
    "export": N_("Export"),
}
"""The words on the buttons: shorter than those in the menus."""


class TopBar(QFrame):
    """Title and file, playback, phases, where it is, how good it is, training and export.

    In a narrow window words give way to icons, the least needed first.
    """

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setObjectName("top-bar")
        self._studio, self._actions = studio, actions
        self._title = line_of("brand")
        self._file = line_of("muted")
        self._where = line_of("muted")
        self._state = line_of("number")
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.buttons = {
            id: CommandButton(actions[id], self)
            for id in ("to_start", "step_back", "play", "step_on", "to_end", *PHASE_ACTIONS)
        }
        self.buttons |= {id: CommandButton(actions[id], self) for id in ("train", "export")}
        self.buttons["play"].setProperty("role", "primary")
        self.buttons["step_on"].setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        for id, phase in PHASE_ACTIONS.items():
            self.buttons[id].setProperty("phase", phase)

        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(7)
        row.addWidget(self._title)
        row.addWidget(self._file)
        self._lines = [_line() for _line_number in range(3)]
        row.addWidget(self._lines[0])
        for id in ("to_start", "step_back", "play", "step_on", "to_end"):
            row.addWidget(self.buttons[id])
        row.addWidget(self._lines[1])
        for id in PHASE_ACTIONS:
            row.addWidget(self.buttons[id])
        row.addWidget(self._lines[2])
        row.addWidget(self._where)
        row.addSpacing(10)
        row.addStretch(1)
        row.addWidget(self._state)
        row.addWidget(self.buttons["train"])
        row.addWidget(self.buttons["export"])
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._row, self._tightenings = row, self._giving_way()
        self._fitted: tuple[int, ...] = ()
        self._short = self._stacked = False

        studio.moved.connect(self._show)
        studio.changed.connect(self._change)
        studio.saving.turned.connect(self._turn)
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self._title.setText(_("Backprop Studio"))
        theme = self._studio.theme
        for id, button in self.buttons.items():
            self._dress(id, button, theme)
        self._fitted = ()
        self._show(self._studio.shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make what stands in the bar fit."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """It gets by with any width."""
        return QSize(0, super().minimumSizeHint().height())

    def _dress(self, id: str, button: CommandButton, theme: Theme) -> None:
        button.say(_(WORDS.get(id, "")))
        button.tighten(False)
        if id in PHASE_ACTIONS:
            button.setIcon(_dot(theme.colours[COLOURS[PHASE_ACTIONS[id]]]))
        elif id != "play":
            button.setIcon(icons.icon(table[id].icon))

    def _show(self, shown: Showing) -> None:
        studio = self._studio
        name = name_of(studio.path, studio.project)
        if studio.saving.running:
            name = _("{name} – saving…").format(name=name)
        elif studio.dirty:
            name = f"{name} •"
        self._file.setText(name)
        self._say_what_goes_on(shown)
        self._where.setText(whereabouts(shown))
        self._say_state()
        phase = shown.instant.phase if shown.instant else ""
        for id, of in PHASE_ACTIONS.items():
            set_property(self.buttons[id], "current", of == phase)
        self._fit()

    def _stack(self, tight: bool) -> None:
        self._stacked = tight
        self._say_state()

    def _shorten(self, tight: bool) -> None:
        self._short = tight
        self._say_state()

    def _say_state(self) -> None:
        text = readout(self._studio.shown)
        if self._short:
            text = text.partition(" · ")[0]
        self._state.setText(in_two_lines(text) if self._stacked else text)

    def _change(self, _change: Change) -> None:
        self._show(self._studio.shown)

    def _turn(self) -> None:
        self._show(self._studio.shown)

    def _say_what_goes_on(self, shown: Showing) -> None:
        """Playing and training are paused by the button that starts them."""
        theme = self._studio.theme
        play, train = self.buttons["play"], self.buttons["train"]
        play.setIcon(
            icons.icon("player-pause" if shown.playing else "player-play", on_accent(theme))
        )
        play.say(_("Pause") if shown.playing else _("Play"))
        train.setIcon(icons.icon("player-pause" if shown.training else "bolt"))
        train.say(_("Pause") if shown.training else _("Train"))

    def _fit(self) -> None:
        """Let as much give way as must, for the width and the texts that there are."""
        play, train = self.buttons["play"], self.buttons["train"]
        texts = [label.text() for label in (self._file, self._where, play, train)]
        wide = self.fontMetrics().horizontalAdvance
        # Roughly, so that figures that differ do not have everything laid out anew.
        widths = (wide(text) // 8 for text in (*texts, readout(self._studio.shown)))
        state = (self.width(), *widths)
        if state == self._fitted:
            return
        self._fitted = state
        for tight in range(len(self._tightenings) + 1):
            for number, tighten in enumerate(self._tightenings):
                tighten(number < tight)
            self._row.invalidate()
            if self._row.minimumSize().width() <= self.width():
                break
        self._row.activate()  # else one frame might show the new texts in the old places

    def _giving_way(self) -> list[Callable[[bool], None]]:
        """What gives way where there is little room, one after the other."""

        def hide(*widgets: QWidget) -> Callable[[bool], None]:
            def tighten(tight: bool) -> None:
                for widget in widgets:
                    widget.setVisible(not tight)

            return tighten

        def to_icon(*ids: str) -> Callable[[bool], None]:
            def tighten(tight: bool) -> None:
                for id in ids:
                    self.buttons[id].tighten(tight)

            return tighten

        return [
            hide(self._file),
            to_icon("export"),
            hide(self._title, self._lines[0]),
            to_icon("step_back", "step_on"),
            hide(self._where, self._lines[2]),
            to_icon("train"),
            hide(self.buttons["to_start"], self.buttons["to_end"]),
            self._stack,
            to_icon("play", *PHASE_ACTIONS),
            self._shorten,
            hide(self._state),
        ]


class CommandButton(QToolButton):
    """A button that gives a command, in words of its own."""

    def __init__(self, action: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self._action = action
        self.setProperty("role", "button")
        self.setObjectName(f"button-{action.objectName()}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(16, 16))
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def say(self, words: str) -> None:
        """The words that stand on it; without any it is its icon alone."""
        self.setText(f" {words}" if words else "")
        self.setAccessibleName(words or self._action.iconText())

    def tighten(self, tight: bool) -> None:
        """Show the icon alone, or give the words back."""
        alone = tight or not self.text()
        beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly if alone else beside)

    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())


def in_two_lines(text: str) -> str:
    """What is told of in a row, as narrow as two lines make it."""
    parts = text.split(" · ")
    lines = [(" · ".join(parts[:n]), " · ".join(parts[n:])) for n in range(1, len(parts))]
    return "\n".join(min(lines, key=lambda pair: max(map(len, pair)), default=(text,)))


def line_of(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    line.setFixedSize(1, 20)
    return line


def _dot(colour: str) -> QIcon:
    pixmap = QPixmap(32, 32)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawEllipse(QRectF(3, 3, 10, 10))
    return QIcon(pixmap)
