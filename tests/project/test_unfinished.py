"""A sweep that was ended from outside goes on where it was, and comes to the same."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.errors import FileError
from bpstudio.project import build, unfinished, vary
from bpstudio.project.project import Project
from bpstudio.project.unfinished import Unfinished, begun, left_behind
from bpstudio.training.driving import Driven, wait_for_all
from bpstudio.training.sweep import Outcome, Sweep
from bpstudio.training.sweeping import Folder, Sweeping
from tests.patience import PATIENCE, until

VARY = {"dense1.units": (2, 3, 4), "l2": (0.0, 0.01), "activation": ("tanh", "relu")}
SEEDS, STEPS = (1, 2), 60


def project() -> Project:
    return build.network(toys.make("moons", points=20, noise=0.2), (2, 3, 1), learning_rate=0.05)


def sweep_of(varied: Project) -> Sweep:
    return vary.sweep_of(varied, VARY, seeds=SEEDS, steps=STEPS)


class Here(Executor):
    """Does every piece at once, in this process."""

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*arguments, **named))
        return future


def keep(root: Path) -> Unfinished:
    return begun(root, project(), VARY, SEEDS, STEPS, 24, "own")


def drive_and_die(root: Path) -> None:
    """Begin the sweep, and end as if the machine had been switched off, with some of it done."""
    add, added = Folder.add, threading.Event()

    def add_and_die(folder: Folder, outcome: Outcome) -> None:
        # Here and not when it is told: by then all of it may be done.
        add(folder, outcome)
        if added.is_set():
            os.kill(os.getpid(), signal.SIGKILL)
        added.set()

    setattr(Folder, "add", add_and_die)  # noqa: B010 - assigned, it would have another type
    Driven(sweep_of(project()), 1, None, partial(keep, root))
    threading.Event().wait()


def finish(going: Driven) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}

    def over() -> bool:
        found.update({outcome.number: outcome for outcome in going.news()})
        return going.over

    until(over, "the sweep does not end")
    assert wait_for_all(PATIENCE)
    return found


def figures(outcomes: Mapping[int, Outcome]) -> list[object]:
    return [outcomes[number].figures for number in sorted(outcomes)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing can be killed like that here")
def test_what_was_killed_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=drive_and_die, args=(tmp_path,))
    process.start()
    process.join(PATIENCE)
    ended = process.exitcode
    process.kill()  # else it would be waited for at the end of everything
    assert ended == -signal.SIGKILL
    (found,) = left_behind(tmp_path)
    assert found.done == 2 < found.recipe.count == 24
    assert left_behind(tmp_path) == []  # it is claimed: no other studio offers it too
    assert found.recipe.vary == {name: list(values) for name, values in VARY.items()}
    before = len(found.folder.outcomes(sweep_of(project())))
    again = finish(Driven(sweep_of(found.project()), 1, None, lambda: found))
    assert len(again) == 24 and before >= found.done
    place = Sweeping(sweep_of(project()), Here())
    while not place.over:
        place.news()
    assert figures(again) == figures(place.outcomes)
    for number, outcome in again.items():
        np.testing.assert_array_equal(outcome.losses, place.outcomes[number].losses)
        for key, weight in outcome.weights.items():
            np.testing.assert_array_equal(weight, place.outcomes[number].weights[key])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_one_that_is_over_or_given_up(tmp_path: Path) -> None:
    sweep = sweep_of(project())
    finish(Driven(sweep, 1, None, partial(keep, tmp_path)))
    assert list(tmp_path.iterdir()) == []
    going = Driven(sweep, 1, None, partial(keep, tmp_path))
    going.leave()
    assert wait_for_all(PATIENCE)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_on_its_way_is_left_alone(tmp_path: Path) -> None:
    mine = keep(tmp_path)
    assert left_behind(tmp_path) == []
    mine.release()
    (found,) = left_behind(tmp_path)
    assert found.done == 0
    found.discard()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"kind": 1}', b"\xff\xfe", b"[" * 2000])
def test_what_is_no_sweep_goes(content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    (folder / unfinished.RECIPE).write_bytes(content)
    assert left_behind(tmp_path) == [] and not folder.exists()
    assert left_behind(tmp_path / "absent") == []


def test_one_that_can_not_be_read_now_stays(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    (folder / unfinished.RECIPE).mkdir(parents=True)  # reading it is an error of the system
    assert left_behind(tmp_path) == []
    assert (folder / unfinished.RECIPE).exists()


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep of 24 that is over."""
    folder = tmp_path_factory.mktemp("swept")
    place = Sweeping(sweep_of(project()), Here(), Folder(folder))
    while not place.over:
        place.news()
    return folder


@pytest.mark.parametrize("harm", ["cut", "empty", "no zip", "flipped", "no text"])
def test_a_result_that_is_not_whole_is_done_again(harm: str, swept: Path, tmp_path: Path) -> None:
    shutil.copytree(swept, tmp_path, dirs_exist_ok=True)
    arrays, lines = tmp_path / "runs" / "3.npz", tmp_path / unfinished.LINES
    content = arrays.read_bytes()
    middle = len(content) // 2
    if harm == "no text":
        lines.write_bytes(b"\xff\xfe\n" + lines.read_bytes())
    else:
        arrays.write_bytes(
            {
                "cut": content[:middle],
                "empty": b"",
                "no zip": b"PK no zip",
                "flipped": content[:100] + bytes([content[100] ^ 1]) + content[101:],
            }[harm]
        )
    found = Folder(tmp_path).outcomes(sweep_of(project()))
    assert len(found) == 24 - (harm != "no text")
    assert lines.read_text("utf-8").count("\n") == len(found)


def test_a_project_that_is_gone_is_said(tmp_path: Path) -> None:
    mine = keep(tmp_path)
    (mine.path / unfinished.PROJECT).write_bytes(b"no project")
    with pytest.raises(FileError, match="can't be read"):
        mine.project()
    mine.discard()


def test_a_place_that_can_not_be_written_to_keeps_no_sweep_from_going(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(OSError):
        keep(place)
    assert len(finish(Driven(sweep_of(project()), 1, None, partial(keep, place)))) == 24
