"""A process beside the window: told on the way, whole at the end, gone when it is closed."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from bpstudio.errors import StudioError
from bpstudio.training.beside import Beside

PATIENCE = 60.0


def counts(last: int) -> Generator[int, None, str]:
    """Counts, and says so."""
    yield from range(1, last + 1)
    return f"{last} counted in {os.getpid()}"


def endless(where: str) -> Generator[int, None, None]:
    """Never comes to an end."""
    Path(where).write_text(str(os.getpid()))
    number = 0
    while True:
        yield number
        number += 1


def complains() -> Generator[int, None, None]:
    """Has something to say to the person."""
    yield 1
    raise StudioError("There are {count} of them.", nodes=("a",), count=3)


def breaks() -> Generator[int, None, None]:
    """Has a bug."""
    yield 1
    raise KeyError("nobody")


def finish(job: Beside) -> list[int]:
    found: list[int] = []
    until = time.monotonic() + PATIENCE
    while not job.over and time.monotonic() < until:
        found += job.news(1.0)
    assert job.over
    return found


def test_it_tells_the_newest_and_what_it_came_to() -> None:
    with Beside(counts, 100_000) as job:
        found = finish(job)
        assert found == sorted(found) and found[-1] == 100_000
        assert len(found) < 1_000
        count, _, pid = job.outcome.partition(" counted in ")
        assert count == "100000" and int(pid) != os.getpid()
        assert job.problem is None


def test_closing_ends_it_in_the_middle(tmp_path: Path) -> None:
    job = Beside(endless, str(tmp_path / "pid"))
    while not job.news(PATIENCE):
        assert not job.over
    assert multiprocessing.active_children()
    job.close()
    job.close()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("work", "sentence", "traced"),
    [(complains, "There are 3 of them.", False), (breaks, "KeyError: 'nobody'", True)],
)
def test_what_goes_wrong_is_a_sentence(
    work: type[Generator[int, None, None]], sentence: str, traced: bool
) -> None:
    with Beside(work) as job:
        finish(job)
        assert sentence in str(job.problem) and job.outcome is None
        assert bool(job.trace) == traced


def test_a_process_that_is_ended_from_outside_is_noticed(tmp_path: Path) -> None:
    with Beside(endless, str(tmp_path / "pid")) as job:
        while not job.news(PATIENCE):
            assert not job.over
        os.kill(int((tmp_path / "pid").read_text()), 9)
        finish(job)
        assert "ended from outside" in str(job.problem)


def test_it_is_held_up_and_goes_on(tmp_path: Path) -> None:
    with Beside(endless, str(tmp_path / "pid")) as job:
        found = job.news(PATIENCE)
        job.hold(True)
        while news := job.news(0.5):
            found = news
        assert not job.news(0.3)
        job.hold(False)
        assert job.news(PATIENCE)[0] > found[-1]
