"""A process beside the window: told on the way, whole at the end, gone when it is closed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Generator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import pytest

from bpstudio.errors import StudioError
from bpstudio.training import beside
from bpstudio.training.beside import Beside, Told
from tests.patience import until


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

    def over() -> bool:
        found.extend(job.news(1.0))
        return job.over

    until(over, "it does not end")
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
    until(lambda: job.news(1.0), "it tells nothing")
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
        until(lambda: job.news(1.0), "it tells nothing")
        os.kill(int((tmp_path / "pid").read_text()), 9)
        finish(job)
        assert "ended from outside" in str(job.problem)


class Holding:
    """The end of the pipe that the process has, when it is asked to wait after three of a count.

    It is let go on when it has come to wait: `waited` is what was told until then.
    """

    def __init__(self) -> None:
        self.looks, self.answers = 0, iter((True, False))
        self.told: list[Told] = []
        self.waited: list[Told] | None = None

    def poll(self) -> bool:
        """Whether there is something to receive: at the fourth look, before the fourth number."""
        self.looks += 1
        return self.looks == 4

    def recv(self) -> bool:
        """First that it is to wait; the second call is the waiting itself."""
        answer = next(self.answers)
        if not answer:
            self.waited = list(self.told)
        return answer

    def send(self, told: Told) -> None:
        """Noted."""
        self.told.append(told)


def test_what_was_found_until_it_is_held_up_is_told_and_no_more_is_done() -> None:
    pipe, counted = Holding(), list[int]()

    def counts_aloud() -> Generator[int, None, str]:
        for number in range(1, 6):
            counted.append(number)
            assert pipe.waited is not None or number <= 3
            yield number
        return "counted"

    outcome = beside._done(cast("Connection", pipe), counts_aloud, ())
    assert (outcome.kind, outcome.what) == ("over", "counted")
    assert pipe.waited is not None and pipe.waited[-1].what == 3
    assert counted == [1, 2, 3, 4, 5] and pipe.told[-1].what == 5


def test_it_is_held_up_and_goes_on(tmp_path: Path) -> None:
    with Beside(endless, str(tmp_path / "pid")) as job:
        found = until(lambda: job.news(1.0), "it tells nothing")
        job.hold(True)
        job.hold(False)
        until(lambda: [n for n in job.news(1.0) if n > found[-1]], "it does not go on")
