"""A sweep driven beside: what it tells, that leaving never waits, and that nothing is left."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from bpstudio.errors import StudioError
from bpstudio.project import vary
from bpstudio.training import driving, executors
from bpstudio.training.driving import Driven, wait_for_all
from bpstudio.training.sweep import Outcome, Sweep
from tests.patience import PATIENCE, until


def sweep(steps: int) -> Sweep:
    """Two sizes of the network that learns XOR, from two starts each."""
    project, _varied = vary.xor_starts()
    varied = {"dense1.units": (2, 3)}
    trials = tuple(vary.trials_of(project, varied, seeds=(1, 2), steps=steps))
    return vary.sweep_from(trials, varied, (1, 2), steps)


def finished(going: Driven) -> dict[int, Outcome]:
    """All that it tells until it is over."""
    found: dict[int, Outcome] = {}

    def over() -> bool:
        found.update((outcome.number, outcome) for outcome in going.news())
        return going.over

    until(over, "the sweep does not end")
    return found


def test_it_tells_every_outcome_and_leaves_nothing() -> None:
    going = Driven(sweep(200), 1)
    found = finished(going)
    assert sorted(found) == [0, 1, 2, 3]
    assert going.steps == going.whole == 800
    assert wait_for_all(PATIENCE)
    assert multiprocessing.active_children() == []


def test_what_is_known_is_not_done_again() -> None:
    known = finished(Driven(sweep(200), 1))
    del known[3]
    assert sorted(finished(Driven(sweep(200), 1, known))) == [3]
    assert wait_for_all(PATIENCE)


def test_leaving_ends_the_processes_and_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    going = Driven(sweep(1_000_000), 1)
    until(multiprocessing.active_children, "no process is started")
    here = threading.get_ident()
    waited: list[int] = []
    join = threading.Thread.join

    def noted(thread: threading.Thread, timeout: float | None = None) -> None:
        waited.append(threading.get_ident())
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", noted)
    going.leave()
    assert here not in waited
    assert wait_for_all(PATIENCE)
    assert multiprocessing.active_children() == []


def test_what_can_not_be_done_is_told_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_workers: int) -> None:
        raise StudioError("No processes today.")

    monkeypatch.setattr(executors, "processes", refuse)
    going = Driven(sweep(200), 1)
    assert driving.wait_for_all(PATIENCE)
    with pytest.raises(StudioError, match="No processes today"):
        going.news()
    assert going.over and going.news() == []
