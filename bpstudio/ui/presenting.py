"""Presenting: the network over the whole screen in large type, led by the three keys of a clicker.

On the way in everything but the canvas is put away, on the way out it stands as it stood. The
view follows what happens, as near as it must be for the numbers to be read from the back row; it
depends on the moment alone, so going back shows exactly what was there.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolBar, QVBoxLayout

from bpstudio.language import _
from bpstudio.playback.bodies import NUMBER
from bpstudio.playback.marks import Rect, around
from bpstudio.ui import pointing
from bpstudio.ui.canvas.canvas import ROOM
from bpstudio.ui.canvas.view import STEPS, View
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.notes import Notes
from bpstudio.ui.pointing import Pointing
from bpstudio.ui.prompting import Prompt
from bpstudio.ui.studio import Kept
from bpstudio.ui.window import Window

HIGH = 28.0
"""Pixels that numbers on wires are high, at least, in a window of 720 lines."""
SNUG = 6.0
"""The room around a network that only just fits, in the canvas's units."""


class Presenter(QObject):
    """One presentation in a window, from `begin` to `end`."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("presenter")
        self.window, self.studio = window, window.studio
        self.lecture = lecture_of(window.studio)
        self.on = False
        self.overview = False
        self.prepared: list[Kept] = []
        self._at = -1
        self._start: Kept | None = None
        self._stood = QByteArray(), Qt.WindowState.WindowNoState, "", False, True
        self._bars: list[QToolBar] = []
        self._given: list[QAction] = []
        self.prompt: Prompt | None = None
        self.notes: Notes | None = None
        self.light: Pointing | None = None
        window.installEventFilter(self)
        window.canvas.installEventFilter(self)
        self.studio.moved.connect(self._follow)
        self.studio.changed.connect(self._follow)

    # -- in and out --------------------------------------------------------------------------

    def begin(self, whole_screen: bool = True) -> None:
        """Put everything but the canvas away."""
        if self.on:
            return
        window = self.window
        liked = self.studio.preferences
        state, shown = window.saveState(), window.windowState()
        self._stood = state, shown, liked.theme, window.docks.touched, liked.minimap
        self._start = self.studio.present()
        self.on, self.overview, self._at = True, False, -1
        window.setProperty("presenting", True)
        window.docks.touched = True  # no project that comes opens panels of its own
        for dock in window.docks.by_name.values():
            dock.hide()
        self._bars = [bar for bar in window.findChildren(QToolBar) if bar.isVisibleTo(window)]
        for bar in self._bars:
            bar.hide()
        window.menuBar().hide()
        # Keys of a menu that is not seen would be dead.
        self._given = list(window.actions_by_id.values())
        window.addActions(self._given)
        self.light = Pointing(window)
        self.prompt = Prompt(self.studio, window.stage)
        self.prompt.enlarge(window.height())
        layout = window.stage.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addWidget(self.prompt)
        layout.setStretch(0, 1)
        window.canvas.captioned = False
        self.studio.prefer(theme="projector", minimap=False)
        if whole_screen:
            window.setWindowState(window.windowState() | Qt.WindowState.WindowFullScreen)
        window.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        if len(window.screen().virtualSiblings()) > 1:
            self.show_notes()
        self._follow()

    def end(self) -> None:
        """Everything as it stood."""
        if not self.on:
            return
        window = self.window
        self.on = False
        self.lock(False)
        window.setProperty("presenting", False)
        for act in self._given:
            window.removeAction(act)
        for made in (self.prompt, self.light, self.notes):
            if made is not None:
                made.close()
                made.setParent(None)
                made.deleteLater()
        self.prompt, self.light, self.notes = None, None, None
        window.canvas.captioned = True
        window.menuBar().show()
        for bar in self._bars:
            bar.show()
        state, shown, theme, touched, minimap = self._stood
        window.setWindowState(shown)
        window.restoreState(state)
        window.docks.touched = touched
        if not touched:  # a lesson may have been begun or left meanwhile
            window.docks.size(window.size())
        self.studio.prefer(theme=theme, minimap=minimap)
        self._start, self.prepared = None, []
        window.canvas.fit()
        window.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- what the speaker commands -----------------------------------------------------------

    def next(self) -> None:
        """The next step of the lesson, or of the network."""
        if self.lecture.on:
            self.lecture.next()
        else:
            self.studio.step(1)

    def back(self) -> None:
        """Exactly what was there before."""
        if self.lecture.on:
            self.lecture.back()
        else:
            self.studio.step(-1)

    def point(self, mode: str) -> None:
        """Blank the screen, light a dot or a circle; once more, nothing."""
        if self.light is not None:
            self.light.show_mode(mode)

    def lock(self, locked: bool) -> None:
        """Hold mouse and commands off the network, so that nothing is changed by accident."""
        self.window.setProperty("held", locked)
        if self.light is not None:
            self.light.lock(locked)
            (self.light if locked else self.window.canvas).setFocus()
            if locked:
                self._say_locked()
            else:
                self.studio.noticed.emit(None)

    def _say_locked(self) -> None:
        way_out = self.window.actions_by_id["lock_network"].shortcut()
        keys = way_out.toString(QKeySequence.SequenceFormat.NativeText)
        locked = _("Locked: only the lesson and the steps move. {keys} unlocks.")
        self.studio.notice(locked.format(keys=keys or "Esc"))

    @property
    def locked(self) -> bool:
        """Whether the network is held."""
        return bool(self.window.property("held"))

    def reset(self) -> None:
        """The step of the lesson, or the network, exactly as it was at first.

        What was done meanwhile stays at hand among the prepared states.
        """
        if self.lecture.on:
            self.lecture.again()
        elif self._start is not None:
            self.prepared.append(self.studio.present())
            self.studio.put_back(self._start)

    def prepare(self) -> None:
        """Keep what is shown, to be called up again."""
        self.prepared.append(self.studio.present())
        count = len(self.prepared)
        self.studio.notice(_("State {count} is prepared; G calls it up.").format(count=count))

    def call_up(self) -> None:
        """The next of the prepared states; after the last the first."""
        if self.prepared and not self.lecture.on:
            self._at = (self._at + 1) % len(self.prepared)
            self.studio.put_back(self.prepared[self._at])

    def show_notes(self) -> None:
        """Open the speaker's notes, or close them."""
        if self.notes is None:
            self.notes = Notes(self.studio, self.window)
        if self.notes.isVisible():
            self.notes.close()
        else:
            self.notes.open_on_second()

    def look_over(self) -> None:
        """The whole network, or what happens from near again."""
        self.overview = not self.overview
        self._follow()

    # -- what is looked at -------------------------------------------------------------------

    @property
    def least(self) -> float:
        """The scale at which numbers on wires are as high as they must be."""
        canvas = self.window.canvas
        scale = HIGH * self.window.height() / 720 / (NUMBER * canvas.theme.type)
        return float(2.0 ** (math.ceil(STEPS * math.log2(scale) - 1e-9) / STEPS))

    def view(self) -> View:
        """All of the network where it is large enough so, else what happens with its neighbours."""
        canvas = self.window.canvas
        wide, high = canvas.width(), canvas.height()
        whole = canvas.scene.extent.grown(ROOM)
        room = min(wide / whole.width, high / whole.height)
        if self.overview or room >= self.least:
            scale = min(2.0 ** (math.floor(STEPS * math.log2(room)) / STEPS), 1.6 * self.least)
            x, y = whole.centre
        else:
            scale = self.least
            edges = canvas.scene.extent.grown(SNUG)
            if edges.height * scale > high:  # what is written below the lowest gate gives way first
                gates = around([body.rect for body in canvas.scene.each]).grown(SNUG)
                edges = Rect(edges.x, gates.y, edges.width, gates.height)
            x, y = self._centre(edges, wide / scale, high / scale)
        return View(x - wide / scale / 2, y - high / scale / 2, scale)

    def _centre(self, whole: Rect, wide: float, high: float) -> tuple[float, float]:
        """The middle of what happens and what it touches, not beyond the network's edges."""
        bodies, graph = self.window.canvas.scene.bodies, self.studio.project.graph
        instant = self.studio.shown.instant
        node = instant.moment.node if instant is not None and instant.moment is not None else None
        first = next((id for id in graph.order if id in bodies), None)
        at = node if node is not None and node in bodies else first
        if at is None:
            return whole.centre
        near = {at, *graph[at].feeding}
        near |= {id for id in graph.order if at in graph[id].feeding}
        rects = [bodies[id].rect for id in near if id in bodies]
        together = around(rects)
        if together.width > wide or together.height > high:
            together = bodies[at].rect
        x, y = together.centre
        if whole.width <= wide:
            x = whole.centre[0]
        else:
            x = min(max(x, whole.x + wide / 2), whole.right - wide / 2)
        if whole.height <= high:
            y = whole.centre[1]
        else:
            y = min(max(y, whole.y + high / 2), whole.bottom - high / 2)
        return x, y

    def _follow(self, _news: object = None) -> None:
        if self.on and self.window.canvas.scene.bodies:
            seen = self.view()
            if seen.snapped(self.window.canvas.devicePixelRatioF()) != self.window.canvas.view:
                self.window.canvas.look(seen)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another size of the canvas is another view; a window that closes stands as it stood."""
        if self.on and event.type() == QEvent.Type.Resize:
            if watched is self.window and self.prompt is not None:
                self.prompt.enlarge(self.window.height())
            else:
                QTimer.singleShot(0, self, self._follow)
        elif self.on and event.type() == QEvent.Type.Close and watched is self.window:
            self.end()
        return False


def presenter_of(window: Window) -> Presenter:
    """The one presenter of a window."""
    return window.findChild(Presenter) or Presenter(window)


POINTS = pointing.BLANK, pointing.LASER, pointing.SPOTLIGHT
"""What can be pointed with."""
