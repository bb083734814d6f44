"""How many of a hundred starts learn XOR: figures that another implementation agreed on.

Full batch, binary cross-entropy, weights from `RandomState(seed).randn`, biases 0; solved when all
four outputs are within 0.1 of the right answer, in at most 5,000 steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpstudio.engine import run
from bpstudio.engine.optimizers import SGD
from bpstudio.training.course import advance, lay_out, weights_of
from bpstudio.training.job import Job

if TYPE_CHECKING:
    from tests.training.conftest import Network

SOLVED = {
    ("sigmoid", 1): 0,
    ("sigmoid", 2): 71,
    ("sigmoid", 3): 99,
    ("sigmoid", 4): 100,
    ("sigmoid", 8): 100,
    ("tanh", 1): 0,
    ("tanh", 2): 52,
    ("tanh", 3): 90,
    ("tanh", 4): 99,
    ("tanh", 8): 100,
    ("relu", 1): 0,
    ("relu", 2): 17,
    ("relu", 3): 43,
    ("relu", 4): 62,
    ("relu", 8): 91,
}
QUICK = [("sigmoid", 4), ("tanh", 4), ("tanh", 8)]
SLOW = [case for case in SOLVED if case not in QUICK]


@pytest.mark.parametrize(
    ("activation", "hidden"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.long) for case in SLOW)],
)
def test_as_many_starts_learn_xor_as_elsewhere(
    network: Network, activation: str, hidden: int
) -> None:
    rate = 2.0 if activation == "sigmoid" else 0.5
    job = network("xor", (hidden, 1), activation=activation, optimizer=SGD(learning_rate=rate))
    solved = sum(learns(started(job, hidden, seed)) for seed in range(100))
    assert solved == SOLVED[activation, hidden]


def started(job: Job, hidden: int, seed: int) -> Job:
    """The job with the weights that this seed gives."""
    random = np.random.RandomState(seed)
    return replace(
        job,
        weights={
            "dense1.weight": random.randn(2, hidden),
            "dense1.bias": np.zeros(hidden),
            "dense2.weight": random.randn(hidden, 1),
            "dense2.bias": np.zeros(1),
        },
    )


def learns(job: Job) -> bool:
    """Whether it comes within 0.1 of all four answers."""
    course = lay_out(job)
    for step in range(0, 5000, 100):
        advance(course, step, np.empty(100))
        steps = list(run.forward(job.graph, job.given, weights_of(course), ancestors_of="sigmoid2"))
        if np.abs(steps[-1].output - job.given["loss1.target"]).max() < 0.1:
            return True
    return False
