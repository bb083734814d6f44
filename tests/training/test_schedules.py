"""The learning rate from step to step, the penalty of L1, and gradients that are cut short."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bpstudio.engine import run
from bpstudio.engine.clipping import Clipping
from bpstudio.engine.optimizers import SGD, Adam, Nesterov
from bpstudio.errors import StudioError
from bpstudio.training.job import Change, Job
from bpstudio.training.schedules import Constant, Cosine, Schedule, Step, schedules
from bpstudio.training.trainer import continued, train, train_now

if TYPE_CHECKING:
    from tests.training.conftest import Network

STEPS = 40
CASES: dict[str, tuple[Schedule, Callable[[Any, Any], Any]]] = {
    "step": (Step(every=7, shrink=0.3), lambda s, o: s.StepLR(o, 7, 0.3)),
    "cosine": (
        Cosine(steps=STEPS, floor=0.1),
        lambda s, o: s.CosineAnnealingLR(o, STEPS, eta_min=0.05 * 0.1),
    ),
    "constant": (Constant(), lambda s, o: s.ConstantLR(o, factor=1.0)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.torch
def test_the_rate_is_that_of_torch(name: str) -> None:
    import torch

    schedule, made = CASES[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.05)
    theirs = made(torch.optim.lr_scheduler, optimizer)
    for step in range(STEPS):
        assert 0.05 * schedule.factor(step) == pytest.approx(theirs.get_last_lr()[0], rel=1e-12)
        optimizer.step()
        theirs.step()


def test_every_schedule_is_told_and_compared() -> None:
    assert set(CASES) == set(schedules)
    for kind in schedules.values():
        assert (kind.__doc__ or "").endswith(".") and "α" in kind.formula
        assert kind().factor(0) == 1.0
    assert Cosine(steps=10, floor=0.2).factor(1000) == pytest.approx(0.2)
    with pytest.raises(StudioError, match="every"):
        Step(every=0)


def by_hand(job: Job) -> dict[str, Any]:
    """Full-batch gradient descent with everything that the settings ask for, gate by gate."""
    settings, weights = job.settings, {k: np.array(v) for k, v in job.weights.items()}
    for step in range(job.steps):
        found = run.record(job.graph, job.given, weights, ancestors_of=job.target).weight_gradients
        pulled = {}
        for key, gradient in found.items():
            if key.partition(".")[0] in settings.frozen:
                continue
            pull = settings.l1 * np.sign(weights[key]) + settings.l2 * weights[key]
            pulled[key] = gradient + (0 if key.endswith("bias") else pull)
        if settings.clip_value is not None:
            bound = settings.clip_value
            pulled = {key: np.clip(g, -bound, bound) for key, g in pulled.items()}
        if settings.clip_norm is not None:
            length = np.sqrt(sum((g**2).sum() for g in pulled.values()))
            share = min(1.0, settings.clip_norm / (length + 1e-6))
            pulled = {key: g * share for key, g in pulled.items()}
        rate = settings.optimizer.learning_rate * settings.schedule.factor(step)
        for key, gradient in pulled.items():
            weights[key] = weights[key] - rate * gradient
    return weights


@pytest.mark.parametrize(
    "settings",
    [
        {"l1": 0.05},
        {"l1": 0.02, "l2": 0.1},
        {"clip_norm": 0.05},
        {"clip_value": 0.01, "l1": 0.02},
        {"clip_norm": 0.05, "clip_value": 0.02},
        {"clip_norm": 0.05, "frozen": frozenset({"dense1"}), "l1": 0.1},
        {"schedule": Step(every=3, shrink=0.5)},
        {"schedule": Cosine(steps=8), "frozen": frozenset({"dense2"})},
    ],
    ids=lambda settings: "-".join(settings),
)
def test_training_is_what_one_does_by_hand(network: Network, settings: dict[str, Any]) -> None:
    job = network(steps=12, optimizer=SGD(learning_rate=0.5), **settings)
    found, wanted = train_now(job).weights, by_hand(job)
    for key, weight in wanted.items():
        np.testing.assert_allclose(found[key], weight, rtol=0, atol=1e-14, err_msg=key)
    assert any(not np.array_equal(found[key], job.weights[key]) for key in wanted)


@pytest.mark.torch
def test_clipping_is_that_of_torch() -> None:
    import torch

    cut: Any = torch.nn.utils
    rng = np.random.default_rng(0)
    for scale in (0.01, 1.0, 100.0):
        g = rng.normal(size=20) * scale
        for ours, theirs, bound in (
            (Clipping(norm=1.5), cut.clip_grad_norm_, 1.5),
            (Clipping(value=0.5), cut.clip_grad_value_, 0.5),
        ):
            w = torch.zeros(20, dtype=torch.float64, requires_grad=True)
            w.grad = torch.tensor(g)
            theirs([w], bound)
            np.testing.assert_allclose(ours.applied(g, np.asarray(0.1)), w.grad, rtol=1e-12)


def test_the_reported_loss_has_no_penalty_in_it(network: Network) -> None:
    plain, pulled = train_now(network(steps=1)), train_now(network(steps=1, l1=1.0))
    assert plain.losses[0] == pulled.losses[0]
    assert plain.metrics.loss != pulled.metrics.loss, "but the weights went elsewhere"


def test_l1_makes_weights_small(network: Network) -> None:
    job = network(steps=3000, l1=0.05, optimizer=SGD(learning_rate=0.05))
    weights = train_now(job).weights["dense1.weight"]
    assert np.abs(weights).max() < 0.01


def test_a_run_in_two_jobs_equals_a_run_in_one(network: Network) -> None:
    settings: dict[str, Any] = {
        "schedule": Cosine(steps=50),
        "optimizer": Nesterov(),
        "clip_norm": 0.3,
        "batch": 3,
    }
    whole = train_now(network(steps=40, **settings))
    first = network(steps=17, **settings)
    ended = train_now(first)
    rest = train_now(continued(first, ended, 23))
    assert np.array_equal(np.concatenate([ended.losses, rest.losses]), whole.losses)


def test_a_schedule_can_be_changed_on_the_way(network: Network) -> None:
    job = network(steps=10_000, optimizer=Adam())
    running = train(job)
    first = next(running)
    halted = Step(every=1, shrink=0.0)
    settings = type(job.settings)(optimizer=Adam(), schedule=halted)
    running.send(Change(settings=settings))
    after = next(running)
    later = next(running)
    assert first.step < after.step < later.step
    assert all(np.array_equal(after.weights[k], later.weights[k]) for k in after.weights)
