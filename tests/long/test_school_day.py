"""A class of eight hours in compressed time: nothing goes wrong, and memory stays as it is.

14,400 things are done, one every two seconds of a class: what a careless person does at random,
and in between two million steps of training, six hundred savings and sixty files opened. Breaks,
in which nothing happens, take no time.

What is opened for the first time stays: modules, panels, fonts, pictures of icons and formulas.
That is a warm-up and no leak, so every example is opened before the day, with every dock and every
command, and memory is measured from there. What is resident holds more than what is given out: the
allocator keeps pages for reuse. So both are told.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bpstudio import resources
from bpstudio.project import edits, file
from bpstudio.ui.dialogs import files
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from bpstudio.ui.window import Window
from tests.long.conftest import Row, share
from tests.long.test_leaks import PATIENCE, handles, held, needs_glibc, sweep
from tests.project.whole import check_whole

THINGS, STEPS, SAVINGS, OPENINGS = 14_400, 2_000_000, 600, 60
STATM = Path("/proc/self/statm")
MOST_MORE = 50_000_000
"""Bytes that may have come by the last twentieth of the day, once everything was opened.

With everything opened once there are some 430 million. The first quarter of the day adds about
thirty, and from then on nothing is added any more: what may come is bounded, such as outlines of
texts (18 kB each), pictures of formulas (22 kB each) and Qt's cache of pictures (10 MB). A leak of
4 kB in each thing that is done would add more than this.
"""
COMMANDS = (
    "undo",
    "redo",
    "play",
    "step_on",
    "step_back",
    "to_start",
    "tidy",
    "select_all",
    "copy",
)


@contextmanager
def class_room(qtbot: QtBot, root: Path) -> Iterator[Window]:
    """A window with all that runs beside it."""
    studio = Studio(Preferences(), Training())
    studio.begin(file.load(resources.path("examples", "xor.bps")))
    window = Window(studio, lambda _preferences: "", root)
    window.show()
    with qtbot.waitSignal(window.guard.found, timeout=PATIENCE):
        pass
    yield window
    studio.land()
    studio.saved = studio.project  # so that it does not ask
    window.close()
    window.deleteLater()
    sweep()


def act(window: Window, chance: random.Random, number: int) -> None:
    """One thing that somebody does."""
    studio = window.studio
    ids = sorted(studio.project.graph.nodes)
    match chance.randrange(8):
        case 0 if ids:
            at = (chance.uniform(-500, 500), chance.uniform(-500, 500))
            studio.do("Move", edits.move, {chance.choice(ids): at})
        case 1 if ids:
            studio.do("Rename", edits.rename, chance.choice(ids), f"{number}")
        case 2:
            studio.do("Note", edits.set_note, f"{number}\n가나다")
        case 3:
            studio.do("Seed", edits.new_weights, number)
        case 4 if ids:
            studio.select({chance.choice(ids)})
        case 5:
            docks = sorted(window.docks.by_name)
            window.docks.open(chance.choice(docks))
        case _:
            action = window.actions_by_id[chance.choice(COMMANDS)]
            if action.isEnabled():
                action.trigger()


def open_everything(qtbot: QtBot, window: Window, examples: list[Path]) -> None:
    """Open each example, and in each look into every dock, use every command and train a little."""
    studio = window.studio
    for example in examples:
        begin(studio, example)
        for dock in sorted(window.docks.by_name):
            window.docks.open(dock)
            QApplication.processEvents()
        for command in COMMANDS:
            if window.actions_by_id[command].isEnabled():
                window.actions_by_id[command].trigger()
                QApplication.processEvents()
        if studio.can_train:
            train(qtbot, studio, 50)
        sweep()


def begin(studio: Studio, example: Path) -> None:
    """Open an example in the place of what is open, which needs no saving."""
    studio.land()
    studio.saved = studio.project
    assert files.load_into(studio, example)


def memory() -> int:
    """How much memory the process has, in bytes."""
    pages = int(STATM.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.long
@needs_glibc
def test_a_school_day(qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    things = share(THINGS)
    chance = random.Random(27)
    examples = sorted(resources.path("examples").glob("*.bps"))
    sizes: list[int] = []
    steps = saved = opened = 0
    with class_room(qtbot, tmp_path / "recovery") as window:
        studio = window.studio
        open_everything(qtbot, window, examples)
        warm, given_out, before = memory(), held(), handles()
        for number in range(things):
            if number % (THINGS // OPENINGS) == 0:
                begin(studio, examples[opened % len(examples)])
                opened += 1
            if number % (THINGS // SAVINGS) == 0:
                path = tmp_path / f"{saved % 20}.bps"
                file.save(studio.project, path)
                assert file.load(path).graph.nodes == studio.project.graph.nodes
                saved += 1
            if number % 24 == 12 and studio.can_train:
                steps += train(qtbot, studio, STEPS * (number + 12) // THINGS - steps)
            act(window, chance, number)
            QApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            if number % 100 == 99:
                check_whole(studio.project)
                sweep()
                sizes.append(memory())
        after = handles()
        begin(studio, examples[0])  # so that what a day of undoing holds is not counted
        sweep()
        given_out = held() - given_out
    more = max(sizes[-max(1, len(sizes) // 20) :]) - warm
    row(
        f"a class of 8 hours: {things} things done, {steps} steps trained, {saved} savings, "
        f"{opened} files opened",
        f"nothing went wrong; {warm / 1e6:.0f} MB once everything was opened, "
        f"{more / 1e6:+.0f} MB at the end, {given_out / 1e6:+.0f} MB of it still given out with "
        f"another file open; files {before} → {after}",
    )
    assert more < MOST_MORE
    assert after <= before + 5


def train(qtbot: QtBot, studio: Studio, steps: int) -> int:
    """Train so many steps, and wait until they are in the project; says how many there were."""
    before = studio.project.trained.steps
    with qtbot.waitSignal(studio.training.ended, timeout=PATIENCE):
        studio.train(steps)
    return studio.project.trained.steps - before
