"""Starts the window and ends it: everything that has to happen once, and in order.

main() ─▶ run(file) ─▶ Window ─▶ first paint ─▶ worker process, plots ─▶ …
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import PySide6
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QLibraryInfo,
    QLocale,
    Qt,
    QTimer,
    QTranslator,
)
from PySide6.QtWidgets import QApplication

from bpstudio import __version__, folders, resources
from bpstudio.errors import StudioError
from bpstudio.language import N_, set_language
from bpstudio.playback.palette import sized
from bpstudio.training import driving
from bpstudio.ui import icons, painter, preferences, problems, style, watchdog
from bpstudio.ui.dialogs import files
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window

NEED_NO_SCREEN = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
BUG = 70
"""The status of a start that met a fault of ours."""
ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that end the studio in good order."""
COLLECTING = 1000
"""Milliseconds between two looks at whether there is garbage to collect."""
WAITING = 0.0005
"""Seconds that the window waits for another thread that computes. It waits so long several times
for each thing that it does, and Python's own 5 ms add up to what one sees."""
PATIENCE = 5.0
"""Seconds that what was left has to end when the window is gone."""


def run(
    file: Path | None,
    *,
    language: Literal["en", "ko"] | None = None,
    smoke: bool = False,
    reset: bool = False,
) -> int:
    """Open the window with that project, or with the first example; returns the exit status.

    It speaks that language, or the one that was chosen before, or else that of the machine. With
    `smoke` it leaves when all its panels are made; the status is then 0, or `BUG` if one could
    not be. `reset` begins with the default settings. Raises StudioError where there is no screen.
    """
    require_screen()
    place = folders.settings()
    chosen, complaint = (Preferences(), None) if reset else preferences.load(place)
    if language is not None:
        chosen = msgspec.structs.replace(chosen, language=language)
    elif reset or not place.exists():
        chosen = msgspec.structs.replace(chosen, language=language_of_the_machine())
    with problems.logged(folders.logs()) as traces:
        app = make_application(chosen)
        voice = Voice(app, chosen)
        studio = Studio(chosen, Training())
        studio.preferred.connect(voice.follow)
        window = Window(studio, partial(preferences.save, path=place), folders.recovery())
        if file is None:
            begin_with_example(studio)
        else:
            files.load_into(studio, file)
        if complaint:
            studio.notice(str(complaint))
        window.tell_of_plugins()
        if not smoke:
            window.painted.connect(studio.training.warm)
        if file is None and not smoke:
            greet_when_ready(window)
        window.show()
        for number in ENDING:
            signal.signal(number, lambda number, _frame: app.exit(128 + number))
        faults = problems.Problems(window)
        faults.blamed.connect(studio.complain, Qt.ConnectionType.QueuedConnection)
        window.given.connect(faults.note)
        studio.changed.connect(lambda change: faults.note(change.name))
        if smoke:
            window.ready.connect(lambda: app.exit(BUG if faults.came else 0))
        with problems.caught(faults), alone(app), watchdog.watched(traces):
            status = app.exec()
        # Whoever closes the window is asked; a signal asks nobody, so then the work is kept.
        window.guard.close(give_up=False)
        take_down(window, studio)
    return status


def greet_when_ready(window: Window) -> None:
    """Greet once it is known what a crash has left: asking about that comes first."""
    window.guard.found.connect(lambda _orphans: greet(window))


def greet(window: Window) -> None:
    """Offer ways to begin, unless that was switched off, or something else is asked or done."""
    studio = window.studio
    asked = QApplication.activeModalWidget() is not None
    if (
        studio.preferences.welcome
        and not asked
        and not studio.dirty
        and not studio.training.running
    ):
        from bpstudio.ui.dialogs.welcome import show

        show(window)


def language_of_the_machine() -> Literal["en", "ko"]:
    """The language that the person's desktop speaks, where the studio speaks it, else English."""
    first = next(iter(QLocale.system().uiLanguages()), "")
    return "ko" if first.split("-")[0] == "ko" else "en"


def require_screen() -> None:
    """Raise StudioError where a window can't be opened, before Qt ends the program over it."""
    asked = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if not sys.platform.startswith("linux") or asked in NEED_NO_SCREEN:
        return
    display = os.environ.get("DISPLAY", "")
    if os.environ.get("WAYLAND_DISPLAY") or (display and _answers(display)):
        return
    raise StudioError(
        N_(
            "There is no screen to open a window on. `bpstudio demo` and `bpstudio render` "
            "work without one."
        )
    )


def make_application(chosen: Preferences) -> QApplication:
    """The QApplication, dressed in the chosen theme."""
    home = Path(PySide6.__file__).parent
    folders = [f for f in (home / "Qt" / "plugins", home / "plugins") if f.is_dir()]
    for folder in folders:
        # Where the path to the program has letters of other scripts, Qt's own search goes wrong.
        QCoreApplication.addLibraryPath(str(folder))
    inputs = [file.name for f in folders for file in f.glob("platforminputcontexts/*")]
    if os.environ.get("QT_IM_MODULE", "").startswith("fcitx") and not any(
        "fcitx" in name for name in inputs
    ):
        # Qt's wheels have no plug-in for fcitx, but fcitx understands what is said to ibus.
        os.environ["QT_IM_MODULE"] = "ibus"
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["bpstudio"])
    app.setApplicationName("bpstudio")
    app.setApplicationDisplayName("")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("org.bpstudio.BackpropStudio")
    app.setWindowIcon(icons.application_icon())
    painter.load_fonts()
    style.apply(app, sized(chosen.theme, chosen.scale))
    return app


class Voice:
    """Has Qt's own dialogs speak the language that the studio speaks."""

    def __init__(self, app: QApplication, chosen: Preferences) -> None:
        self._app, self._language = app, ""
        self._translator = QTranslator()
        self.follow(chosen)

    def follow(self, chosen: Preferences) -> None:
        """Speak the language that was chosen."""
        if chosen.language == self._language:
            return
        self._language = chosen.language
        set_language(chosen.language)
        QLocale.setDefault(QLocale(chosen.language))
        self._app.removeTranslator(self._translator)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if self._translator.load(f"qtbase_{chosen.language}", folder):
            self._app.installTranslator(self._translator)


def begin_with_example(studio: Studio) -> None:
    """The first example; it is made anew where its file is missing."""
    path = resources.path("examples", "xor.bps")
    if path.exists() and files.load_into(studio, path):
        return
    from bpstudio.data import toys
    from bpstudio.playback.scene import laid_out
    from bpstudio.project import build

    studio.begin(laid_out(build.network(toys.make("xor"), (2, 4, 1))))


def _answers(display: str) -> bool:
    """Whether an X server listens there; for a display of another machine, Qt finds out."""
    host, _, rest = display.rpartition(":")
    number = rest.split(".")[0]
    if host not in ("", "unix") or not number.isdigit():
        return True
    path = str(Path("/", "tmp", ".X11-unix", f"X{number}"))
    for address in (path, "\0" + path):
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(address)
            except OSError:
                continue
            return True
    return False


@contextmanager
def alone(app: QApplication) -> Iterator[None]:
    """Have no thread beside the window keep it waiting, nor collect its garbage."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(WAITING)
    try:
        with collecting(app):
            yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def collecting(app: QApplication) -> Iterator[None]:
    """Collect garbage in the thread of the window alone.

    Python collects wherever it happens to be; in the thread that talks to the worker process it
    would destroy widgets outside their own thread.
    """
    timer = QTimer(app)
    timer.setInterval(COLLECTING)
    timer.timeout.connect(_collect)
    gc.disable()
    # Modules and the window itself stay until the end: nobody needs to look through them again.
    gc.freeze()
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        gc.unfreeze()
        gc.enable()


def _collect() -> None:
    """The youngest generation that has grown over its threshold, as Python itself does it."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation]:
            gc.collect(generation)
            return


def take_down(window: Window, studio: Studio) -> None:
    """Destroy the window while Qt still runs: plots that outlive it end the program badly."""
    # First, for what is destroyed is not told that nobody sees it, and would leave what it runs.
    window.leave_dialogs()
    window.hide()
    studio.close()
    driving.wait_for_all(PATIENCE)
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
