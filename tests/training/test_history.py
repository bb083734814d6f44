"""A run can be gone back to, exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import StudioError
from bpstudio.training.history import at_step
from bpstudio.training.job import Change, Progress
from bpstudio.training.trainer import continued, train, train_now

if TYPE_CHECKING:
    from tests.training.conftest import Network


def test_every_record_of_a_run_is_found_again(network: Network) -> None:
    job = network("moons", (4, 1), batch=16, optimizer=Adam(), steps=10_000_000)
    settings = [
        replace(job.settings, optimizer=Adam(learning_rate=0.1)),
        replace(job.settings, optimizer=SGD(), batch=7, l2=0.01),
    ]
    training = train(job)
    records: list[Progress] = [next(training), next(training)]
    for change in settings:
        records.append(training.send(Change(settings=change)))
        records.append(next(training))
    training.close()
    changes = [change for record in records for change in record.changes]
    assert len(changes) == 2
    losses = np.concatenate([record.losses for record in records])
    for record in records:
        found = at_step(job, record.step, changes)
        assert found.step == record.step
        assert np.array_equal(found.losses, losses[: record.step])
        for key, value in record.weights.items():
            assert np.array_equal(found.weights[key], value)


def test_a_later_start_gets_to_the_same_step(network: Network) -> None:
    job = network(optimizer=Adam())
    middle = train_now(replace(job, steps=40))
    later = at_step(continued(job, middle, 0), 60)
    assert np.array_equal(later.losses, at_step(job, 60).losses[40:])
    with pytest.raises(StudioError, match="no step 10"):
        at_step(continued(job, middle, 0), 10)
