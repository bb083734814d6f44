"""The window: menus and bars, the canvas in the middle, panels in docks around it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QToolBar, QVBoxLayout, QWidget

from bpstudio import plugins
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.why import Question
from bpstudio.project.file import SUFFIX
from bpstudio.project.recovery import Orphan
from bpstudio.ui import actions, commands, icons, keys, style, warming
from bpstudio.ui.banner import Banner
from bpstudio.ui.bars import TopBar
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.dialogs import files
from bpstudio.ui.docks import Docks
from bpstudio.ui.guard import Guard
from bpstudio.ui.menus import Menus
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.readout import name_of
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Change, Studio
from bpstudio.ui.timeline_bar import TimelineBar

if TYPE_CHECKING:
    from bpstudio.project.unfinished import Unfinished

assert commands  # importing them fills the table of actions

LARGEST = QSize(1680, 1050)
"""The first size of the window, on a screen that is large enough."""
SMALLEST = QSize(640, 480)


class Window(QMainWindow):
    """Shows a studio, and hands what a person commands to it."""

    painted = Signal()
    """The window was painted for the first time."""

    ready = Signal()
    """Every panel is there."""

    given = Signal(str)
    """A command was given: its id."""

    def __init__(
        self, studio: Studio, keep: Callable[[Preferences], str], aside: Path | None = None
    ) -> None:
        """`keep` saves the preferences whenever they have changed; it returns what went wrong.

        `aside` is the folder where work is kept for recovery; without one nothing is.
        """
        super().__init__()
        self.studio: Studio = studio
        self.guard: Guard = Guard(studio, aside)
        self.guard.found.connect(self._offer)
        self.sweeps_aside = None if aside is None else aside.with_name("sweeps")
        self.cut_off: list[Unfinished] = []
        self._keep = keep
        self._spoken = studio.preferences.language
        self._leaving = False
        self._steps = self._left_for_later()
        self._asked: Question | None = None
        self._flags: tuple[object, ...] = ()
        self.setObjectName("window")
        self.setMinimumSize(SMALLEST)
        self.setAcceptDrops(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setWindowIcon(icons.application_icon())
        # Before the children connect: they look up colours and words when they hear of it.
        studio.preferred.connect(self._prefer)

        self.actions_by_id = actions.make(self, self)
        chosen = studio.preferences
        digits.choose_decimals(chosen.decimals, chosen.panel_decimals)
        keys.bind(self.actions_by_id, chosen.keys)
        actions.retitle(self.actions_by_id)
        self.canvas: Canvas = Canvas(studio)
        self.stage = Stage(self.canvas, self)
        self.stage.painted.connect(self._complete)
        self.setCentralWidget(self.stage)
        self.banner = Banner(studio, self.stage, self.actions_by_id)
        self.docks: Docks = Docks(self)
        self.menus = Menus(self, self.actions_by_id)
        self.top = TopBar(studio, self.actions_by_id, self)
        self.timeline = TimelineBar(studio, self.actions_by_id, self)
        self._add_bar("top", self.top, Qt.ToolBarArea.TopToolBarArea)
        self._add_bar("bottom", self.timeline, Qt.ToolBarArea.BottomToolBarArea)

        studio.changed.connect(self._change)
        studio.moved.connect(self._move)
        studio.selected.connect(self._select)
        self.canvas.wire_chosen.connect(self._choose_wire)
        self._entitle()
        actions.refresh(self.actions_by_id, self)
        self._restore()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def give(self, entry: actions.Action) -> None:
        """Carry a command out; what can't be done is said in the banner."""
        self.given.emit(entry.id)
        try:
            entry.run(self)
        except StudioError as error:
            self.studio.complain(error)
        actions.refresh(self.actions_by_id, self)
        self.tell_of_plugins()

    def tell_of_plugins(self) -> None:
        """Say which plugins were left out since this was asked last."""
        said = plugins.unsaid()
        if said:
            self.studio.warn(said)

    def leave_dialogs(self) -> None:
        """Close every dialog of this window; what they run beside it ends with them."""
        for top in QApplication.topLevelWidgets():
            if top.parent() is self and isinstance(top, QDialog):
                top.close()

    def restore_docks(self) -> None:
        """Every panel back to where it stands at first."""
        self.docks.arrange()
        self.docks.size(self.size())

    # -- what happens in the studio ---------------------------------------------------------

    def _change(self, change: Change) -> None:
        self._entitle()
        actions.refresh(self.actions_by_id, self)
        if change.before is not change.after and not self.studio.history.names:
            self.docks.suit(self.studio.can_train)
            self.docks.bring("trainer" if self.studio.can_train else "inspector")
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _move(self, shown: Showing) -> None:
        asked, self._asked = self._asked, shown.question
        if shown.question is not None and shown.question != asked:
            self.docks.open("why")
        past = shown.past is not None
        flags = (shown.playing, shown.training, past, shown.length, self.studio.dirty)
        if flags != self._flags:
            self._flags = flags
            self._entitle()
            actions.refresh(self.actions_by_id, self)

    def _select(self, ids: frozenset[str]) -> None:
        actions.refresh(self.actions_by_id, self)
        # Whoever walks through the outline stays there.
        walking = self.docks.by_name["outline"].isAncestorOf(self.focusWidget() or self)
        if ids and not self.studio.shown.training and not walking:
            self.docks.bring("inspector")

    def _choose_wire(self) -> None:
        actions.refresh(self.actions_by_id, self)

    def _prefer(self, preferences: Preferences) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            style.apply(app, self.studio.theme)
        digits.choose_decimals(preferences.decimals, preferences.panel_decimals)
        keys.bind(self.actions_by_id, preferences.keys)
        actions.retitle(self.actions_by_id)
        actions.draw_icons(self.actions_by_id)
        # The children hear of it after this; their texts are ours to say.
        QTimer.singleShot(0, self, self._retitle)
        complaint = self._keep(preferences)
        if complaint:
            self.studio.notice(complaint)

    def _retitle(self) -> None:
        self.menus.retitle()
        self.docks.retitle()
        if not self.docks.touched:
            self.docks.size(self.size())
        self.top.retitle()
        self.timeline.retitle()
        self.banner.retitle()
        self._entitle()
        actions.refresh(self.actions_by_id, self)

    def _entitle(self) -> None:
        studio = self.studio
        name = name_of(studio.path, studio.project)
        if studio.document.locked is not None:
            name = _("{name} (only to look at)").format(name=name)
        self.setWindowTitle(_("{name}[*] – Backprop Studio").format(name=name))
        self.setWindowModified(studio.dirty)

    def _offer(self, orphans: list[Orphan]) -> None:
        # It is hardly ever needed, and would delay the first paint.
        from bpstudio.project.unfinished import left_behind
        from bpstudio.ui.dialogs import recovery

        if self.sweeps_aside is not None:
            self.cut_off = left_behind(self.sweeps_aside)
            actions.refresh(self.actions_by_id, self)
        recovery.offer(self, orphans)

    # -- the window itself ------------------------------------------------------------------

    def _add_bar(self, name: str, widget: QWidget, area: Qt.ToolBarArea) -> None:
        bar = QToolBar(self)
        bar.setObjectName(name)
        bar.setMovable(False)
        bar.setFloatable(False)
        bar.addWidget(widget)
        self.addToolBar(area, bar)

    def _restore(self) -> None:
        saved = self.studio.preferences
        if not (saved.geometry and self.restoreGeometry(b64decode(saved.geometry))):
            self.resize(LARGEST.boundedTo(self.screen().availableSize() * 0.94))
        self.docks.size(self.size())
        self.docks.touched = bool(saved.docks) and self.restoreState(b64decode(saved.docks))
        self.docks.title_by_place()

    def _complete(self) -> None:
        """The rest comes after the first paint, one thing at a time."""
        self.painted.emit()
        actions.draw_icons(self.actions_by_id)
        QTimer.singleShot(0, self, self._go_on)

    def _go_on(self) -> None:
        step = None if self._leaving else next(self._steps, None)
        if step is not None:
            # First, so that a fault in one step does not keep the others away.
            QTimer.singleShot(0, self, self._go_on)
            step()

    def _left_for_later(self) -> Iterator[Callable[[], None]]:
        for dock in self.docks.empty:
            yield from warming.imports(dock.panel.modules)
            yield partial(dock.fill, self.studio)
        yield self.guard.begin
        yield self.ready.emit
        yield from warming.imports(warming.later())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space that nothing else takes searches for a gate, as on the canvas."""
        if event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.canvas.search_here()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about what is not saved, then leave."""
        if not self._leaving:
            if self.studio.saving.after("close", self.close):
                event.ignore()
                return
            self.studio.come_back()
            self.studio.land()
            if self.studio.dirty:
                event.ignore()
                files.settle(self, self._leave)
                return
            self._end()
        event.accept()
        super().closeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Panels that nobody has sized take their share of the new size."""
        super().resizeEvent(event)
        if not self.docks.touched:
            self.docks.size(self.size())

    def _leave(self) -> None:
        self._end()
        # An answer may come while the first attempt to close is still going on.
        QTimer.singleShot(0, self, self.close)

    def _end(self) -> None:
        """Keep how the window stood, and end what runs beside it."""
        self._leaving = True
        self.leave_dialogs()
        geometry = b64encode(bytes(self.saveGeometry().data())).decode()
        state = bytes(self.saveState().data()) if self.docks.touched else b""
        kept = msgspec.structs.replace(
            self.studio.preferences, geometry=geometry, docks=b64encode(state).decode()
        )
        self._keep(kept)
        for cut_off in self.cut_off:
            cut_off.release()
        self.guard.close(give_up=True)
        self.studio.close()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Projects and tables may be dropped anywhere."""
        if _file_in(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the project that was dropped, or ask how to read the table."""
        path = _file_in(event)
        if path is None:
            return
        event.acceptProposedAction()
        if path.suffix.lower() in files.TABLES:
            from bpstudio.ui.dialogs.tables import load_table

            load_table(self, path)
        else:
            files.open_path(self, path)


class Stage(QWidget):
    """Where the canvas stands, and what lies over it."""

    painted = Signal()
    """It was painted for the first time; said once, when the painting is done."""

    def __init__(self, canvas: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = canvas
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(canvas)
        # The canvas covers this wholly, so this itself is never painted.
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Waits for the first time that the canvas is painted."""
        if event.type() == QEvent.Type.Paint:
            self._canvas.removeEventFilter(self)
            QTimer.singleShot(0, self, self.painted.emit)
        return False


def _file_in(event: QDropEvent) -> Path | None:
    """The one project or table that is dragged, if it is one."""
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.suffix.lower() in (SUFFIX, *files.TABLES) else None
