"""Several runs stacked do what each does alone: on random networks, gates and optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpstudio.engine import plan, stack
from bpstudio.engine.clipping import Clipping
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.ops.activation import Tanh
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.optimizers import SGD, Adam, Optimizer, optimizers
from bpstudio.engine.shapes import Shape
from bpstudio.engine.stack import Run
from tests.engine.test_plan import ROWS, TOLERANCE, Network, gate_networks, random_network

RUNS = 3


def started(network: Network, seed: int) -> Run:
    """A run of the network from other weights."""
    rng = np.random.default_rng([7, seed])
    weights = {
        key: np.asarray(rng.normal(size=array.shape)) for key, array in network.weights.items()
    }
    return Run(weights, network.statistics, seed=seed)


def given_of(network: Network, seed: int, keys: tuple[str, ...]) -> dict[str, Array]:
    """What that run is given, with these arrays its own."""
    factor = 1.0 - 0.1 * seed
    return {k: a * factor if k in keys else a for k, a in network.given.items()}


def apart(network: Network, own: tuple[str, ...] = (), steps: int = 2) -> float:
    """How far stacked runs are from single ones after some steps, relative to what they are."""
    runs = [started(network, seed) for seed in range(RUNS)]
    given = [given_of(network, seed, own) for seed in range(RUNS)]
    optimizer = SGD(learning_rate=0.01)
    together = stack.compile_stack(
        network.graph,
        network.shapes,
        runs,
        optimizer,
        rows=ROWS,
        shared=network.given.keys() - set(own),
    )
    together.load(given)
    alone = [single(network, run, its, optimizer) for run, its in zip(runs, given, strict=True)]
    worst = 0.0
    for t in range(1, steps + 1):
        together.step(0, 0.01, t)
        for number, one in enumerate(alone):
            one.step(0, 0.01, t)
            gradients = [np.abs(g).max(initial=0.0) for g in one.weight_gradients.values()]
            size = max([1.0, abs(float(one.loss)), *gradients])
            found = together.weights_of(number)
            pairs = [(together.loss[number], one.loss)]
            pairs += [(found[key], one.weights[key]) for key in found]
            pairs += [(together.statistics[key][number], a) for key, a in one.statistics.items()]
            for a, b in pairs:
                both = np.isfinite(a) & np.isfinite(b)
                assert (np.isfinite(a) == np.isfinite(b)).all()
                difference = np.abs(np.where(both, a, 0) - np.where(both, b, 0))
                worst = max(worst, float(difference.max(initial=0.0) / size))
    return worst


def single(network: Network, run: Run, given: Any, optimizer: Optimizer, **named: Any) -> Any:
    """One run alone."""
    ready = plan.compile_training(
        network.graph,
        network.shapes,
        run.weights,
        optimizer,
        rows=ROWS,
        statistics=run.statistics,
        penalties=run.penalties,
        lasso=run.lasso,
        seed=run.seed,
        **named,
    )
    ready.load(given)
    return ready


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_random_networks_do_stacked_what_each_does_alone(first: int) -> None:
    for seed in range(first, first + 40):
        network = random_network(seed)
        if network.weights:
            assert apart(network) <= TOLERANCE, seed


def test_runs_may_be_given_something_of_their_own() -> None:
    for seed in range(30):
        network = random_network(seed)
        floats = tuple(k for k in network.given if network.given[k].dtype.kind == "f")
        if network.weights:
            assert apart(network, own=floats) <= TOLERANCE, seed


@pytest.mark.parametrize(("name", "network"), gate_networks())
def test_every_gate_can_be_stacked(name: str, network: Network) -> None:
    if network.weights:
        assert apart(network, steps=1) <= TOLERANCE


def layers() -> Network:
    """Two layers on the rows of a data set."""
    rng = np.random.default_rng(3)
    network = Network()
    rows = network.source("data", Shape((2,), True), rng)
    hidden = network.add(Dense(units=4), {"x": (rows,)}, rng) or ""
    bent = network.add(Tanh(), {"x": (hidden,)}, rng) or ""
    answer = network.add(Dense(units=1), {"x": (bent,)}, rng) or ""
    network.add(SquaredError(), {"prediction": (answer,)}, rng)
    return network


@pytest.mark.parametrize("name", sorted(optimizers))
def test_every_optimizer_moves_each_run_as_alone_with_its_own_rate_and_penalties(
    name: str,
) -> None:
    network, optimizer = layers(), optimizers[name]()
    keys = network.graph.keys(Kind.WEIGHT)
    runs = [
        Run(
            run.weights, penalties=dict.fromkeys(keys, 0.1 * i), lasso=dict.fromkeys(keys, 0.01 * i)
        )
        for i, run in enumerate(started(network, seed) for seed in range(RUNS))
    ]
    rates = [0.01, 0.02, 0.05]
    frozen = [(), (), keys[:1]]
    together = stack.compile_stack(
        network.graph,
        network.shapes,
        runs,
        optimizer,
        rows=ROWS,
        shared=network.given,
        clip_value=0.1,
    )
    together.load([network.given] * RUNS)
    vector = together.rates(rates, frozen)
    alone = [
        single(network, run, network.given, optimizer, clipping=Clipping(value=0.1)) for run in runs
    ]
    for t in range(1, 21):
        together.step(0, vector, t)
        for number, one in enumerate(alone):
            its = np.full_like(one.parameters, rates[number])
            for key in frozen[number]:
                one.vectors.view(its, key)[...] = 0
            one.step(0, its, t)
    for number, one in enumerate(alone):
        for key, found in together.weights_of(number).items():
            np.testing.assert_allclose(found, one.weights[key], rtol=0, atol=1e-12)


def test_each_run_sees_its_own_rows_and_two_sizes_of_batch_share_their_weights() -> None:
    network = layers()
    long = {key: np.concatenate([array, 0.5 * array]) for key, array in network.given.items()}
    runs = [started(network, seed) for seed in range(RUNS)]
    common = (network.graph, network.shapes, runs, Adam())
    whole = stack.compile_stack(*common, rows=4)
    rest = stack.compile_stack(*common, rows=2, beside=whole)
    orders = [np.random.default_rng(seed).permutation(10) for seed in range(RUNS)]
    whole.load([long] * RUNS, [order[:8] for order in orders])
    rest.load([long] * RUNS, [order[8:] for order in orders])
    assert whole.batches == 2
    whole.step(0, 0.01, 1)
    whole.step(1, 0.01, 2)
    rest.step(0, 0.01, 3)
    for number, (run, order) in enumerate(zip(runs, orders, strict=True)):
        one = plan.compile_training(*common[:2], run.weights, Adam(), rows=4)
        last = plan.compile_training(*common[:2], run.weights, Adam(), rows=2, shared=one.vectors)
        one.load(long, order[:8])
        last.load(long, order[8:])
        one.step(0, 0.01, 1)
        one.step(1, 0.01, 2)
        last.step(0, 0.01, 3)
        for key, found in whole.weights_of(number).items():
            np.testing.assert_allclose(found, one.weights[key], rtol=0, atol=1e-13)


def test_runs_are_told_apart() -> None:
    """A stack that mixed its runs up would be far from them."""
    network = layers()
    runs = [started(network, seed) for seed in range(RUNS)]
    together = stack.compile_stack(
        network.graph, network.shapes, runs, SGD(), rows=ROWS, shared=network.given
    )
    together.load([network.given] * RUNS)
    together.step(0, 0.1, 1)
    assert len({float(loss) for loss in together.loss}) == RUNS
