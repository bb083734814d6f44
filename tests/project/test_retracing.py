"""The way that the weights of a project came, walked again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.optimizers import Adam
from bpstudio.errors import StudioError
from bpstudio.project import build, edits, past
from bpstudio.project.project import Project
from bpstudio.project.retracing import STOPS, retracing, stops
from bpstudio.project.runs import job, landed, measured
from bpstudio.training.trainer import train_now


def trained(project: Project, steps: int) -> Project:
    return landed(project, train_now(job(project, steps)))


def test_the_way_ends_at_the_weights_that_the_project_has() -> None:
    start = build.network(toys.make("spiral", points=60, arms=3), (2, 6, 3))
    start = edits.set_training(start, replace(start.training, optimizer=Adam(), batch=16))
    project = trained(trained(start, 31), 44)
    *_, trail = retracing(project)
    assert trail.steps[0] == 0 and trail.steps[-1] == 75
    end = trail.glances[-1]
    vector = np.concatenate([w.ravel() for w in project.weights.values()])
    np.testing.assert_array_equal(end.vector, vector.astype(np.float32))
    assert end.metrics == measured(project)
    assert end.updates.keys() == project.weights.keys()
    assert set(end.activities) == {"tanh1"}


def test_a_way_on_which_something_was_changed_is_not_made_up() -> None:
    project = trained(build.network(toys.make("xor"), (2, 4, 1)), 20)
    faster = replace(project.training, optimizer=Adam(learning_rate=0.3))
    with pytest.raises(StudioError, match="changed during this training"):
        list(retracing(edits.set_training(project, faster)))


@pytest.mark.parametrize("steps", [0, 1, 5, 99, 1_000_000])
def test_one_looks_at_the_end_and_not_too_often(steps: int) -> None:
    found = stops(steps)
    assert len(found) <= STOPS + 10
    assert found == sorted(set(found))
    assert (found[-1:] or [0]) == [steps]


def test_what_was_changed_on_the_way_is_walked_again_along_its_runs() -> None:
    project = in_runs(build.network(toys.make("xor"), (2, 4, 1)), 20)
    faster = replace(project.training, optimizer=Adam(learning_rate=0.03))
    project = in_runs(edits.set_training(project, faster), 30)
    *_, trail = retracing(project)
    assert trail.steps[0] == 0 and trail.steps[-1] == 50
    vector = np.concatenate([w.ravel() for w in project.weights.values()])
    np.testing.assert_array_equal(trail.glances[-1].vector, vector.astype(np.float32))
    assert trail.glances[-1].metrics == measured(project)
    # The updates are Adam's, which goes on counting: none is longer than its learning rate allows.
    last = trail.glances[-1].updates["dense1.weight"].norm
    assert 0 < last <= 0.03 * np.sqrt(8) * 1.01


def in_runs(project: Project, steps: int) -> Project:
    """The project trained, with its run kept."""
    run, begun = past.begun(project, job(project, steps))
    result = train_now(begun)
    return past.landed(landed(project, result), run, metrics=result.metrics)
