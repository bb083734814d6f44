"""A training that diverges is told so; a healthy one never is."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.project import build, runs
from bpstudio.training.diagnose import diverged
from bpstudio.training.trainer import train_now


@pytest.mark.parametrize("data", ["xor", "and", "or", "nand"])
def test_a_huge_learning_rate_diverges(data: str) -> None:
    project = build.network(toys.make(data), (2, 4, 1), learning_rate=1e6)
    losses = train_now(runs.job(project, 200)).losses
    found = diverged(losses, 1e6)
    assert found is not None
    assert "1e+06" in str(found)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("data", ["xor", "circles", "moons", "checkerboard", "sine"])
def test_a_healthy_training_does_not(data: str, seed: int) -> None:
    sizes = (1, 8, 1) if data == "sine" else (2, 8, 1)
    project = build.network(toys.make(data, seed=seed), sizes, seed=seed)
    losses = train_now(runs.job(project, 300)).losses
    assert diverged(losses, 0.5) is None


def test_too_few_steps_say_nothing() -> None:
    assert diverged(np.array([]), 0.1) is None
    assert diverged(np.array([1.0]), 0.1) is None
    assert diverged(np.array([1.0, 50.0, 50.0]), 0.1) is not None
