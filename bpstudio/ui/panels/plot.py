"""A plot of a training in a dock: drawn, chosen from, explained, and written to files."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.plots.plot import Look, Plot
from bpstudio.project.iteration import runnable, within
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.frame import Frame, written
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.studio import Studio
from bpstudio.ui.tracing import TRAIL, tracing_of

MARGIN = 6.0


class PlotPanel(Panel):
    """One plot; see `playback.plots`."""

    title = ""
    pause = 1 / 7

    def __init__(self, studio: Studio, plot: Plot, parent: QWidget | None = None) -> None:
        self.plot = plot
        super().__init__(studio, parent)
        self.tracing = tracing_of(studio) if plot.follows else None
        self.frame = Frame(studio, plot.name, self.content)
        self.frame.on_choice = self.touch
        self.ground = Ground()
        self.why = label("muted")
        self.why.setWordWrap(True)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.busy = QWidget()
        self.going = label("muted")
        self.cancel = QPushButton()
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout(self.busy)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.going, 1)
        row.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 2, 10, 6)
        column.setSpacing(2)
        column.addWidget(self.frame)
        column.addWidget(self.busy)
        column.addWidget(self.why)
        column.addWidget(self.ground, 1)
        self.ground.resized.connect(self.touch)
        if self.tracing is not None:
            self.tracing.moved.connect(self.touch)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(120, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        plot = self.plot
        self.frame.retitle(self.theme, _(plot.title), _(plot.sees), _(plot.seek))
        self.cancel.setText(_("Cancel"))
        self.ground.setAccessibleName(_(plot.title))
        self.ground.setAccessibleDescription(f"{_(plot.sees)} {_(plot.seek)}")
        self.ground.dress(self.theme)
        self.refresh()

    def refresh(self) -> None:
        """The plot of what is shown now."""
        look = self.look()
        self.frame.offer(self.plot.choices(look))
        if self.tracing is not None and self.isVisible():
            self.tracing.want(self, self._directions(look))
        self._say_progress()
        size = self.ground.size()
        rect = Rect(MARGIN, MARGIN, size.width() - 2 * MARGIN, size.height() - 2 * MARGIN)
        try:
            marks = self.plot.draw(look, rect, self.theme).marks
        except StudioError as error:
            self.why.setText(str(error))
            self.why.show()
            self.ground.show_marks(())
            return
        self.why.hide()
        self.ground.show_marks(marks)

    def look(self) -> Look:
        """What the plot is drawn from."""
        shown, tracing = self.studio.shown, self.tracing
        part, _goal = runnable(shown.project)
        project = within(shown.project, part)
        held = {**project.weights, **shown.weights}
        found = Look(
            project,
            {key: weight for key, weight in held.items() if key in project.weights},
            shown.step,
            max(shown.step, len(shown.losses), 0 if shown.past else project.trained.steps),
            shown.recording if shown.foretells or not self.plot.foretells else None,
            training=shown.training,
            chosen=self.frame.chosen,
        )
        if tracing is None:
            return found
        return Look(**{**vars(found), "trail": tracing.trail, "landscape": tracing.landscape})

    def content(self, ending: str) -> bytes:
        """What a file of this ending holds: the plot as it is seen, or its numbers."""
        size = self.ground.size()
        page = Rect(0, 0, max(size.width(), 200), max(size.height(), 140))
        drawing = self.plot.draw(self.look(), page.grown(-MARGIN), self.theme)
        return written(drawing, page, self.theme, _(self.plot.title), ending)

    def showEvent(self, event: QShowEvent) -> None:
        """What it needs is looked for while it can be seen."""
        super().showEvent(event)
        if self.tracing is not None:
            self.tracing.want(self, self._directions(self.look()))

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        if self.tracing is not None:
            self.tracing.let_go(self)

    def _directions(self, look: Look) -> str:
        return look.choice(self.plot.choices(look)[0]) if self.plot.surveys else ""

    def _say_progress(self) -> None:
        tracing = self.tracing
        running = tracing is not None and bool(tracing.running)
        self.busy.setVisible(running or (tracing is not None and tracing.problem is not None))
        if tracing is None:
            return
        self.cancel.setVisible(running)
        if running:
            words = _("walking the way again: {share}")
            if tracing.running != TRAIL:
                words = _("computing the loss around: {share}")
            self.going.setText(words.format(share=f"{tracing.progress:.0%}"))
        elif tracing.problem is not None:
            self.going.setText(str(tracing.problem))

    def _cancel(self, _checked: bool = False) -> None:
        if self.tracing is not None:
            self.tracing.cancel()


class Ground(QWidget):
    """Where the marks of a plot are painted."""

    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._marks: tuple[Mark, ...] = ()
        self._theme: Theme = THEMES["light"]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.update()

    def show_marks(self, marks: tuple[Mark, ...]) -> None:
        """Show these."""
        self._marks = marks
        self.update()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What is shown."""
        return self._marks

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A plot is drawn for its size."""
        super().resizeEvent(event)
        self.resized.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The marks."""
        with QPainter(self) as painter:
            paint_marks(painter, self._marks, self._theme)
