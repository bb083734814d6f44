"""Optimizers against PyTorch's, against their formulas, and their promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
    optimizers,
)
from bpstudio.errors import StudioError

REFERENCE = Path(__file__).parent / "reference" / "optimizers.npz"
STEPS, WEIGHTS = 20, 7


class Case(NamedTuple):
    """An optimizer of ours and the one of PyTorch that it should equal."""

    name: str
    optimizer: Optimizer
    torch: Callable[[Any, Any], Any]


CASES = [
    Case("sgd", SGD(learning_rate=0.3), lambda optim, w: optim.SGD(w, lr=0.3)),
    Case(
        "momentum",
        Momentum(learning_rate=0.1, momentum=0.8),
        lambda optim, w: optim.SGD(w, lr=0.1, momentum=0.8),
    ),
    Case(
        "nesterov",
        Nesterov(learning_rate=0.01, momentum=0.8),
        lambda optim, w: optim.SGD(w, lr=0.01, momentum=0.8, nesterov=True),
    ),
    Case("adagrad", AdaGrad(learning_rate=0.2), lambda optim, w: optim.Adagrad(w, lr=0.2)),
    Case(
        "rmsprop",
        RMSProp(learning_rate=0.02, decay=0.9),
        lambda optim, w: optim.RMSprop(w, lr=0.02, alpha=0.9),
    ),
    Case(
        "adamw",
        AdamW(learning_rate=0.05, decay=0.1),
        lambda optim, w: optim.AdamW(w, lr=0.05, weight_decay=0.1),
    ),
    Case("adam", Adam(learning_rate=0.05), lambda optim, w: optim.Adam(w, lr=0.05)),
    Case(
        "adam-other",
        Adam(learning_rate=0.2, beta1=0.5, beta2=0.9, epsilon=1e-3),
        lambda optim, w: optim.Adam(w, lr=0.2, betas=(0.5, 0.9), eps=1e-3),
    ),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def start() -> Array:
    """Weights of very different sizes."""
    return np.array([1.0, -2.0, 0.5, 1e-3, 30.0, 0.0, -0.7])


def slope(w: Array) -> Array:
    """The gradient of a bent bowl, with a weight that nothing depends on."""
    bowl = np.array([1, 4, 0.3, 100, 0.02, 1, 0])
    return np.asarray(bowl * w + 0.1 * np.sin(3 * w) * (w != -0.7))


def walk(optimizer: Optimizer, rate: Array | float | None = None) -> Array:
    """The weights after each step, shape (steps, weights)."""
    w = start()
    state: Mapping[str, Array] = {name: np.zeros(WEIGHTS) for name in optimizer.state}
    rate = optimizer.learning_rate if rate is None else rate
    path = []
    for t in range(1, STEPS + 1):
        new = dict(optimizer.update(w, slope(w), np.asarray(rate), np.asarray(float(t)), **state))
        w, state = new.pop("w"), new
        path.append(w)
    return np.array(path)


def reference(case: Case) -> Array:
    """The weights after each step as PyTorch makes them."""
    import torch

    w = torch.tensor(start(), requires_grad=True)
    optimizer = case.torch(torch.optim, [w])
    path = []
    for _ in range(STEPS):
        w.grad = torch.tensor(slope(w.detach().numpy()))
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def off(have: Array, want: Array) -> float:
    """The largest difference of any step, relative to the largest weight."""
    return float(np.max(np.abs(have - want)) / np.max(np.abs(want)))


@every_case
@pytest.mark.torch
def test_torch_agrees(case: Case) -> None:
    assert off(walk(case.optimizer), reference(case)) < 1e-12


@every_case
def test_stored_answer_agrees(case: Case) -> None:
    with np.load(REFERENCE, allow_pickle=False) as stored:
        assert off(walk(case.optimizer), stored[case.name]) < 1e-12


def test_every_optimizer_is_compared() -> None:
    assert {case.optimizer.name for case in CASES} == set(optimizers)


@pytest.mark.parametrize("kind", optimizers.values(), ids=lambda kind: kind.name)
def test_updates_are_pure(kind: type[Optimizer]) -> None:
    optimizer = kind()
    arguments = [np.full(3, 0.5), np.ones(3), np.asarray(0.1), np.asarray(1.0)]
    state = [np.zeros(3) for _ in optimizer.state]
    for array in (*arguments, *state):
        array.flags.writeable = False
    first, second = (optimizer.update(*arguments, *state) for _ in range(2))
    assert set(first) == {"w", *optimizer.state}
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    assert (first["w"] < 0.5).all(), "it goes against the gradient"


@pytest.mark.parametrize("kind", optimizers.values(), ids=lambda kind: kind.name)
def test_a_rate_of_zero_freezes_a_weight_and_no_other(kind: type[Optimizer]) -> None:
    optimizer = kind()
    rates = np.full(WEIGHTS, optimizer.learning_rate)
    rates[1] = 0.0
    frozen, free = walk(optimizer, rates), walk(optimizer)
    assert (frozen[:, 1] == start()[1]).all()
    np.testing.assert_array_equal(np.delete(frozen, 1, 1), np.delete(free, 1, 1))


@pytest.mark.parametrize("kind", optimizers.values(), ids=lambda kind: kind.name)
def test_texts_are_complete(kind: type[Optimizer]) -> None:
    assert (kind.__doc__ or "").endswith(".")
    assert "w :=" in kind.formula


def test_adams_first_step_has_the_size_of_the_rate() -> None:
    moved = walk(Adam(learning_rate=0.01))[0] - start()
    np.testing.assert_allclose(np.abs(moved[[0, 1, 2, 3]]), 0.01, rtol=1e-4)
    assert moved[6] == 0.0, "a weight without a gradient stays"


@pytest.mark.parametrize(
    "wrong", [{"learning_rate": -0.1}, {"beta1": 1.0}, {"epsilon": float("nan")}]
)
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(StudioError, match=next(iter(wrong))):
        Adam(**wrong)
