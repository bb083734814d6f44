"""Landing a run that was not seen to take a step: nobody waits for its network to be compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpstudio import resources
from bpstudio.project import file
from bpstudio.ui import training
from bpstudio.ui.training import Outcome, Training, job_of


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
