"""Code in step: the scripts that the exports write, with the lines of the present step lit."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QTextBlock,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.exchange import formats
from bpstudio.exchange.passages import Span
from bpstudio.language import N_, _
from bpstudio.playback.palette import THEMES, Theme, blend
from bpstudio.playback.timeline import BACKWARD, CLEAR, FORWARD, UPDATE, Moment, Timeline
from bpstudio.project.project import Project
from bpstudio.ui.panels.code_colours import Highlighter
from bpstudio.ui.panels.panel import Panel, label, present
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font

NUMPY, PYTORCH = "numpy", "pytorch"
NAMES = {NUMPY: "NumPy", PYTORCH: "PyTorch"}
DONE = 0.05
"""How long before its end a moment is shown that was jumped to: all of it has happened by then."""
LIT, DIM = 0.26, 0.12
"""How strongly the lines of a step are lit, and those that it shares with other nodes."""
ROLES = {FORWARD: "forward", CLEAR: "strong", BACKWARD: "gradient", UPDATE: "update"}


class CodePanel(Panel):
    """The network as a script, and the lines that do what happens now."""

    title = N_("Code")
    pause = 1 / 8

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.listing = Listing("", ())
        self._of: tuple[object, ...] = ()
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for name in (NUMPY, PYTORCH):
            self.tabs.addTab(NAMES[name])
        self.copy = QPushButton()
        self.why = label("muted")
        self.why.setWordWrap(True)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text = CodeView()
        self._colours = Highlighter(self.text.document())
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.addWidget(self.tabs)
        head.addStretch(1)
        head.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 0, 6, 6)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.why, 1)
        column.addWidget(self.text, 1)
        self.tabs.currentChanged.connect(self.touch)
        self.copy.clicked.connect(self._copy)
        self.text.chosen.connect(self.go_to)
        self.retitle()

    @property
    def language(self) -> str:
        """The format whose script is shown."""
        return (NUMPY, PYTORCH)[self.tabs.currentIndex()]

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(150, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        theme = self.theme
        self.copy.setText(_("Copy"))
        self.copy.setToolTip(_("Copy the whole script to the clipboard"))
        self.text.setAccessibleName(_("Code of the network"))
        self.text.setToolTip(_("Click a line to go to its step"))
        self.text.dress(theme)
        self._colours.dress(theme)
        self._of = ()
        self.touch()

    def refresh(self) -> None:
        """The script of the project as it is, and the lines of the present step."""
        shown = self.studio.shown
        project = shown.project
        now = (self.language, *_what_is_told(project))
        if len(now) != len(self._of) or any(a is not b for a, b in zip(now, self._of, strict=True)):
            self._of = now
            self._write(project)
        moment = present(shown)
        lit = () if moment is None else self.listing.lit(moment)
        phase = FORWARD if moment is None else moment.phase
        self.text.light(lit, QColor(self.theme.colours[ROLES[phase]]))

    def go_to(self, line: int) -> None:
        """Select what the line with that number (from 1) is of, and go to its step."""
        timeline = self.studio.shown.timeline
        found = self.listing.step_at(line, timeline, present(self.studio.shown))
        if found is None:
            return
        if found.node:
            self.studio.select([found.node])
        number = None if timeline is None else number_of(found, timeline)
        if number is not None:
            self.studio.show_position(number - DONE)

    def _write(self, project: Project) -> None:
        why = _("There is nothing to write down yet.")
        listing = Listing("", ())
        if project.graph.nodes:
            try:
                files = formats.made(project, self.language)
                listing = Listing(files.main.decode(), files.spans)
            except StudioError as error:
                why = str(error)
        self.listing = listing
        self.why.setText(why)
        self.why.setVisible(not listing.text)
        self.text.setVisible(bool(listing.text))
        self.copy.setEnabled(bool(listing.text))
        self.text.write(listing.text)

    def _copy(self, _checked: bool = False) -> None:
        self.studio.at_once()
        self.refresh()
        QGuiApplication.clipboard().setText(self.listing.text)
        self.studio.notice(_("The script is on the clipboard."))


@dataclass(frozen=True, eq=False)
class Listing:
    """A script and what its lines do."""

    text: str
    spans: tuple[Span, ...]

    def lit(self, moment: Moment) -> tuple[Span, ...]:
        """The lines that do what happens in a moment, its own before those that it shares.

        Where a script leaves a phase to a library, as PyTorch's goes back by itself, the line that
        asks for it is lit, and faintly the line forward that is gone back over.
        """
        own = [s for s in self.spans if (s.phase, s.node) == (moment.phase, moment.node)]
        if own:
            return tuple(sorted(own, key=lambda span: span.shared))
        whole = [s for s in self.spans if s.phase == moment.phase and not s.node]
        if moment.phase != BACKWARD:
            return tuple(whole)
        there = [s for s in self.spans if (s.phase, s.node) == (FORWARD, moment.node)]
        return (*whole, *(s._replace(shared=True) for s in there if not s.shared))

    def step_at(self, line: int, timeline: Timeline | None, now: Moment | None) -> Span | None:
        """What a line does. Of the nodes that share it the present one, else the first to come."""
        here = [span for span in self.spans if span.first <= line <= span.last]
        if not here:
            return None
        present = [span for span in here if now is not None and span.node == now.node]
        if timeline is None:
            return (present or here)[0]
        return (present or sorted(here, key=lambda s: number_of(s, timeline) or len(timeline)))[0]


class CodeView(QPlainTextEdit):
    """The text: it can be selected, and a click or Enter chooses a line."""

    chosen = Signal(int)
    """A line was chosen, by its number from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setCursorWidth(0)
        self._theme: Theme = THEMES["light"]
        self._lit: tuple[Span, ...] = ()

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.setStyleSheet(
            f"QPlainTextEdit {{ background: {theme.colours['panel']}; border: none;"
            f" border-top: 1px solid {theme.colours['border']}; border-radius: 0; }}"
        )
        self.setFont(code_font(12 * theme.type))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)

    def write(self, text: str) -> None:
        """Show another text, from where the old one was looked at."""
        bar = self.verticalScrollBar()
        place = bar.value()
        with QSignalBlocker(bar):
            self.setPlainText(text)
        bar.setValue(place)
        self._lit = ()

    def light(self, spans: tuple[Span, ...], colour: QColor) -> None:
        """Light these lines; the first of them come into sight, the others if there is room."""
        selections = []
        for span in spans:
            fill = _mixed(self._theme, colour, DIM if span.shared else LIT)
            for line in range(span.first, span.last + 1):
                selections.append(self._whole_line(line, fill))
        self.setExtraSelections(selections)
        if spans and spans != self._lit:
            self._bring_into_sight(spans)
        self._lit = spans

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click that selected no text chooses its line."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self._choose(self.cursorForPosition(event.position().toPoint()).block())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses the line of the cursor."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.textCursor().block())
        else:
            super().keyPressEvent(event)

    def _choose(self, block: QTextBlock) -> None:
        if block.isValid():
            self.chosen.emit(block.blockNumber() + 1)

    def _whole_line(self, line: int, fill: QColor) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        made = selection.format
        made.setBackground(QBrush(fill))
        made.setProperty(QTextFormat.Property.FullWidthSelection, True)
        selection.cursor = QTextCursor(self.document().findBlockByNumber(line - 1))
        return selection

    def _bring_into_sight(self, spans: tuple[Span, ...]) -> None:
        top = self.firstVisibleBlock().blockNumber() + 1
        bottom = self.cursorForPosition(QPoint(0, self.viewport().height() - 1)).blockNumber() + 1
        room = max(bottom - top, 1)
        first, last = spans[0].first, spans[0].last
        together = [*spans[1:2], spans[0]]
        low, high = min(s.first for s in together), max(s.last for s in together)
        if high - low < room:
            first, last = low, high
        if first < top or last > bottom:
            self.verticalScrollBar().setValue(max(0, (first + last) // 2 - room // 2 - 1))


def number_of(span: Span, timeline: Timeline) -> int | None:
    """The number of the moment whose step the lines do; None where there is none."""
    if not span.node:
        return next((m.number for m in timeline.moments if m.phase == span.phase), None)
    known = timeline.known_at if span.phase == FORWARD else timeline.backward_at
    return known.get(span.node) or None


def _what_is_told(project: Project) -> tuple[object, ...]:
    """All that a script says something of; where nodes stand it does not."""
    parts = (project.graph, project.given, project.weights, project.statistics)
    return (*parts, project.data, project.training, project.title)


def _mixed(theme: Theme, colour: QColor, share: float) -> QColor:
    over = colour.red(), colour.green(), colour.blue()
    return QColor(blend(theme.rgb("panel"), over, share))
