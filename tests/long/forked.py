"""Whole studios, one after the other, each in a process of its own that can be killed.

A process that has imported everything is forked for each, which is ten times as fast as starting.
Run as a program with a folder and a number: it plays `trials` and prints one line of JSON each.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from bpstudio.project import edits
from bpstudio.project.project import Project
from bpstudio.project.recovery import Orphan, left_behind
from bpstudio.ui import app
from bpstudio.ui.dialogs import recovery
from bpstudio.ui.window import Window

TELL = Callable[[object], None]
BETWEEN = 15
"""Milliseconds between two actions."""
LATE = 2.0
"""Seconds of work that may be lost."""


def gist(project: Project) -> str:
    """What a person made, but for the weights: a short text that differs where that differs."""
    parts = (
        sorted((id, repr(node)) for id, node in project.graph.nodes.items()),
        sorted(project.places.items()),
        sorted(map(repr, getattr(project, "boxes", {}).items())),
        sorted(map(repr, getattr(project, "notes", {}).items())),
        (project.title, project.note, project.training.seed),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def act(window: Window, chance: random.Random, number: int) -> None:
    """One thing that a person does."""
    studio = window.studio
    ids = list(studio.project.graph.nodes)
    match chance.randrange(9):
        case 0:
            window.actions_by_id["undo"].trigger()
        case 1:
            studio.do("Title", edits.set_title, f"title {number}")
        case 2:
            studio.do("Note", edits.set_note, f"note {number}\n가나다")
        case 3 | 4 if ids:
            at = (chance.uniform(-500, 500), chance.uniform(-500, 500))
            studio.do("Move", edits.move, {chance.choice(ids): at})
        case 5 if ids:
            studio.do("Rename", edits.rename, chance.choice(ids), f"node {number}")
        case 6:
            studio.do("Seed", edits.new_weights, number)
        case 7:
            studio.train(200)
        case _:
            studio.pause()


def work(root: Path, seed: int, tell: TELL, *, restored: bool) -> None:
    """A studio in which somebody works until it is killed."""
    os.environ["BPSTUDIO_SETTINGS"] = str(root)
    chance = random.Random(seed)

    def offered(window: Window, orphans: list[Orphan]) -> None:
        kept = [orphan for orphan in window.guard.orphans if orphan.entry]
        if restored:
            tell({"offered": len(kept)})
            recovery.restore(window, kept[0])
            tell_state(window, -1)

    def tell_state(window: Window, number: int) -> None:
        project = window.studio.project
        state = {"number": number, "at": time.monotonic(), "gist": gist(project)}
        tell(state | {"steps": project.trained.steps, "dirty": window.studio.dirty})

    recovery.offer = offered
    whole = Window.__init__

    def made(window: Window, *arguments: object) -> None:
        whole(window, *arguments)  # type: ignore[arg-type]
        timer = QTimer(window)
        count = iter(range(1_000_000))

        def go() -> None:
            number = next(count)
            act(window, chance, number)
            tell_state(window, number)

        timer.timeout.connect(go)
        window.guard.found.connect(lambda _orphans: timer.start(BETWEEN))

    Window.__init__ = made  # type: ignore[assignment, method-assign]
    app.run(None)


def _tell(pipe: int, each: object) -> None:
    os.write(pipe, (json.dumps(each) + "\n").encode())


def killed(root: Path, seed: int, seconds: float, *, restored: bool) -> tuple[list[dict], float]:  # type: ignore[type-arg]
    """What a studio told that was killed after so many seconds of work, and when it was killed."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        status = 1
        try:
            work(
                root,
                seed,
                partial(_tell, theirs),
                restored=restored,
            )
        finally:
            os._exit(status)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        first = pipe.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        at = time.monotonic()
        _, status = os.waitpid(child, 0)
        lines = [first, *pipe.read().split(b"\n")]
    if not os.WIFSIGNALED(status):
        return [{"ended": status}], at
    return [json.loads(line) for line in lines if line.strip().endswith(b"}")], at


def judged(root: Path, told: list[dict], at: float) -> dict[str, object]:  # type: ignore[type-arg]
    """What was left of the work, compared with what had been told."""
    states = [each for each in told if "gist" in each]
    orphans = left_behind(root / "recovery")
    kept = [orphan for orphan in orphans if orphan.entry is not None]
    # What was there two seconds before, and was not saved or undone since, must have been kept.
    before = [state["dirty"] for state in states if state["at"] <= at - LATE][-1:]
    since = [state["dirty"] for state in states if state["at"] > at - LATE]
    due = bool(before) and all(before + since)
    result: dict[str, object] = {"told": len(states), "kept": len(kept), "lost": -1.0, "due": due}
    if kept and states:
        project = kept[0].work().project
        found = gist(project)
        matching = [i for i, state in enumerate(states) if state["gist"] == found]
        if matching:
            missing = states[matching[-1] + 1 :]
            result["actions"] = len(missing)
            result["lost"] = at - missing[0]["at"] if missing else 0.0
            result["steps"] = project.trained.steps >= states[matching[0]]["steps"]
    for orphan in orphans:
        orphan.release()
    return result


def trials(folder: Path, count: int) -> None:
    """Kill so many studios, each twice in a row, and print what was left of their work."""
    chance = random.Random(15)
    for number in range(count):
        root = folder / f"{number}"
        told, at = killed(root, number, chance.uniform(0.02, 3.0), restored=False)
        print(json.dumps({"first": True} | judged(root, told, at)), flush=True)
        told, at = killed(root, 1000 + number, chance.choice((0.0, 0.05, 0.4, 1.5)), restored=True)
        offered = sum(each.get("offered", 0) for each in told)
        print(json.dumps({"first": False, "offered": offered} | judged(root, told, at)), flush=True)


if __name__ == "__main__":
    assert QApplication.instance() is None
    trials(Path(sys.argv[1]), int(sys.argv[2]))
