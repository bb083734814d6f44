"""Landing a run: nobody waits for a network to be compiled, and no loss is held twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bpstudio import resources
from bpstudio.engine.optimizers import SGD
from bpstudio.project import file
from bpstudio.ui import training
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Outcome, Series, Training, job_of


class Compiling:
    """A worker that is up and never gets to a step."""

    state, up = "training", True

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.asked: list[str] = []

    def news(self, timeout: float = 0) -> list[Any]:
        """Nothing; how long one would have waited is noted."""
        self.waited.append(timeout)
        return []

    def look(self) -> None:
        """There is no snapshot."""

    def pause(self) -> None:
        """Noted."""
        self.asked.append("pause")

    def stop(self) -> None:
        """Noted."""
        self.asked.append("stop")


@pytest.mark.parametrize("taken", [0, 3])
def test_a_run_before_its_first_step_is_given_up_at_once(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(file.load(resources.path("examples", "xor.bps")))
    watched, worker = Training(), Compiling()
    monkeypatch.setattr(watched, "_worker", worker)
    losses = np.zeros(job.start + taken)
    newest = Outcome(job, job.start + taken, losses, job.weights)
    monkeypatch.setattr(watched, "_newest", newest)
    monkeypatch.setattr(training, "PATIENCE", 0.2)
    outcome = watched.finish()
    assert outcome is not None and outcome.taken == taken
    assert worker.asked == ["pause", "stop"] and not watched.running
    # One that was seen on its way is waited for, and without an answer is no whole run.
    assert outcome.whole == (not taken)
    assert (max(worker.waited) <= training.BLINK) == (not taken)


def test_many_pauses_of_one_training_hold_its_losses_once(qtbot: QtBot, studio: Studio) -> None:
    for _pause in range(4):
        with qtbot.waitSignal(studio.training.ended, timeout=60_000):
            studio.train(30)
    entries = (*studio.history.past, studio.history.present)[1:]
    held = [entry.project.trained.losses for entry in entries]
    assert [len(losses) for losses in held] == [30, 60, 90, 120]
    assert len({id(losses.base) for losses in held}) == 1
    assert all(np.array_equal(losses, held[-1][: len(losses)]) for losses in held)
    # Another way from the second pause on leaves what was there as it was.
    before = [losses.copy() for losses in held]
    studio.undo()
    studio.undo()
    studio.set_training(optimizer=SGD(learning_rate=0.1))
    with qtbot.waitSignal(studio.training.ended, timeout=60_000):
        studio.train(30)
    branch = studio.project.trained.losses
    assert np.array_equal(branch[:60], held[1]) and not np.array_equal(branch, held[2])
    assert all(np.array_equal(one, two) for one, two in zip(before, held, strict=True))


def test_a_series_of_losses_is_held_about_once_whatever_was_given_out() -> None:
    series, given = Series(np.zeros(0)), []
    for number in range(500):
        series.extend(np.full(100, float(number)))
        given.append(series.all)
    rooms = {id(losses.base): losses.base.nbytes for losses in given if losses.base is not None}
    assert sum(rooms.values()) <= 4 * given[-1].nbytes
    truth = np.repeat(np.arange(500.0), 100)
    assert all(np.array_equal(losses, truth[: len(losses)]) for losses in given)
    assert series.has(given[-1])
    assert not series.has(given[-2]) and not series.has(truth) and not series.has(truth.copy())
