"""A hundred studios that are closed in the middle of things: each is gone within two seconds."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.long.conftest import Row, share, told_by

LONGEST = 2.0

PROGRAM = """
import json, os, random, signal, sys, time, traceback
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QDialog
from bpstudio.project import edits
from bpstudio.project.recovery import left_behind
from bpstudio.ui import app
from bpstudio.ui.dialogs import files
from bpstudio.ui.window import Window
import bpstudio.ui.dialogs.export, bpstudio.ui.render, bpstudio.training.worker

WAYS = ("training", "just begun", "saving", "exporting", "dialog", "question", "opening", "signal",
        "playing", "editing")

def play(root, way, seed, tell):
    os.environ["BPSTUDIO_SETTINGS"] = str(root)
    chance = random.Random(seed)
    whole = Window.__init__
    files.ask_to_save = lambda window, answer: answer("discard")

    def made(window, *arguments):
        whole(window, *arguments)
        window.guard.found.connect(lambda _: QTimer.singleShot(int(chance.random() * 1200), begin))
        studio = window.studio

        def leave():
            tell({"at": time.monotonic(), "dirty": studio.dirty,
                  "worker": studio.training.pid})
            if way == "signal":
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                window.close()

        def begin():
            studio.do("Title", edits.set_title, "changed")
            if way in ("training", "just begun", "signal"):
                studio.train()
            elif way == "saving":
                studio.do("Note", edits.set_note, "x" * 900_000)
                QTimer.singleShot(0, lambda: studio.save(root / "a.bps"))
            elif way == "exporting":
                window.actions_by_id["export"].trigger()
            elif way == "dialog":
                window.actions_by_id["about_studio"].trigger()
            elif way == "question":
                files._ask_to_save(window, lambda answer: None)
            elif way == "opening":
                files.open_path(window, Path("resources/examples/spiral.bps").resolve())
                studio.do("Title", edits.set_title, "changed")
            elif way == "playing":
                studio.play()
            QTimer.singleShot(0 if way == "just begun" else int(chance.random() * 800), leave)

    Window.__init__ = made
    return app.run(None)

folder, count = Path(sys.argv[1]), int(sys.argv[2])
for number in range(count):
    way, root = WAYS[number % len(WAYS)], folder / str(number)
    root.mkdir()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        status = 99
        try:
            status = play(root, way, number,
                          lambda each: os.write(theirs, (json.dumps(each) + chr(10)).encode()))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        left = json.loads(pipe.readline())
        _, status = os.waitpid(child, 0)
        took = time.monotonic() - left["at"]
    alive = False
    if left["worker"]:
        try:
            os.kill(left["worker"], 0)
            alive = True
        except ProcessLookupError:
            pass
    orphans = left_behind(root / "recovery")
    kept = sum(orphan.entry is not None for orphan in orphans)
    print(json.dumps({"way": way, "took": took, "status": os.waitstatus_to_exitcode(status),
                      "alive": alive, "kept": kept, "dirty": left["dirty"]}), flush=True)
    for orphan in orphans:
        orphan.release()
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_closings(tmp_path: Path, row: Row) -> None:
    count = share(100)

    def tell(found: list[dict[str, Any]], *, ended: bool = False) -> None:
        slow, alive, wrong, bad = faults(found)
        times = defaultdict(list)
        for each in found:
            times[each["way"]].append(each["took"])
        longest = ", ".join(f"{way} {max(each):.2f}" for way, each in times.items())
        row(
            f"{len(found)} of {count} closings in the middle of things",
            f"{len(slow)} took more than 2 s, {len(alive)} left a worker, {len(wrong)} kept the "
            f"wrong thing, {len(bad)} ended badly; longest in seconds: {longest}",
            ended=ended,
        )

    found = told_by([sys.executable, "-c", PROGRAM, str(tmp_path), str(count)], tell)
    tell(found, ended=True)
    assert len(found) == count
    assert faults(found) == ([], [], [], [])


def faults(found: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], ...]:
    """Closings that were slow, left a worker, kept the wrong thing, or ended badly."""
    slow = [each for each in found if each["took"] > LONGEST]
    alive = [each for each in found if each["alive"]]
    # A signal asks nobody, so the work is kept; whoever was asked gave it up.
    wrong = [e for e in found if e["kept"] != int(e["way"] == "signal" and e["dirty"])]
    bad = [e for e in found if e["status"] not in (0, 128 + 15)]
    return slow, alive, wrong, bad
