"""A monkey at the window: events as a careless person makes them, chosen by a seed.

Mouse, keys and text go to the native window, so that popups, modal dialogs, focus and shortcuts
are found by Qt as ever. Two monkeys of one seed do the same.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QInputMethodEvent,
    QKeySequence,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from bpstudio import resources
from bpstudio.project import file
from bpstudio.ui.actions import table
from bpstudio.ui.canvas.adding import DATA_TYPE, OP_TYPE
from bpstudio.ui.panels.entries import found
from bpstudio.ui.window import Window
from tests.ui.clockwork import Clockwork

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
THEMES, LANGUAGES = ("light", "dark", "projector"), ("en", "ko")
NONE, SHIFT, CONTROL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
KEYS = (
    *(Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Tab, Qt.Key.Key_Backtab),
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home),
    *(Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_End, Qt.Key.Key_PageDown),
    *(Qt.Key.Key_F2, Qt.Key.Key_F10, Qt.Key.Key_Menu, Qt.Key.Key_Plus, Qt.Key.Key_Minus),
    *(Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_D, Qt.Key.Key_G, Qt.Key.Key_L, Qt.Key.Key_N),
    *(Qt.Key.Key_V, Qt.Key.Key_X, Qt.Key.Key_Y, Qt.Key.Key_Z, Qt.Key.Key_1, Qt.Key.Key_0),
)
TEXTS = (
    *("x", "relu", "(x+y)*z", "sigmoid(w*x+b)", "3", "-0.5", "1e9", "nan", "1e999", "0", "7"),
    *("[1, 2, 3]", "dense", "곱하기", "+", "max(a, b)^2", "x/0", "a" * 90, "é 한글", ")", "<b>x"),
)
SIZES = ((640, 480), (800, 600), (1024, 700), (1280, 800), (1680, 1050))
MOST = 150
"""Nodes; a network that has grown beyond is given up for another."""
RINGS = 1
"""How often the timers ring of all that goes on beside what the monkey does, after each action."""
KEPT = 20
"""How many of the newest actions are told when something goes wrong."""


class Monkey:
    """Acts on a window; `settle` is what to do when it has been closed, or has grown too large."""

    def __init__(self, window: Window, seed: int, folder: Path, clock: Clockwork) -> None:
        self.window = window
        self.studio = window.studio
        self.clock = clock
        self.random = random.Random(seed)
        self.folder = folder
        self.events = 0
        self.slowest = self._began = 0.0
        self.acted: deque[str] = deque(maxlen=KEPT)
        self._held: Qt.MouseButton | None = None
        self._actions: list[tuple[Callable[[], str], int]] = [
            (self.move, 10),
            (self.click, 14),
            (self.double_click, 5),
            (self.press, 5),
            (self.release, 5),
            (self.drag, 14),
            (self.wheel, 6),
            (self.key, 14),
            (self.shortcut, 8),
            (self.text, 5),
            (self.compose, 1),
            (self.command, 10),
            (self.poke, 12),
            (self.drop_entry, 4),
            (self.drop_file, 1),
            (self.undo_and_redo, 4),
            (self.pass_time, 8),
            (self.resize, 2),
            (self.prefer, 1),
            (self.tip, 2),
            (self.leave_dialogs, 3),
        ]

    def act(self) -> None:
        """Do one thing, and let Qt do all that follows from it."""
        actions, weights = zip(*self._actions, strict=True)
        (action,) = self.random.choices(actions, weights)
        self.acted.append(f"{self.events}: {action.__name__}")
        self._began = time.thread_time()
        told = action()
        self._look_at_clock()
        self.acted[-1] += f" {told}"
        if len(self.studio.project.graph.nodes) > MOST:
            self.begin_anew()

    def _timed(self, command: Callable[[], None]) -> None:
        """One of several events of an action, with a time of its own."""
        self._began = time.thread_time()
        command()
        self._look_at_clock()

    def _look_at_clock(self) -> None:
        for _time in range(RINGS):
            QApplication.processEvents()
            self.clock.ring(but=self._slow())
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        took = time.thread_time() - self._began
        self._began = time.thread_time()
        self.slowest = max(self.slowest, took)
        if took > 2.0:
            raise AssertionError(f"it took {took:.1f} s")

    def enter(self, window: Window) -> None:
        """Go on at another window."""
        self.window, self.studio, self._held = window, window.studio, None

    def begin_anew(self) -> None:
        """Another project, without asking."""
        examples = sorted(resources.path("examples").glob("*.bps"))
        self.acted.append(f"{self.events}: begin anew")
        self.studio.begin(file.load(self.random.choice(examples)))
        QApplication.processEvents()

    # -- where -------------------------------------------------------------------------------

    def target(self) -> QWidget:
        """The window that would get what a person does next."""
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if popup is not None and _alive(popup):
            return popup
        if modal is not None and _alive(modal) and self.random.random() < 0.9:
            return modal
        tops = sorted(
            (w for w in QApplication.topLevelWidgets() if _alive(w)),
            key=lambda w: (w.metaObject().className(), w.objectName(), w.x(), w.y()),
        )
        others = [w for w in tops if w is not self.window]
        return self.random.choice(others) if others and self.random.random() < 0.1 else self.window

    def spot(self, top: QWidget) -> QPoint:
        """A place in a window; on the canvas mostly where there is something."""
        if top is not self.window or self.random.random() < 0.3:
            return QPoint(
                self.random.randrange(max(top.width(), 1)),
                self.random.randrange(max(top.height(), 1)),
            )
        canvas = self.window.canvas
        x = self.random.randrange(max(canvas.width(), 1))
        y = self.random.randrange(max(canvas.height(), 1))
        places = self._places()
        if places and self.random.random() < 0.75:
            at = canvas.view.to_widget(self.random.choice(places))
            if 0 <= at[0] < canvas.width() and 0 <= at[1] < canvas.height():
                x = round(at[0]) + self.random.choice((0, 0, 0, -3, 4))
                y = round(at[1]) + self.random.choice((0, 0, 0, -3, 4))
        return canvas.mapTo(top, QPoint(x, y))

    def _places(self) -> list[tuple[float, float]]:
        """Where something can be taken hold of on the canvas."""
        canvas = self.window.canvas
        drawn, targets = canvas.scene, canvas.targets
        places = [body.rect.centre for body in drawn.each]
        places += [body.output for body in drawn.each]
        places += [tuple(place) for place in targets.inputs.tolist()]
        places += [tuple(path.points[0][len(path.points[0]) // 2].tolist()) for path in drawn.paths]
        places += [frame.mark.centre for frame in drawn.frames]
        places += [frame.head.centre for frame in drawn.frames]
        return places

    # -- mouse -------------------------------------------------------------------------------

    def move(self) -> str:
        """The pointer goes somewhere."""
        top = self.target()
        return self._move(top, self.spot(top))

    def click(self) -> str:
        """A button, now and then with a key held."""
        top = self.target()
        place = self.spot(top)
        button = self.random.choices((LEFT, RIGHT, MIDDLE), (12, 3, 1))[0]
        held = self.random.choices((NONE, CONTROL, SHIFT, ALT), (12, 3, 2, 1))[0]
        told = f"{button.name} {held.name} {self._move(top, place)}"
        self._click(top, button, held, place)
        return told

    def double_click(self) -> str:
        """Two clicks at once."""
        top = self.target()
        place = self.spot(top)
        told = self._move(top, place)
        self._click(top, LEFT, NONE, place)
        if _alive(top):
            self.events += 2
            QTest.mouseDClick(top.windowHandle(), LEFT, NONE, _inside(top, place))
        return told

    def press(self) -> str:
        """A button goes down, and stays down for a while."""
        if self._held is not None:
            return self.release()
        top = self.target()
        place = self.spot(top)
        told = f"{_named(top)} {place.toTuple()}"
        self._held = self.random.choices((LEFT, RIGHT, MIDDLE), (12, 1, 2))[0]
        self.events += 1
        QTest.mousePress(top.windowHandle(), self._held, NONE, _inside(top, place))
        return f"{self._held.name} {told}"

    def release(self) -> str:
        """The button that is down goes up."""
        if self._held is None:
            return "nothing"
        top = self.target()
        place = self.spot(top)
        told = f"{_named(top)} {place.toTuple()}"
        held, self._held = self._held, None
        self.events += 1
        QTest.mouseRelease(top.windowHandle(), held, NONE, _inside(top, place))
        return f"{held.name} {told}"

    def drag(self) -> str:
        """From one place to another, and perhaps something else on the way."""
        top = self.target()
        start, end = self.spot(top), self.spot(top)
        button = self.random.choices((LEFT, MIDDLE), (8, 1))[0]
        held = self.random.choices((NONE, CONTROL, SHIFT), (8, 1, 1))[0]
        told = f"{button.name} {held.name} {self._move(top, start)} {end.toTuple()}"
        if _alive(top):
            self.events += 2
            QTest.mousePress(top.windowHandle(), button, held, _inside(top, start))
        for way in (0.1, 0.5, 0.9, 1.0):
            if not _alive(top):
                return told
            self._move(top, start + (end - start) * way)
            if self.random.random() < 0.06 and _alive(top):
                between = self.random.choice((self.key, self.shortcut, self.wheel, self.resize))
                told += f", {between.__name__} {between()}"
        if _alive(top):
            QTest.mouseRelease(top.windowHandle(), button, held, _inside(top, end))
        return told

    def wheel(self) -> str:
        """Turns of a wheel, or of a touchpad."""
        top = self.target()
        place = self.spot(top)
        under = top.childAt(place) or top
        turn = self.random.choice((120, -120, 120, -120, 15, -7, 1200, -2400))
        held = self.random.choices((NONE, CONTROL, SHIFT), (8, 1, 1))[0]
        self.events += 1
        event = QWheelEvent(
            QPointF(under.mapFrom(top, place)),
            QPointF(top.mapToGlobal(place)),
            QPoint(0, 0),
            QPoint(0, turn) if self.random.random() < 0.8 else QPoint(turn, 0),
            Qt.MouseButton.NoButton,
            held,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        told = f"{turn} {held.name} {_named(under)} {place.toTuple()}"
        QApplication.sendEvent(under, event)
        return told

    def _click(
        self, top: QWidget, button: Qt.MouseButton, held: Qt.KeyboardModifier, place: QPoint
    ) -> None:
        for event in (QTest.mousePress, QTest.mouseRelease):
            # The first may have closed it.
            if _alive(top):
                self.events += 1
                event(top.windowHandle(), button, held, _inside(top, place))

    def _move(self, top: QWidget, place: QPoint) -> str:
        told = f"{_named(top)} {place.toTuple()}"
        self.events += 1
        QTest.mouseMove(top.windowHandle(), _inside(top, place))
        return told

    def poke(self) -> str:
        """Something that can be used, wherever it stands: a button, a field, a row."""
        top = self.target()
        there = [w for w in _within(top) if w.isEnabled() and not w.visibleRegion().isEmpty()]
        if not there:
            return "nothing"
        chosen = self.random.choice(there)
        inside = QPoint(
            self.random.randrange(max(chosen.width(), 1)),
            self.random.randrange(max(chosen.height(), 1)),
        )
        place = chosen.mapTo(top, inside)
        told = f"{_named(chosen)} {self._move(top, place)}"
        self._click(top, LEFT, NONE, place)
        return told

    def tip(self) -> str:
        """The pointer rests, and what is there says what it is."""
        top = self.target()
        place = self.spot(top)
        under = top.childAt(place) or top
        self.events += 1
        event = QHelpEvent(QEvent.Type.ToolTip, under.mapFrom(top, place), top.mapToGlobal(place))
        told = f"{_named(under)} {place.toTuple()}"
        QApplication.sendEvent(under, event)
        return told

    # -- keys --------------------------------------------------------------------------------

    def key(self) -> str:
        """A key, a few times."""
        key = self.random.choice(KEYS)
        held = self.random.choices((NONE, SHIFT, CONTROL, ALT), (10, 3, 2, 1))[0]
        times = self.random.choice((1, 1, 1, 2, 5))
        for _time in range(times):
            self._key(key, held)
        return f"{key.name} {held.name} × {times}"

    def shortcut(self) -> str:
        """The keys of a command, from wherever the keyboard is."""
        known = [keys for entry in table.values() for keys in entry.shortcut if "Q" not in keys]
        keys = self.random.choice(known)
        combination = QKeySequence(keys)[0]  # type: ignore[index]
        self._key(combination.key(), combination.keyboardModifiers())
        return keys

    def text(self) -> str:
        """Something typed wherever the keyboard is, and perhaps sent off."""
        text = self.random.choice(TEXTS)
        sent = self.random.random() < 0.6
        top = self._with_keyboard()
        for letter in text if text.isascii() else "":
            for event in (QTest.keyPress, QTest.keyRelease):
                if _alive(top):
                    self.events += 1
                    event(top.windowHandle(), ord(letter), NONE)
        if not text.isascii():
            self._commit(text)
        if sent:
            self._key(Qt.Key.Key_Return, NONE)
        return f"{text!r}{' and Return' if sent else ''}"

    def compose(self) -> str:
        """Hangul through an input method, put together letter by letter."""
        for text in ("ㄱ", "고", "곱"):
            self._compose(text, "")
        told = self.random.choice(("곱", ""))
        self._compose("", told)
        return repr(told)

    def _key(self, key: Qt.Key, held: Qt.KeyboardModifier) -> None:
        self._strike(self._with_keyboard(), key, held)

    def _strike(self, top: QWidget, key: Qt.Key, held: Qt.KeyboardModifier) -> None:
        for event in (QTest.keyPress, QTest.keyRelease):
            # The first may have closed it.
            if _alive(top):
                self.events += 1
                # A menu that goes away by a shortcut takes its native window with it, and QTest
                # would send the key there nevertheless.
                event(top if top is not self.window else top.windowHandle(), key, held)

    def _with_keyboard(self) -> QWidget:
        top = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        top = top or QApplication.activeWindow() or self.window
        return top if _alive(top) else self.window

    def _commit(self, text: str) -> None:
        self._compose("", text)

    def _compose(self, preedit: str, commit: str) -> None:
        focus = QApplication.focusWidget()
        if focus is not None and focus.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled):
            event = QInputMethodEvent(preedit, [])
            event.setCommitString(commit)
            self.events += 1
            QApplication.sendEvent(focus, event)

    # -- commands, and what is dropped -------------------------------------------------------

    def command(self) -> str:
        """A command that can be given now, as its menu entry does it."""
        if QApplication.activeModalWidget() is not None:
            return self.leave_dialogs()
        known = sorted(self.window.actions_by_id.items())
        able = [id for id, act in known if act.isEnabled()]
        weights = [0.05 if id in ("quit_studio", "full_screen") else 1.0 for id in able]
        (id,) = self.random.choices(able, weights)
        self.events += 1
        self.window.actions_by_id[id].trigger()
        return id

    def drop_entry(self) -> str:
        """A gate or a data set from the palette, over the canvas and perhaps dropped there."""
        entry = self.random.choice(found(""))
        mime = QMimeData()
        settings = "{}" if self.random.random() < 0.9 else '{"x": ['
        if entry.is_data:
            mime.setData(DATA_TYPE, f'{{"data": "{entry.name}"}}'.encode())
        else:
            mime.setData(OP_TYPE, f'{{"op": "{entry.name}", "settings": {settings}}}'.encode())
        return f"{entry.name} {self._drop(self.window.canvas, mime)}"

    def drop_file(self) -> str:
        """A project from a folder."""
        files = sorted(self.folder.glob("*"))
        mime = QMimeData()
        path = self.random.choice(files) if files else self.folder / "none.bps"
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        if QApplication.activeModalWidget() is not None:
            return "not now"
        return f"{path.name} {self._drop(self.window, mime)}"

    def dragged(self, mime: QMimeData) -> None:
        """What takes the place of Qt's loop that waits for the mouse button while one drags."""
        self.acted[-1] += f" dragged to {self._drop(self.window.canvas, mime)}"

    def _drop(self, onto: QWidget, mime: QMimeData) -> str:
        place = self.spot(self.window)
        at = (
            QPointF(onto.mapFrom(self.window, place)) if onto is not self.window else QPointF(place)
        )
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        self.events += 1
        enter = QDragEnterEvent(at.toPoint(), copy, mime, left, NONE)
        QApplication.sendEvent(onto, enter)
        if not enter.isAccepted():
            return "refused"
        for _step in range(3):
            at += QPointF(self.random.randint(-40, 40), self.random.randint(-40, 40))
            self.events += 1
            QApplication.sendEvent(onto, QDragMoveEvent(at.toPoint(), copy, mime, left, NONE))
        self.events += 1
        if self.random.random() < 0.2:
            QApplication.sendEvent(onto, QDragLeaveEvent())
            return "and away"
        QApplication.sendEvent(onto, QDropEvent(at, copy, mime, left, NONE))
        return f"{at.toTuple()}"

    def undo_and_redo(self) -> str:
        """Back and forth through the history."""
        back, forth = self.random.randint(0, 6), self.random.randint(0, 6)
        for name, times in (("undo", back), ("redo", forth)):
            for _time in range(times):
                if self.window.actions_by_id[name].isEnabled():
                    self.events += 1
                    self._timed(self.window.actions_by_id[name].trigger)
        return f"{back} back, {forth} forth"

    # -- the window --------------------------------------------------------------------------

    def pass_time(self) -> str:
        """Frames of playback and looks at a training pass, as their timers would have it."""
        frames = self.random.choice((1, 2, 5, 20))
        for _frame in range(frames):
            self.events += 1
            for timer in self._slow():
                self.clock.ring_one(timer)
        return f"{frames} frames"

    def _slow(self) -> list[QTimer]:
        """The timers of playback and training: they ring when the monkey waits, and only then."""
        studio = self.studio
        training = studio.training
        return [studio._player._frames, training._timer, training._seeking, studio.tending._timer]

    def resize(self) -> str:
        """The window takes another size."""
        size = self.random.choice(SIZES)
        self.events += 1
        self.window.resize(*size)
        return f"{size}"

    def prefer(self) -> str:
        """Another theme, language or amount of motion."""
        choice = self.random.choice(
            (
                {"theme": self.random.choice(THEMES)},
                {"language": self.random.choice(LANGUAGES)},
                {"reduce_motion": self.random.random() < 0.5},
            )
        )
        self.events += 1
        self.studio.prefer(**choice)
        return str(choice)

    def leave_dialogs(self) -> str:
        """Escape until nothing is in the way."""
        for _time in range(4):
            top = QApplication.activePopupWidget() or QApplication.activeModalWidget()
            if top is None or not _alive(top):
                break
            self._strike(top, Qt.Key.Key_Escape, NONE)
            QApplication.processEvents()
        else:
            top = QApplication.activeModalWidget()
            if top is not None:
                QApplication.sendEvent(top, QCloseEvent())
        return ""


def _alive(top: QWidget) -> bool:
    """Whether it is there, and there is a native window to send events to."""
    if not (shiboken6.isValid(top) and top.isVisible()):
        return False
    handle = top.windowHandle()
    return handle is not None and shiboken6.isValid(handle)


def _inside(top: QWidget, place: QPoint) -> QPoint:
    """The place, or the nearest in a window that may have become smaller, its native one first."""
    size = top.size().boundedTo(top.windowHandle().size())
    x = max(0, min(place.x(), size.width() - 1))
    return QPoint(x, max(0, min(place.y(), size.height() - 1)))


def _within(top: QWidget) -> Iterator[QWidget]:
    """The visible widgets of a window.

    Not by `findChildren`: that has PySide take the window for the parent of all that it finds, and
    what is found for gone when its parent is.
    """
    for child in top.children():
        if isinstance(child, QWidget) and child.isVisible() and not child.isWindow():
            yield child
            yield from _within(child)


def _named(widget: QWidget) -> str:
    return widget.objectName() or widget.metaObject().className()
