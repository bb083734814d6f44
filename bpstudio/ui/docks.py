"""The panels around the canvas, each in a dock: which there are, and where they stand.

What they import takes longer than all the rest, so they are made after the first paint, one at a
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QTabWidget,
    QWidget,
)

from bpstudio.language import N_, _
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
GATES, LAYERS = "gates", "layers"
"""What a project is of: gates that compute, or layers that learn."""
ASKED = "asked"
"""Closed until a person opens it."""
LOW = 700
"""In a window lower than that a lesson has the panels below put away."""
NARROW = 960
"""Pixels, at the usual size of type, below which a lesson has the panels at the right under its
own tabs: side by side they would leave the canvas nothing that can be read."""
LEAST = 120
"""Pixels, at the usual size of type, below which a panel beside others can't be read any more."""
PLOT = "PlotPanel"
HORIZONTAL, VERTICAL = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


@dataclass(frozen=True)
class Panel:
    """What stands in a dock: a class of `ui.panels`, and where it is at first.

    `of` says for which projects it is open at first; empty for all, `ASKED` for none.
    """

    name: str
    kind: str
    title: str
    area: Qt.DockWidgetArea
    share: int = 1
    of: str = ""

    @property
    def is_plot(self) -> bool:
        """Whether it is one of `playback.plots`; those stand in tabs, in a menu of their own."""
        return self.kind == PLOT

    @property
    def modules(self) -> tuple[str, ...]:
        """What has to be imported to make it: its class is in the first of them."""
        if self.is_plot:
            return "bpstudio.ui.panels.plot", f"bpstudio.playback.plots.{self.name}"
        return (f"bpstudio.ui.panels.{self.name}",)

    def make(self, studio: Studio, parent: QWidget | None = None) -> QWidget:
        """The panel itself."""
        module, *plots = map(import_module, self.modules)
        made: QWidget = getattr(module, self.kind)(studio, *(plot.PLOT for plot in plots), parent)
        return made


PANELS = (
    Panel("palette", "PalettePanel", N_("Palette"), LEFT),
    Panel("lesson", "LessonPanel", N_("Lesson"), LEFT, of=ASKED),
    Panel("inspector", "InspectorPanel", N_("Inspector"), RIGHT),
    Panel("trainer", "TrainerPanel", N_("Training"), RIGHT),
    Panel("outline", "OutlinePanel", N_("Outline"), RIGHT, of=ASKED),
    Panel("practice", "PracticePanel", N_("Practice"), RIGHT, of=ASKED),
    Panel("lab", "LabPanel", N_("Break it"), RIGHT, of=ASKED),
    Panel("loss", "LossPanel", N_("Loss"), BOTTOM, share=30, of=LAYERS),
    Panel("boundary", "BoundaryPanel", N_("Decision boundary"), BOTTOM, share=22, of=LAYERS),
    Panel("weights", "WeightsPanel", N_("Weight updates"), BOTTOM, share=26, of=LAYERS),
    Panel("local", "LocalPanel", N_("Local derivative"), BOTTOM, share=52, of=GATES),
    Panel("recording", "RecordingPanel", N_("Recording"), BOTTOM, share=26),
    Panel("why", "WhyPanel", N_("Why?"), RIGHT, of=ASKED),
    Panel("runs", "RunsPanel", N_("Runs"), BOTTOM, share=36, of=ASKED),
    Panel("code", "CodePanel", N_("Code"), BOTTOM, share=44, of=ASKED),
    Panel("checking", "CheckingPanel", N_("Gradient check"), BOTTOM, share=52, of=ASKED),
    Panel("training_race", "TrainingRacePanel", N_("Training race"), BOTTOM, share=56, of=ASKED),
    Panel("neurons", PLOT, N_("Neurons"), BOTTOM, of=ASKED),
    Panel("warp", PLOT, N_("Warped plane"), BOTTOM, of=ASKED),
    Panel("layers", PLOT, N_("Spread over time"), BOTTOM, of=ASKED),
    Panel("steps", PLOT, N_("Step arrows"), BOTTOM, of=ASKED),
    Panel("norms", PLOT, N_("Gradient norms"), BOTTOM, of=ASKED),
    Panel("ratios", PLOT, N_("Update to weight"), BOTTOM, of=ASKED),
    Panel("activations", PLOT, N_("Activations"), BOTTOM, of=ASKED),
    Panel("landscape", PLOT, N_("Loss landscape"), BOTTOM, of=ASKED),
)


class Dock(QDockWidget):
    """A panel with its title in small capitals; beside others under tabs, without it.

    In a window of its own it has the frame, the title and the cross of a window instead.
    """

    def __init__(self, panel: Panel, window: QMainWindow) -> None:
        super().__init__(window)
        self.panel = panel
        self.setObjectName(f"dock-{panel.name}")
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )
        self._heading = QLabel()
        self._heading.setProperty("role", "heading")
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(14, 10, 14, 4)
        row.addWidget(self._heading)
        self.setTitleBarWidget(self._bar)
        self.topLevelChanged.connect(self._frame)
        self.retitle()

    @property
    def filled(self) -> bool:
        """Whether its panel is there."""
        return self.widget() is not None

    def fill(self, studio: Studio) -> None:
        """Make its panel."""
        widget = self.panel.make(studio, self)
        widget.setAutoFillBackground(True)
        self.setWidget(widget)

    def retitle(self) -> None:
        """Say its title in the current language."""
        self.setWindowTitle(_(self.panel.title))
        self._heading.setText(_(self.panel.title).upper())

    def show_title(self, shown: bool) -> None:
        """Under tabs the title stands on the tab already."""
        self._heading.setVisible(shown)
        margins = (14, 10, 14, 4) if shown else (0, 0, 0, 0)
        layout = self._bar.layout()
        if layout is not None:
            layout.setContentsMargins(*margins)
        self._bar.setFixedHeight(self._bar.sizeHint().height() if shown else 0)

    def _frame(self, alone: bool) -> None:
        # With a title bar of ours Qt would leave the system's frame away.
        if alone:
            self.setTitleBarWidget(None)  # type: ignore[arg-type]
        else:
            self.setTitleBarWidget(self._bar)
            self._bar.show()


class Docks(QObject):
    """All docks of a window.

    `touched` says whether a person has moved, closed or sized any; until then they take their
    share of whatever size the window has. `empty` gives those whose panels are still to be made.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.touched = False
        self._of = LAYERS
        self._lean = False
        self._tucked = False
        self._stacked = False
        self._window = window
        self.by_name = {panel.name: Dock(panel, window) for panel in PANELS}
        window.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
        )
        window.setCorner(Qt.Corner.BottomLeftCorner, BOTTOM)
        window.setCorner(Qt.Corner.BottomRightCorner, BOTTOM)
        window.setTabPosition(LEFT | RIGHT | BOTTOM, QTabWidget.TabPosition.North)
        self.arrange()
        for dock in self.by_name.values():
            dock.topLevelChanged.connect(self._touch)
            dock.dockLocationChanged.connect(self._soon)
            dock.toggleViewAction().triggered.connect(self._soon)
            dock.toggleViewAction().triggered.connect(self._share)
            dock.toggleViewAction().triggered.connect(partial(self._raise, dock))
        self.empty = (dock for dock in self.by_name.values() if not dock.filled)
        window.installEventFilter(self)

    def arrange(self) -> None:
        """Put every dock where it stands at first."""
        self._tucked = False
        for area in (LEFT, RIGHT, BOTTOM):
            docks = [dock for dock in self.by_name.values() if dock.panel.area == area]
            for dock in docks:
                dock.setFloating(False)
                dock.setVisible(dock.panel.of in ("", self._of))
            self._put(docks, area)
        self.title_by_place()
        self.touched = False

    def _put(self, docks: Sequence[Dock], area: Qt.DockWidgetArea) -> None:
        """Place all docks of an area: under tabs at the sides, side by side below."""
        for before, dock in zip([None, *docks], docks, strict=False):
            self._window.addDockWidget(area, dock)
            if dock.panel.is_plot:
                self._window.tabifyDockWidget(self.by_name["weights"], dock)
            elif before is not None and (area != BOTTOM or self._stacked):
                self._window.tabifyDockWidget(before, dock)
            elif before is not None:
                self._window.splitDockWidget(before, dock, HORIZONTAL)

    def suit(self, learns: bool) -> None:
        """Open what belongs to a project that learns, or to one that only computes.

        Once a person has moved docks they stay as they are.
        """
        of = LAYERS if learns else GATES
        if of != self._of and not self.touched:
            self._of = of
            for dock in self.by_name.values():
                if dock.panel.of != ASKED:
                    dock.setVisible(dock.panel.of in ("", of))
            self._lean = False
            self.size(self._window.size())
        elif not self.touched:
            self._make_room(self._window.size())

    def size(self, window: QSize) -> None:
        """Give every dock its share of a window of that size.

        What holds larger type needs more room, yet leaves the canvas some.
        """
        self._make_room(window)
        grown = self._window.studio.theme.type
        wide, high = window.width(), window.height()
        left = min(226 * grown, max(150 * grown, wide * 0.16), max(150, wide * 0.2))
        if not self.by_name["lesson"].isHidden():
            # It is there to be read.
            left = min(380 * grown, max(230 * grown, wide * 0.27), max(230, wide * 0.34))
        right = min(332 * grown, max(216 * grown, wide * 0.24), max(216, wide * 0.34))
        below = min(290 * grown, max(130, high * 0.27))
        side = {"palette": round(left), "inspector": round(right)}
        if self._tucked:
            del side["inspector"]
        names = [self.by_name[name] for name in side]
        self._window.resizeDocks(names, list(side.values()), HORIZONTAL)
        lowest = [
            dock
            for dock in self.by_name.values()
            if dock.panel.area == BOTTOM and not (dock.isHidden() or dock.panel.is_plot)
        ]
        self._stack(len(lowest) * LEAST * grown > wide)
        self._window.resizeDocks(lowest, [round(below)] * len(lowest), VERTICAL)
        whole = sum(dock.panel.share for dock in lowest) or 1
        shares = [dock.panel.share * wide // whole for dock in lowest]
        self._window.resizeDocks(lowest, shares, HORIZONTAL)

    def _stack(self, stacked: bool) -> None:
        """Put the panels below under tabs, where side by side none could be read; or beside."""
        if stacked == self._stacked:
            return
        self._stacked = stacked
        low = [dock for dock in self.by_name.values() if dock.panel.area == BOTTOM]
        first = next((dock for dock in low if not dock.isHidden()), low[0])
        self._put(low, BOTTOM)
        first.raise_()
        self._soon()

    def _tuck(self, tucked: bool) -> None:
        """Put the panels at the right under the tabs of the lesson; or back."""
        if tucked == self._tucked:
            return
        self._tucked = tucked
        lesson = self.by_name["lesson"]
        right = [dock for dock in self.by_name.values() if dock.panel.area == RIGHT]
        if tucked:
            for dock in right:
                self._window.tabifyDockWidget(lesson, dock)
            lesson.raise_()
        else:
            self._put(right, RIGHT)
            self.by_name["trainer" if self._of == LAYERS else "inspector"].raise_()
        self._soon()

    def _make_room(self, window: QSize) -> None:
        """What a lesson needs room for: its text, its network, and nothing that it can go without.

        In a narrow window what stands at the right shares its place; in a low one, or where there
        is no network to tell of, the panels below are put away. All of it comes back after.
        """
        studio = self._window.studio
        teaches = studio.aside is not None and not self.by_name["lesson"].isHidden()
        self._tuck(teaches and window.width() < NARROW * studio.theme.type)
        lean = teaches and (window.height() < LOW or not studio.project.graph.nodes)
        if lean != self._lean:
            self._lean = lean
            for dock in self.by_name.values():
                if dock.panel.area == BOTTOM and dock.panel.of in ("", self._of):
                    dock.setVisible(not lean)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notes that a line between docks is taken: the window's own ground lies nowhere else."""
        if event.type() == QEvent.Type.MouseButtonPress and watched is self._window:
            self.touched = True
        return False

    def retitle(self) -> None:
        """Say all titles in the current language."""
        for dock in self.by_name.values():
            dock.retitle()
        self.title_by_place()

    def title_by_place(self) -> None:
        """Titles above those that stand alone, none above those under tabs."""
        for dock in self.by_name.values():
            dock.show_title(not self._window.tabifiedDockWidgets(dock))

    def open(self, name: str) -> None:
        """Open a dock, if it is closed, and bring it to the front."""
        dock = self.by_name[name]
        if dock.isHidden():
            dock.toggleViewAction().trigger()
            self._soon()
        dock.raise_()

    def bring(self, name: str) -> None:
        """Raise a dock above those that it shares a place with, if it is open.

        What a person asked for stays in front: it is being worked with.
        """
        dock = self.by_name[name]
        beside = self._window.tabifiedDockWidgets(dock)
        wanted = [other for other in self.by_name.values() if other.panel.of == ASKED]
        in_front = (other for other in wanted if other in beside)
        if not dock.isHidden() and all(other.visibleRegion().isEmpty() for other in in_front):
            dock.raise_()

    def _share(self, _open: bool) -> None:
        """A panel was opened or closed: let all have their share of the room that there is."""
        if not self.touched:
            self.size(self._window.size())

    def _raise(self, dock: Dock, _opened: bool = False) -> None:
        """What was opened is seen, whatever stood before it under the same tabs."""
        if not dock.isHidden():
            dock.raise_()

    def _touch(self, _floating: bool) -> None:
        self.touched = True
        self._soon()

    def _soon(self, *_: object) -> None:
        # Qt says that a dock moved before it is where it will be.
        QTimer.singleShot(0, self._window, self.title_by_place)
