"""Every picture that the documents use, and the ones to look at, from the real window.

`python3 packaging/dev.py screenshots [folder]` writes them into that folder (build/screenshots),
the README's picture into resources/pictures, and those of the guide into resources/guide. No screen
is needed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QElapsedTimer, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from bpstudio import resources
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.lessons.shelf import ours
from bpstudio.playback.why import Question
from bpstudio.project import boxing, file, runs
from bpstudio.project.document import Document
from bpstudio.training.trainer import train_now
from bpstudio.ui.app import make_application, take_down
from bpstudio.ui.dialogs.sweep import SweepDialog, show
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.panels.boundary import BoundaryPanel
from bpstudio.ui.panels.turns import turns
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.tracing import Tracing
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window

LARGE, SMALL, SMALLEST = (1680, 1050), (1280, 720), (800, 600)


class Shot(NamedTuple):
    """One picture: what is open, how far it was trained, where playback is, and the window."""

    name: str
    example: str
    steps: int
    position: float | None
    size: tuple[int, int]
    theme: str = "light"
    language: str = "en"
    select: str = ""
    row: int | None = None
    ask: str = ""
    lesson: str = ""
    page: int = 0
    box: tuple[str, ...] = ()
    compare: str = ""
    branch: bool = False
    plot: str = ""
    draw: bool = False
    zoom: float = 0.0
    rate: float = 0.0


SHOTS = (
    *(
        Shot(f"{example}-{theme}-{width}", example, steps, position, (width, height), theme)
        for example, steps, position in (("xor", 900, None), ("sigmoid-neuron", 0, 12.45))
        for theme in ("light", "dark")
        for width, height in (LARGE, SMALL)
    ),
    Shot("xor-backward", "xor", 300, 8.45, LARGE),
    Shot("xor-backward-row-dark", "xor", 300, 8.45, SMALL, "dark", row=1),
    Shot("xor-clear", "xor", 300, 5.9, SMALL),
    Shot("xor-update", "xor", 300, 12.9, LARGE),
    Shot("sigmoid-neuron-why", "sigmoid-neuron", 0, 16.0, SMALL, ask="x1"),
    Shot("fork-why-korean", "fork", 0, 4.0, SMALL, "dark", "ko", ask="x"),
    Shot("product-of-sum", "product-of-sum", 0, 3.5, SMALL, select="q"),
    Shot("gate-patterns", "gate-patterns", 0, 7.4, SMALL),
    Shot("fork", "fork", 0, 3.4, SMALL, "dark"),
    Shot("squared-norm", "squared-norm", 0, 4.4, SMALL),
    Shot("spiral-light", "spiral", 800, None, LARGE),
    Shot("diagnosis", "xor", 0, None, LARGE, rate=1e5),
    Shot("diagnosis-korean", "xor", 0, None, SMALLEST, "dark", "ko", rate=1e5),
    Shot("spiral", "spiral", 800, None, LARGE, "dark"),
    Shot("xor-projector", "xor", 900, None, SMALL, "projector"),
    Shot("xor-korean", "xor", 900, None, LARGE, "light", "ko"),
    Shot("sigmoid-neuron-korean", "sigmoid-neuron", 0, 12.45, SMALL, "dark", "ko"),
    Shot("plot-neurons", "xor", 900, None, LARGE, plot="neurons"),
    Shot("plot-landscape-light", "xor", 900, None, LARGE, plot="landscape"),
    Shot("plot-landscape", "xor", 900, None, SMALL, "dark", plot="landscape"),
    Shot("plot-warp", "spiral", 800, None, LARGE, plot="warp"),
    Shot("plot-layers-korean", "spiral", 800, None, SMALL, "light", "ko", plot="layers"),
    Shot("plot-norms-800", "spiral", 800, None, SMALLEST, "dark", "ko", plot="norms"),
    Shot("points", "spiral", 800, None, LARGE, draw=True),
    Shot("points-dark", "xor", 900, None, LARGE, "dark", draw=True),
    Shot("points-korean-800", "xor", 900, None, SMALLEST, "dark", "ko", draw=True),
    Shot("xor-800", "xor", 900, None, SMALLEST),
    Shot("sigmoid-neuron-800", "sigmoid-neuron", 0, 12.45, SMALLEST, "projector"),
    Shot("canvas-far", "spiral", 800, None, SMALL, zoom=0.24),
    Shot("canvas-open-result", "sigmoid-neuron", 0, 12.45, SMALL, zoom=0.6),
    Shot("canvas-near-dark", "xor", 900, None, LARGE, "dark", zoom=1.3),
    Shot("canvas-near-korean", "xor", 300, 8.45, SMALLEST, "light", "ko", zoom=1.0),
    Shot("canvas-near-gates", "sigmoid-neuron", 0, 12.45, SMALL, "dark", zoom=1.5),
    Shot("boxes", "sigmoid-neuron", 0, 12.45, SMALL, box=("w0", "x0")),
    Shot("boxes-korean", "xor", 300, None, SMALL, "dark", "ko", box=("dense1", "tanh1")),
    Shot("xor-past", "xor", 0, None, LARGE, branch=True),
    Shot("xor-past-korean", "xor", 0, None, SMALL, "dark", "ko", branch=True),
    Shot("lesson-chain-800", "xor", 0, None, SMALLEST, lesson="03-chain-rule", page=2),
    Shot("lesson-neuron", "xor", 0, None, LARGE, "dark", lesson="04-sigmoid-neuron", page=3),
    Shot("lesson-tiles", "xor", 0, None, SMALLEST, lesson="09-linear-map", page=1),
    Shot("lesson-ball", "xor", 0, None, LARGE, "light", "ko", lesson="07-descent", page=0),
    Shot("lesson-curves", "xor", 0, None, LARGE, "dark", "ko", lesson="11-activations", page=0),
    Shot("lesson-wall", "xor", 0, None, LARGE, "projector", lesson="15-luck", page=1),
    Shot("lesson-line", "xor", 0, None, SMALL, "light", "ko", lesson="10-perceptrons", page=2),
    Shot("capacity-light", "xor", 0, None, LARGE, compare="capacity"),
    Shot("capacity-dark", "xor", 0, None, LARGE, "dark", "ko", compare="capacity"),
)
README = "xor-light-1680"


def main(words: list[str]) -> int:
    """Take them all; further words choose those whose name holds one of them.

    With `--colour-blind` three simulations of every picture lie beside it.
    """
    blind = "--colour-blind" in words
    words = [word for word in words if word != "--colour-blind"]
    folder = Path(words[0]) if words else Path("build", "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [s for s in SHOTS if not words[1:] or any(word in s.name for word in words[1:])]
    app = make_application(Preferences())
    for shot in chosen:
        path = folder / f"{shot.name}.png"
        with opened(shot, app) as window:
            beside = window.findChild(SweepDialog)
            (beside if isinstance(beside, SweepDialog) else window).grab().save(str(path))
        print(path)
        if shot.name == README:
            picture = resources.path("pictures", "window.png")
            picture.parent.mkdir(exist_ok=True)
            picture.write_bytes(path.read_bytes())
    from tests import classroom_pictures, guide_pictures  # which take their windows from here

    guide_pictures.take(app, words[1:])
    for path in classroom_pictures.take(app, folder, words[1:]):
        print(path)
    if blind:
        for path in sorted(folder.glob("*.png")):
            if path.stem.rpartition("-")[2] not in classroom_pictures.KINDS:
                classroom_pictures.simulate(path)
    return 0


@contextmanager
def opened(shot: Shot, app: QApplication) -> Iterator[Window]:
    """The window as the shot wants it, painted and quiet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{shot.example}.bps"
        project = file.load(resources.path("examples", f"{shot.example}.bps"))
        if shot.steps:
            project = runs.landed(project, train_now(runs.job(project, shot.steps)))
        file.save(project, path)
        studio = Studio(Preferences(), Training())
        window = Window(studio, lambda _preferences: "")
        try:
            window.resize(*shot.size)
            window.show()
            studio.prefer(theme=shot.theme, language=shot.language)
            studio.begin(file.load(path), Document(path))
            settle(app, partial(filled, window), 30_000)
            settle(app, lambda: False, 1000)
            if shot.rate:
                go_wrong(window, app, shot.rate)
            studio.show_row(shot.row)
            if shot.branch:
                branch_off(window, app)
            if shot.lesson:
                teach(window, shot.lesson, shot.page)
            if shot.position is not None:
                studio.show_position(shot.position)
            if shot.box:
                studio.do("", boxing.group, shot.box, "Part", "teal")
                studio.do("", boxing.fold_boxes, ["box-1"], shot.theme == "dark")
                window.canvas.fit()
            if shot.zoom:
                window.canvas.zoom_to(shot.zoom)
            if shot.select:
                studio.select([shot.select])
            if shot.plot:
                window.docks.open(shot.plot)
                settle(app, lambda: traced(studio), 120_000)
            if shot.compare:
                compare(window, app, shot.compare)
            if shot.draw:
                draw(window)
            if shot.ask:
                studio.ask(Question((shot.ask, "", 0)))
            settle(app, lambda: False, 700)
            drawn(window, app)
            yield window
        finally:
            take_down(window, studio)


def go_wrong(window: Window, app: QApplication, rate: float) -> None:
    """Train with a learning rate that is far too large, until that is noticed."""
    studio = window.studio
    studio.set_training(optimizer=SGD(learning_rate=rate))
    studio.train(300)
    settle(app, lambda: bool(not studio.shown.training and studio.shown.diagnoses), 20_000)
    window.docks.bring("trainer")


def compare(window: Window, app: QApplication, preset: str) -> None:
    """Train all that a sweep compares."""
    dialog = show(window, preset)
    dialog.begin()
    settle(app, lambda: not dialog.sweeps.running, 120_000)


def draw(window: Window) -> None:
    """Take a brush and draw some points of the second class on the decision boundary."""
    (panel,) = window.findChildren(BoundaryPanel)
    panel.tools.draw.setChecked(True)
    panel.tools.buttons[1].click()
    axes = panel.map.axes
    assert axes is not None
    middle = QPoint(*map(round, axes.rect.centre))
    QTest.mousePress(panel.map, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 5):
        QTest.mouseMove(panel.map, middle + QPoint(0, -4 * step))
    QTest.mouseRelease(panel.map, Qt.MouseButton.LeftButton, pos=middle)


def branch_off(window: Window, app: QApplication) -> None:
    """Train, train on from a past step with other settings, and look at a step of that."""
    studio, past = window.studio, window.studio.past

    def train(steps: int) -> None:
        studio.train(steps)
        settle(app, lambda: not studio.shown.training, 20_000)

    def go_to(step: int) -> None:
        past.go_to(step)
        settle(app, lambda: not past.running, 20_000)

    window.docks.open("runs")
    train(400)
    go_to(250)
    studio.set_training(optimizer=Adam(learning_rate=0.05))
    train(200)
    studio.set_training(l2=0.001)
    train(200)
    go_to(330)
    past.mark()
    go_to(380)


def teach(window: Window, name: str, page: int) -> None:
    """Go to a page of a lesson; what is asked before is answered."""
    lecture = lecture_of(window.studio)
    lecture.begin(next(each for each in ours() if each.folder.name == name))
    window.docks.open("lesson")
    while lecture.place < page:
        lecture.next()


def traced(studio: Studio) -> bool:
    """Whether the plots have all that they look back at."""
    tracing = studio.findChild(Tracing)
    return tracing is None or (not tracing.running and len(tracing.trail) > 1)


def filled(window: Window) -> bool:
    """Whether every panel is there."""
    return all(dock.filled for dock in window.docks.by_name.values())


def drawn(window: Window, app: QApplication) -> None:
    """Let every panel come to its turn, so that none shows what was there before."""
    settle(app, lambda: turns(window.studio).idle, 30_000)
    app.processEvents()


def settle(app: QApplication, done: Callable[[], bool], milliseconds: int) -> None:
    """Let the window work until it is done or that time is over."""
    clock = QElapsedTimer()
    clock.start()
    while clock.elapsed() < milliseconds and not done():
        app.processEvents()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
