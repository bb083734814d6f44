"""Pictures of the classroom to look at: ways to begin, the tour, the presenter, lessons in both
sizes, a race, a diagnosis, dialogs, and worksheets; and any picture as colour-blind people see it.

They are taken with the others by `python3 packaging/dev.py screenshots`; with `--colour-blind`
beside the words, three simulations of each picture lie beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDialog

from bpstudio import resources
from bpstudio.language import set_language
from bpstudio.lessons.shelf import ours
from bpstudio.project import file
from bpstudio.ui import worksheet
from bpstudio.ui.presenting import presenter_of
from bpstudio.ui.racing import Racing
from bpstudio.ui.window import Window
from tests.screenshots import LARGE, SMALL, SMALLEST, Shot, drawn, opened, settle, teach

Scene = Callable[[Window, QApplication], None]
KINDS: Mapping[str, tuple[tuple[float, ...], ...]] = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
               (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
               (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
               (0.004733, 0.691367, 0.303900)),
}  # fmt: skip
"""Machado, Oliveira and Fernandes (2009), whole dichromacy, for linear red, green and blue."""


def _command(id: str) -> Scene:
    return lambda window, _app: window.actions_by_id[id].trigger()


def _present(window: Window, app: QApplication) -> None:
    teach(window, "03-chain-rule", 2)
    presenter_of(window).begin(whole_screen=False)
    settle(app, lambda: False, 500)


def _race(window: Window, app: QApplication) -> None:
    window.docks.open("training_race")
    racing = window.studio.findChild(Racing)
    assert racing is not None
    racing.start(200)
    settle(app, lambda: not racing.running, 30_000)


def _lesson(name: str, page: int) -> Scene:
    return lambda window, _app: teach(window, name, page)


def _alone(window: Window, app: QApplication) -> None:
    from bpstudio.lessons.fading import Level
    from bpstudio.ui.lecturing import lecture_of

    teach(window, "03-chain-rule", 0)
    lecture_of(window.studio).fade(Level.ALONE)


LESSONS = (
    ("01-forward", 3), ("04-sigmoid-neuron", 3), ("07-descent", 0), ("09-linear-map", 1),
    ("11-activations", 1), ("16-break-it", 5),
)  # fmt: skip
SCENES: tuple[tuple[Shot, Scene], ...] = (
    (Shot("class-welcome", "xor", 0, None, SMALL), _command("welcome")),
    (Shot("class-welcome-800", "xor", 0, None, SMALLEST, "dark", "ko"), _command("welcome")),
    (Shot("class-tour", "xor", 0, None, SMALL, "light", "ko"), _command("tour")),
    (Shot("class-tour-800", "xor", 0, None, SMALLEST, "dark"), _command("tour")),
    (Shot("class-present", "xor", 0, None, SMALL), _present),
    (Shot("class-present-800", "xor", 0, None, SMALLEST, "light", "ko"), _present),
    (Shot("class-race", "xor", 0, None, LARGE), _race),
    (Shot("class-diagnosis", "dead-layer", 200, None, LARGE, "dark", "ko"), lambda *_: None),
    (Shot("class-import", "xor", 0, None, SMALL, "dark"), _command("import_model")),
    (Shot("class-search", "xor", 0, None, SMALL, "light", "ko"), _command("search_everything")),
    (Shot("class-alone", "xor", 0, None, SMALL, "light", "ko"), _alone),
    *(
        (
            Shot(f"class-{name}-{size[0]}", "xor", 0, None, size, theme, language),
            _lesson(name, page),
        )
        for number, (name, page) in enumerate(LESSONS)
        for size, theme, language in (
            (LARGE, ("light", "dark", "projector")[number % 3], ("en", "ko")[number % 2]),
            (SMALLEST, ("dark", "projector", "light")[number % 3], ("ko", "en")[number % 2]),
        )
    ),
)


def take(app: QApplication, folder: Path, words: Sequence[str]) -> list[Path]:
    """Take those whose name holds one of the words, and name the files."""

    def wanted(name: str) -> bool:
        return not words or any(word in name for word in words)

    taken = []
    for shot, scene in SCENES:
        if wanted(shot.name):
            path = folder / f"{shot.name}.png"
            with opened(shot, app) as window:
                scene(window, app)
                settle(app, lambda: False, 900)
                drawn(window, app)
                dialogs = [w for w in app.topLevelWidgets() if isinstance(w, QDialog)]
                shown = [dialog for dialog in dialogs if dialog.isVisible()]
                (shown[-1] if shown else window).grab().save(str(path))
                presenter_of(window).end()
            taken.append(path)
    for name, language in (("class-worksheet-xor", "en"), ("class-worksheet-lesson", "ko")):
        if wanted(name):
            set_language(language)
            lesson = ours()[8].read(language)
            pages = worksheet.of_lesson(lesson)
            if name.endswith("xor"):
                pages = worksheet.of_project(file.load(resources.path("examples", "xor.bps")))
            taken += _sheets(folder, name, pages)
    set_language("en")
    return taken


def _sheets(folder: Path, name: str, pages: Sequence[worksheet.Page]) -> list[Path]:
    paths = []
    for number, page in enumerate((pages[0], pages[len(pages) // 2])):
        path = folder / f"{name}-{('asked', 'solved')[number]}.png"
        worksheet.image(page).save(str(path))
        paths.append(path)
    return paths


def simulate(path: Path) -> None:
    """Three copies of a picture beside it, as people see it who lack a kind of cones."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    wide, high, line = image.width(), image.height(), image.bytesPerLine()
    bits = np.frombuffer(image.constBits(), np.uint8).reshape(high, line)[:, : 3 * wide]
    seen = (bits.reshape(high, wide, 3) / 255.0) ** 2.2
    for kind, matrix in KINDS.items():
        mixed = np.clip(seen @ np.array(matrix).T, 0.0, 1.0) ** (1 / 2.2)
        pixels = np.ascontiguousarray((255 * mixed).round().astype(np.uint8))
        made = QImage(pixels.tobytes(), wide, high, 3 * wide, QImage.Format.Format_RGB888)
        made.save(str(path.with_name(f"{path.stem}-{kind}.png")))
