"""A compiled plan does what `run` does: on every gate, on random networks, step after step."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpstudio
from bpstudio.engine import backprop, emit, layout, levels, plan, run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import (
    Array,
    Gradients,
    Kind,
    Noise,
    Op,
    Statistic,
    catalog,
)
from bpstudio.engine.ops.custom import Formula
from bpstudio.engine.ops.layer import Dense, MatMul
from bpstudio.engine.ops.reshape import Reshape
from bpstudio.engine.ops.source import Parameter
from bpstudio.engine.ops.vector import L2Norm
from bpstudio.engine.optimizers import SGD, Adam, Momentum, Optimizer, optimizers
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, ShapeError, StudioError

ROWS = 5
"""Rows of a batch in these networks."""

TOLERANCE = 1e-12
"""How far a plan may be from `run`, relative to the network's largest gradient."""


@dataclass
class Network:
    """A graph with everything that running it takes, grown node by node."""

    nodes: dict[str, Node] = field(default_factory=dict)
    outputs: dict[str, Shape] = field(default_factory=dict)
    given: dict[str, Array] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    weights: dict[str, Array] = field(default_factory=dict)
    statistics: dict[str, Array] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The nodes so far."""
        return Graph(self.nodes)

    def add(
        self, op: Op, sources: Mapping[str, tuple[str, ...]], rng: np.random.Generator
    ) -> str | None:
        """One more node with values for what it owns; None if the shapes do not fit."""
        id = f"n{len(self.nodes)}"
        wired: dict[str, Shape] = {}
        for name, ids in sources.items():
            variadic = next(p.variadic for p in op.ports if p.name == name)
            for slot, source in enumerate(ids):
                wired[f"{name}{slot}" if variadic else name] = self.outputs[source]
        lasting = [p.name for p in op.ports if p.kind in (Kind.WEIGHT, Kind.STATISTIC)]
        inputs = {k: v for k, v in wired.items() if k not in lasting}
        try:
            owned = {k: Shape(v) for k, v in op.weight_shapes(**inputs).items()}
            for port in op.ports:
                if port.kind is Kind.TARGET and port.name not in wired:
                    wired[port.name] = wired["prediction"]
            shape = op.shape(**{**owned, **wired})
        except (ShapeError, KeyError):
            return None
        if math.prod(shape.array(ROWS)) > 4000:
            return None
        for port in op.ports:
            key = f"{id}.{port.name}"
            if sources.get(port.name):
                continue
            if port.kind in (Kind.WEIGHT, Kind.STATISTIC):
                store = self.weights if port.kind is Kind.WEIGHT else self.statistics
                drawn = rng.normal(size=owned[port.name].features)
                store[key] = drawn if port.kind is Kind.WEIGHT else np.abs(drawn) + 0.1
            elif port.kind is Kind.TARGET:
                self.shapes[key] = wired[port.name]
                self.given[key] = rng.uniform(0.1, 0.9, wired[port.name].array(ROWS))
        self.nodes[id] = Node(id, op, dict(sources))
        self.outputs[id] = shape
        return id

    def source(self, name: str, shape: Shape, rng: np.random.Generator, low: float = -1.5) -> str:
        """A node of the data set, or of a typed value."""
        id = f"n{len(self.nodes)}"
        port = catalog[name].ports[0].name
        self.nodes[id] = Node(id, catalog[name]())
        self.outputs[id] = self.shapes[f"{id}.{port}"] = shape
        self.given[f"{id}.{port}"] = rng.uniform(low, 1.5, shape.array(ROWS))
        return id

    def parameter(self, size: tuple[int, ...], rng: np.random.Generator) -> str:
        """A parameter node, whose value several gates may share."""
        id = self.add(Parameter(size=size), {}, rng)
        assert id is not None
        return id


CALM = (
    *("add", "subtract", "multiply", "max", "min", "negate", "scale", "shift", "square", "abs"),
    *("sin", "cos", "tanh", "sigmoid", "relu", "softmax", "sum", "mean", "matmul", "dense"),
    *("leaky_relu", "prelu", "elu", "gelu", "silu", "softplus", "hard_sigmoid", "clip", "where"),
    *("maxout", "l1_norm", "dot", "outer", "transpose", "concatenate", "slice", "dropout"),
    *("layer_norm", "batch_norm", "conv2d", "max_pool2d", "average_pool2d", "flatten"),
)
"""Gates that keep numbers of any sign in bounds, for random networks."""


def random_network(seed: int) -> Network:
    """Reuse, forks, broadcasting, up to four axes, shared weights, a batch or none."""
    rng = np.random.default_rng(seed)
    network = Network()
    batched = bool(rng.integers(0, 4))
    rank = int(rng.integers(0, 4))

    def some_shape() -> tuple[int, ...]:
        axes = tuple(int(n) for n in rng.choice([1, 2, 3], rank))
        return axes[int(rng.integers(0, rank + 1)) :] if rng.random() < 0.3 else axes

    features = tuple(int(n) for n in rng.choice([1, 2, 3, 6], rank))
    network.source("data" if batched else "input", Shape(features, batched), rng)
    for _ in range(int(rng.integers(1, 4))):
        network.parameter(some_shape(), rng)
    network.source("input", Shape(some_shape()), rng)
    for _ in range(int(rng.integers(3, 14))):
        kind = catalog[str(rng.choice(CALM))]
        ids = list(network.nodes)
        # Newer nodes are chosen more often, so that networks grow deep as well as wide.
        chances = np.arange(1, len(ids) + 1) ** 1.5

        def pick(ids: list[str] = ids, chances: Array = chances) -> str:
            return str(rng.choice(ids, p=chances / chances.sum()))

        settings: dict[str, Any] = {}
        if kind.name in ("sum", "mean", "l1_norm"):
            settings["axis"] = [None, -1, -2][int(rng.integers(0, 3))]
        if kind.name == "dense":
            settings["units"] = int(rng.integers(1, 5))
        if kind.name in ("conv2d", "max_pool2d", "average_pool2d"):
            settings |= {"size": int(rng.integers(1, 3)), "stride": int(rng.integers(1, 3))}
        if kind.name == "conv2d":
            settings |= {"units": int(rng.integers(1, 4)), "padding": int(rng.integers(0, 2))}
        if kind.name in ("layer_norm", "batch_norm"):
            # Where all numbers are equal a small one would blow rounding up.
            settings["epsilon"] = 0.1
        sources: dict[str, tuple[str, ...]] = {}
        for port in kind.ports:
            if port.kind is Kind.INPUT:
                count = int(rng.integers(1, 4)) if port.variadic else 1
                sources[port.name] = tuple(pick() for _ in range(count))
        if kind.name == "dense" and rng.random() < 0.4:
            rows = network.outputs[sources["x"][0]].features[-1:]
            if rows:
                sources["weight"] = (_shared(network, (*rows, settings["units"]), rng),)
                if rng.random() < 0.6:
                    sources["bias"] = (_shared(network, (settings["units"],), rng),)
        network.add(kind(**settings), sources, rng)
    if rng.random() < 0.6:
        _join(network, rng)
    return network


def _join(network: Network, rng: np.random.Generator) -> None:
    """Add up all that the network gives, so that the loss depends on nearly all of it."""
    total: str | None = None
    for sink in network.graph.sinks:
        one = network.add(catalog["sum"](), {"x": (sink,)}, rng)
        total = (
            one
            if total is None
            else network.add(catalog["add"](), {"a": (total,), "b": (one or "",)}, rng)
        )


def _shared(network: Network, size: tuple[int, ...], rng: np.random.Generator) -> str:
    """A parameter node of that size, an old one where there is one."""
    for id, node in network.nodes.items():
        if node.op == Parameter(size=size) and rng.random() < 0.8:
            return id
    return network.parameter(size, rng)


def compiled(network: Network, optimizer: Optimizer | None = None, **named: Any) -> Any:
    """The plan of a network with its arrays loaded."""
    ready = plan.compile_training(
        network.graph,
        network.shapes,
        network.weights,
        optimizer or SGD(),
        rows=ROWS,
        statistics=network.statistics,
        **named,
    )
    ready.load(network.given)
    return ready


def recorded(
    network: Network, weights: Mapping[str, Array] | None = None, step: int = 1
) -> run.Recording:
    """What `run` does with it."""
    graph = network.graph
    return run.record(
        graph,
        network.given,
        network.weights if weights is None else weights,
        statistics=network.statistics,
        randomness=run.Randomness(0, step),
        ancestors_of=graph.objective,
    )


def difference(network: Network, ready: Any, recording: run.Recording) -> float:
    """How far loss and gradients are apart, relative to the largest gradient (at least 1)."""
    loss = float(np.sum(recording.values[network.graph.objective]))
    expected = recording.weight_gradients
    largest = max([1.0, abs(loss), *(np.abs(g).max() for g in expected.values() if g.size)])
    apart = [abs(float(ready.loss) - loss)]
    for key, array in ready.weight_gradients.items():
        wanted = expected.get(key, np.zeros_like(array))
        apart.append(float(np.abs(array - wanted).max(initial=0.0)))
    return max(apart) / float(largest)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_random_networks_give_the_same_loss_and_gradients(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(first, first + 50):
        network = random_network(seed)
        # Every other one as if it were large: written in place, rows never one by one.
        monkeypatch.setattr(layout, "IN_PLACE", 0 if seed % 2 else 2048)
        monkeypatch.setattr(emit, "ROWS_APART", 0 if seed % 2 else 4096)
        ready = compiled(network)
        recording = recorded(network)
        # Twice, because a buffer that is used too early shows only when it is not fresh.
        for _ in range(2):
            ready.gradient()
            assert difference(network, ready, recording) <= TOLERANCE, (seed, ready.text)


def test_what_broadcasting_gives_is_never_written_to() -> None:
    """A row that is broadcast to a matrix of one row, and would be large enough to write into."""
    rng = np.random.default_rng(0)
    network = Network()
    matrix = network.parameter((1, 3000), rng)
    row = network.add(L2Norm(axis=-2), {"x": (matrix,)}, rng) or ""
    sources = {"condition": (row,), "then": (row,), "other": (matrix,)}
    chosen = network.add(catalog["where"](), sources, rng) or ""
    assert network.add(catalog["sum"](), {"x": (chosen,)}, rng)
    ready = compiled(network)
    ready.gradient()
    assert difference(network, ready, recorded(network)) <= TOLERANCE


def test_a_weight_is_not_written_where_a_view_of_it_had_to_be_copied() -> None:
    """A turned matrix can't be laid flat where it lies; then the weight dies in -2 · w."""
    rng = np.random.default_rng(3)
    network = Network()
    w = network.parameter((3, 3), rng)
    opposite = network.add(catalog["negate"](), {"x": (w,)}, rng) or ""
    network.add(catalog["square"](), {"x": (opposite,)}, rng)
    turned = network.add(catalog["transpose"](), {"x": (w,)}, rng) or ""
    network.add(Reshape(size=(9,), keep=0), {"x": (turned,)}, rng)
    _require_equal_twice(network)


def test_a_view_of_a_weight_is_not_written_where_another_view_had_to_be_copied() -> None:
    """The same where what dies is the turned weight itself."""
    rng = np.random.default_rng(4)
    network = Network()
    w = network.parameter((2, 3), rng)
    turned = network.add(catalog["transpose"](), {"x": (w,)}, rng) or ""
    network.add(Reshape(size=(6,), keep=0), {"x": (turned,)}, rng)
    network.add(catalog["silu"](), {"x": (turned,)}, rng)
    _require_equal_twice(network)


def test_what_a_layer_reads_may_be_the_gradient_of_another_weight() -> None:
    """In h @ W + b and h · v the input of the layer, with its row of ones, is what v gets."""
    rng = np.random.default_rng(5)
    network = Network()
    w, v = network.parameter((3, 4), rng), network.parameter((3, 4), rng)
    hidden = network.add(catalog["tanh"](), {"x": (w,)}, rng) or ""
    network.add(Dense(units=2), {"x": (hidden,)}, rng)
    network.add(catalog["multiply"](), {"a": (hidden,), "b": (v,)}, rng)
    _require_equal_twice(network)


def _require_equal_twice(network: Network) -> None:
    """Equal to `run`, and still so at the second time, when nothing is fresh any more."""
    _join(network, np.random.default_rng(0))
    ready, recording = compiled(network), recorded(network)
    for _ in range(2):
        ready.gradient()
        assert difference(network, ready, recording) <= TOLERANCE, ready.text


def test_the_random_networks_have_what_makes_them_hard() -> None:
    networks = [random_network(seed) for seed in range(300)]
    used = [node.op.name for network in networks for node in network.nodes.values()]
    assert all(used.count(name) >= 3 for name in CALM), [n for n in CALM if used.count(n) < 3]
    ranks = [max(len(shape.array(ROWS)) for shape in n.outputs.values()) for n in networks]
    forks = [any(len(readers) > 1 for readers in n.graph.readers.values()) for n in networks]
    lengths = [len(run.ancestors(n.graph, n.graph.objective)) for n in networks]
    assert sum(rank > 2 for rank in ranks) > 60
    assert sum(forks) > 150
    assert np.mean(lengths) > 7


def test_networks_with_a_wrong_rule_of_liveness_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant gives memory back one reader too early."""
    whole = layout.last_uses

    def mutant(calls: Any, root: Any) -> dict[int, int]:
        uses: dict[int, int] = {}
        for at, call in enumerate(calls):
            for index in call.inputs:
                uses.setdefault(root.get(index, index), at)
        return uses | {k: v for k, v in whole(calls, root).items() if k not in uses}

    monkeypatch.setattr(layout, "last_uses", mutant)
    wrong = 0
    for seed in range(60):
        network = random_network(seed)
        ready = compiled(network)
        ready.gradient()
        wrong += difference(network, ready, recorded(network)) > TOLERANCE
    assert wrong >= 10


def gate_networks() -> list[tuple[str, Network]]:
    """Each gate of the catalog between a parameter and a tanh, at each of its shapes."""
    found = []
    for name, kind in sorted(catalog.items()):
        op = kind()
        free = [p for p in op.ports if p.kind in (Kind.INPUT, Kind.TARGET, Kind.INDEX)]
        shapes = [dict(s) for s in op.samples] or _broadcasting([p.name for p in free])
        for number, sample in enumerate(shapes):
            names = [n for n in sample if n.rstrip("0123456789") in {p.name for p in free}]
            for batched in ((), *((n,) for n in names), tuple(names)):
                network = _gate_network(op, sample, batched)
                if network is not None:
                    found.append((f"{name}-{number}-{''.join(batched)}", network))
    assert {name.split("-")[0] for name, _ in found} == set(catalog)
    return found


def _gate_network(
    op: Op, sample: Mapping[str, tuple[int, ...]], batched: tuple[str, ...]
) -> Network | None:
    """The gate with parameters as its inputs, or the rows of data; None if it refuses them."""
    rng = np.random.default_rng(1)
    network = Network()
    sources: dict[str, tuple[str, ...]] = {}
    if op.category == "source":
        if op.ports and op.ports[0].kind is not Kind.WEIGHT:
            network.source(op.name, Shape((3,), op.ports[0].kind is Kind.FEATURES), rng)
        else:
            network.add(op, {}, rng)
    wired = {p.name: p for p in op.ports if p.kind in (Kind.INPUT, Kind.TARGET, Kind.INDEX)}
    for name, axes in sample.items() if op.category != "source" else ():
        port = wired.get(name) or wired.get(name.rstrip("0123456789"))
        if port is None:
            continue
        low, high = op.domain.get(port.name, (-2.0, 2.0))
        low, high = max(low, -2.0), min(high, 2.0)
        near = 0.05 * (high - low)
        if name in batched:
            id = network.source("data", Shape(axes[1:], True), rng)
            shape: tuple[int, ...] = (ROWS, *axes[1:])
            network.given[f"{id}.rows"] = rng.uniform(low + near, high - near, shape)
        else:
            id = network.parameter(axes, rng)
            network.weights[f"{id}.value"] = rng.uniform(low + near, high - near, axes)
        sources[port.name] = (*sources.get(port.name, ()), id)
    if op.category != "source" and network.add(op, sources, rng) is None:
        return None
    scale = network.add(Parameter(), {}, rng)
    assert scale is not None
    last = list(network.nodes)[-2]
    product = network.add(catalog["multiply"](), {"a": (last,), "b": (scale,)}, rng)
    return network if product is not None else None


def _broadcasting(ports: list[str]) -> list[dict[str, tuple[int, ...]]]:
    lists: tuple[tuple[tuple[int, ...], ...], ...] = (((3,), (2, 3)), ((), (2, 3)), ((2, 1), (3,)))
    return [dict(zip(ports, axes * len(ports), strict=False)) for axes in lists]


@pytest.mark.parametrize(
    ("network"), [pytest.param(network, id=id) for id, network in gate_networks()]
)
def test_every_gate_gives_the_same_loss_and_gradients(network: Network) -> None:
    ready = compiled(network)
    recording = recorded(network)
    for _ in range(2):
        ready.gradient()
        assert difference(network, ready, recording) <= TOLERANCE, ready.text


def layered(
    sizes: tuple[int, ...], rows: int, activation: str = "tanh", loss: str = "squared_error"
) -> tuple[Network, Array]:
    """A layered network on made-up data of many rows."""
    rng = np.random.default_rng(3)
    network = Network()
    feeding: str | None = network.source("data", Shape((sizes[0],), True), rng)
    for place, units in enumerate(sizes[1:], start=1):
        assert feeding is not None
        feeding = network.add(Dense(units=units), {"x": (feeding,)}, rng)
        if place < len(sizes) - 1 and feeding is not None:
            feeding = network.add(catalog[activation](), {"x": (feeding,)}, rng)
    assert feeding is not None
    network.add(catalog[loss](), {"prediction": (feeding,)}, rng)
    for key, shape in network.shapes.items():
        network.given[key] = rng.uniform(-1, 1, shape.array(rows))
        if loss == "cross_entropy" and key.endswith("target"):
            network.given[key] = np.eye(sizes[-1])[rng.integers(0, sizes[-1], rows)]
    return network, rng.permutation(rows)


def batch_of(network: Network, rows: Array) -> Network:
    """The same network with only these rows."""
    given = {
        key: array[rows] if network.shapes[key].batched else array
        for key, array in network.given.items()
    }
    return Network(
        network.nodes, network.outputs, given, network.shapes, network.weights, network.statistics
    )


NETS: tuple[tuple[tuple[int, ...], str, str], ...] = (
    ((2, 4, 1), "sigmoid", "squared_error"),
    ((3, 8, 2), "tanh", "cross_entropy"),
    ((5, 7, 6, 4), "relu", "cross_entropy"),
)


@pytest.mark.parametrize("name", sorted(optimizers))
@pytest.mark.parametrize(("sizes", "activation", "loss"), NETS)
@pytest.mark.parametrize("many", [False, True])
def test_steps_change_the_weights_as_the_rule_of_the_optimizer_says(
    name: str, sizes: tuple[int, ...], activation: str, loss: str, many: bool
) -> None:
    network, order = layered(sizes, 23, activation, loss)
    optimizer = optimizers[name]()
    ready = compiled(network, optimizer)
    ready.load(network.given, order)
    assert ready.batches == 4
    weights = {key: array.copy() for key, array in network.weights.items()}
    vector = np.concatenate([weights[key].ravel() for key in ready.weights])
    assert np.array_equal(vector, ready.parameters)
    state = [np.zeros_like(vector) for _ in optimizer.state]
    rates = np.linspace(0.0, 0.1, len(vector))
    for t in range(1, 13):
        index = (t * 3) % 4
        part = batch_of(network, order[index * ROWS : (index + 1) * ROWS])
        recording = recorded(part, weights)
        gradient = np.concatenate(
            [recording.weight_gradients[key].ravel() for key in ready.weights]
        )
        rate: Any = rates if many else 0.05
        new = optimizer.update(vector, gradient, rate, float(t), *state)
        vector, state = new["w"], [new[s] for s in optimizer.state]
        for key, (where, shape) in ready.vectors.places.items():
            weights[key] = vector[where].reshape(shape)
        ready.step(index, rate, t)
        assert abs(ready.loss - recording.values[network.graph.objective]) < 1e-9
        assert np.abs(ready.parameters - vector).max() < 1e-9
    if many:
        assert ready.parameters[0] == network.weights[next(iter(ready.weights))].flat[0]


def test_a_step_that_is_replayed_is_the_same_bit_for_bit() -> None:
    network, order = layered((2, 16, 3), 40, "tanh", "cross_entropy")
    ready = compiled(network, Adam())
    ready.load(network.given, order)
    kept = {}
    for t in range(1, 9):
        if t == 4:
            kept = {"w": ready.parameters.copy()} | {k: v.copy() for k, v in ready.state.items()}
        ready.step(t % ready.batches, 0.02, t)
    end, loss = ready.parameters.copy(), float(ready.loss)
    for target in (ready, compiled(network, Adam())):
        target.load(network.given, order)
        target.parameters[...] = kept["w"]
        for name in target.state:
            target.state[name][...] = kept[name]
        for t in range(4, 9):
            target.step(t % target.batches, 0.02, t)
        assert np.array_equal(target.parameters, end)
        assert float(target.loss) == loss


def test_a_plan_for_the_last_rows_shares_the_vectors() -> None:
    network, order = layered((2, 8, 2), 23, "tanh", "cross_entropy")
    ready = compiled(network, Momentum())
    ready.load(network.given, order)
    ragged = plan.compile_training(
        network.graph, network.shapes, {}, Momentum(), rows=3, shared=ready.vectors
    )
    ragged.load(network.given, order[ready.batches * ROWS :])
    assert ragged.parameters is ready.parameters and ragged.state is ready.state
    ready.step(0, 0.1, 1)
    before = ready.parameters.copy()
    weights = {key: array.copy() for key, array in ready.weights.items()}
    ragged.step(0, 0.1, 2)
    assert not np.array_equal(before, ready.parameters)
    recording = recorded(batch_of(network, order[20:]), weights)
    for key, gradient in ready.weight_gradients.items():
        assert np.allclose(gradient, recording.weight_gradients[key], rtol=0, atol=1e-14)


def test_a_structure_that_returns_is_not_traced_again(monkeypatch: pytest.MonkeyPatch) -> None:
    network, _ = layered((3, 5, 2), ROWS, "tanh", "cross_entropy")
    first = compiled(network)
    first.gradient()
    kept = first.gradients.copy()

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("traced again")

    monkeypatch.setattr(backprop, "note_forward", never)
    network.weights = {key: 0.5 * w for key, w in network.weights.items()}
    second = compiled(network, Adam())
    second.gradient()
    assert difference(network, second, recorded(network)) <= TOLERANCE
    assert not np.array_equal(second.gradients, kept)
    first.gradient()
    assert np.array_equal(first.gradients, kept)
    with pytest.raises(AssertionError, match="traced again"):
        compiled(network, dtype=np.float32)


def test_a_plan_has_no_batches_before_they_are_loaded() -> None:
    network, _ = layered((2, 3, 1), 23)
    ready = plan.compile_training(network.graph, network.shapes, network.weights, SGD(), rows=ROWS)
    assert ready.batches == 0
    with pytest.raises(IndexError):
        ready.step(0, 0.1, 1)
    ready.load(network.given)
    assert ready.batches == 4
    ready.step(0, 0.1, 1)


def test_a_new_order_and_new_data_hold_from_the_next_step() -> None:
    network, order = layered((3, 4, 2), 20)
    ready = compiled(network)
    for rows in (order, order[::-1], order[:10]):
        ready.load(network.given, rows)
        assert ready.batches == len(rows) // ROWS
        for index in range(ready.batches):
            ready.gradient(index)
            part = batch_of(network, rows[index * ROWS : (index + 1) * ROWS])
            assert difference(part, ready, recorded(part)) <= TOLERANCE


def test_a_penalty_acts_on_the_gradients_and_not_on_the_loss() -> None:
    network, _ = layered((3, 4, 2), ROWS)
    plain = compiled(network)
    decayed = compiled(network, penalties={"n1.weight": 0.3})
    for _ in range(2):
        plain.gradient()
        decayed.gradient()
        assert plain.loss == decayed.loss
        for key, gradient in decayed.weight_gradients.items():
            pull = 0.3 * network.weights[key] if key == "n1.weight" else 0.0
            assert np.allclose(gradient, plain.weight_gradients[key] + pull, rtol=0, atol=1e-15)


def test_a_penalty_on_a_weight_that_the_loss_does_not_reach_does_not_add_up() -> None:
    network, _ = layered((3, 4, 2), ROWS)
    id = network.parameter((2,), np.random.default_rng(0))
    ready = compiled(network, penalties={f"{id}.value": 0.5}, objective="n4")
    for _ in range(3):
        ready.gradient()
        assert np.allclose(
            ready.weight_gradients[f"{id}.value"], 0.5 * ready.weights[f"{id}.value"]
        )


@pytest.mark.parametrize(("sizes", "activation", "loss"), NETS)
def test_a_plan_of_single_precision_has_one_type_throughout(
    sizes: tuple[int, ...], activation: str, loss: str
) -> None:
    network, _ = layered(sizes, ROWS, activation, loss)
    ready = compiled(network, Adam(), dtype=np.float32)
    ready.step(0, 0.01, 1)
    floats = {
        thing.value.dtype
        for thing in ready._assemble(many=False, careful=True)[0].things
        if isinstance(thing.value, np.ndarray) and thing.value.dtype.kind == "f"
    }
    assert floats == {np.dtype(np.float32)}
    ready = compiled(network, dtype=np.float32)
    ready.gradient()
    assert difference(network, ready, recorded(network)) < 1e-5


@pytest.mark.parametrize("rows", [1, 3, 7, 50])
@pytest.mark.parametrize(("sizes", "activation", "loss"), NETS)
def test_a_predictor_gives_every_row_in_chunks(
    rows: int, sizes: tuple[int, ...], activation: str, loss: str
) -> None:
    network, _ = layered(sizes, 23, activation, loss)
    graph = network.graph
    output = list(graph.nodes)[-2]
    data = {k: v for k, v in network.given.items() if not k.endswith("target")}
    steps = run.forward(graph, data, network.weights, ancestors_of=output)
    expected = {step.node: step.output for step in steps}[output]
    for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 1e-5)):
        predictor = plan.compile_predictor(graph, network.shapes, output, rows=rows, dtype=dtype)
        for _ in range(2):
            assert np.abs(predictor(network.weights, data) - expected).max() < tolerance


def test_a_predictor_reads_the_vector_of_a_training_plan() -> None:
    network, _ = layered((2, 5, 3), ROWS)
    ready = compiled(network)
    predictor = plan.compile_predictor(
        network.graph, network.shapes, "n3", rows=4, places=ready.vectors.places
    )
    by_key = predictor(ready.weights, network.given)
    ready.step(0, 0.5, 1)
    assert not np.array_equal(predictor(ready.parameters, network.given), by_key)
    assert np.array_equal(
        predictor(ready.parameters, network.given), predictor(ready.weights, network.given)
    )


class Jitter(Op, hidden=True):
    """Noise on the input, none outside training."""

    def forward(self, x: Array, noise: Noise) -> Array:
        return x * noise

    def backward(self, g: Array, y: Array, x: Array, noise: Array) -> Gradients:
        return {"x": g * noise}

    def infer(self, x: Array, noise: Array) -> Array:
        return x

    def draw(
        self, rng: np.random.Generator | None, x: tuple[int, ...] = (), **_: Any
    ) -> Mapping[str, Array]:
        return {"noise": np.ones(x) if rng is None else rng.uniform(0.5, 1.5, x)}

    def shape(self, x: Shape, **_: Any) -> Shape:
        return x


class Centred(Op, hidden=True):
    """The input less a running mean of the batches, which is lasting state."""

    def forward(self, x: Array, mean: Statistic) -> Array:
        return x - mean

    def backward(self, g: Array, y: Array, x: Array, mean: Array) -> Gradients:
        return {"x": g}

    def update(self, x: Array, mean: Array) -> Mapping[str, Array]:
        return {"mean": 0.9 * mean + 0.1 * np.mean(x, axis=0)}

    def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
        return {"mean": x.features}

    def shape(self, x: Shape, mean: Shape) -> Shape:
        return x


def with_gate(op: Op) -> Network:
    """A layered network with one more gate in the middle."""
    rng = np.random.default_rng(5)
    network = Network()
    data = network.source("data", Shape((3,), True), rng)
    dense = network.add(Dense(units=4), {"x": (data,)}, rng)
    middle = network.add(op, {"x": (dense or "",)}, rng)
    assert middle is not None
    last = network.add(Dense(units=2), {"x": (middle,)}, rng)
    network.add(catalog["squared_error"](), {"prediction": (last or "",)}, rng)
    return network


def test_noise_is_drawn_for_each_step_as_run_draws_it() -> None:
    network = with_gate(Jitter())
    ready = compiled(network)
    losses = []
    for t in (1, 2, 7):
        ready.gradient(0, t)
        assert difference(network, ready, recorded(network, step=t)) <= TOLERANCE
        losses.append(float(ready.loss))
    assert len(set(losses)) == 3
    predictor = plan.compile_predictor(network.graph, network.shapes, "n3", rows=2, dtype=float)
    steps = run.forward(network.graph, network.given, network.weights, ancestors_of="n3")
    assert np.allclose(predictor(network.weights, network.given), [*steps][-1].output, atol=1e-14)


def test_statistics_are_updated_by_steps_and_left_alone_by_gradients() -> None:
    network = with_gate(Centred())
    ready = compiled(network)
    mean = network.statistics["n2.mean"]
    ready.gradient()
    assert np.array_equal(ready.statistics["n2.mean"], mean)
    assert difference(network, ready, recorded(network)) <= TOLERANCE
    x = recorded(network).values["n1"]
    ready.step(0, 0.1, 1)
    assert np.allclose(ready.statistics["n2.mean"], 0.9 * mean + 0.1 * x.mean(axis=0))


class Curious(Op, hidden=True):
    """Functions that the tracer does not know are called as they stand."""

    def forward(self, x: Array) -> Array:
        return np.cumsum(np.flip(np.sinc(x), axis=-1), axis=-1)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        slope = np.where(x == 0, 0.0, (np.cos(np.pi * x) - np.sinc(x)) / x)
        return {"x": np.flip(np.cumsum(np.flip(g, axis=-1), axis=-1), axis=-1)[:, ::-1] * slope}


def test_a_function_that_the_tracer_does_not_know_is_called_as_it_stands() -> None:
    network = with_gate(Curious())
    ready = compiled(network)
    assert "call" in ready.text
    for _ in range(2):
        ready.gradient()
        assert difference(network, ready, recorded(network)) <= TOLERANCE


def numbers(names: str, weights: list[float]) -> Network:
    """Gates in a row on single numbers: w0, then each gate with w1, w2, … if it takes two."""
    rng = np.random.default_rng(0)
    network = Network()
    ids = [network.parameter((), rng) for _ in weights]
    for id, value in zip(ids, weights, strict=True):
        network.weights[f"{id}.value"] = np.array(value)
    last, further = ids[0], iter(ids[1:])
    for name in names.split():
        op = catalog[name]()
        sources = {
            port.name: (last if place == 0 else next(further),)
            for place, port in enumerate(op.ports)
            if port.kind is Kind.INPUT
        }
        last = network.add(op, sources, rng) or ""
    return network


@pytest.fixture(params=["one by one", "in groups"])
def single_numbers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Networks of single numbers as plain Python, and by level, however small the groups are."""
    monkeypatch.setattr(levels, "WORTH", math.inf if request.param == "one by one" else 0)
    return str(request.param)


@pytest.mark.parametrize(
    ("names", "weights", "finite"),
    [
        ("add multiply tanh sigmoid", [0.3, -0.7, 1.5], True),
        ("max min relu abs power exp log sqrt", [2.5, 0.7, 3.1, 1.3], True),
        ("max", [1.0, 1.0], True),
        ("sin cos square scale shift negate reciprocal sum mean", [0.4], True),
        ("divide", [1.0, 0.0], False),
        ("exp exp", [10.0], False),
        ("log", [0.0], False),
        ("log", [-1.0], False),
        ("sqrt", [-1.0], False),
        ("power", [0.0, -1.0], False),
        ("power", [-2.0, 0.5], False),
        ("max", [math.nan, 1.0], False),
        ("min", [1.0, math.nan], False),
        ("sin", [math.inf], False),
        ("relu", [math.nan], False),
    ],
)
def test_single_numbers_are_done_their_own_way_and_as_numpy_has_them(
    single_numbers: str, names: str, weights: list[float], finite: bool
) -> None:
    network = numbers(names, weights)
    ready = compiled(network)
    plainly = "item" in ready.text or "tolist" in ready.text
    assert plainly == (single_numbers == "one by one") and ready.text.count("dot") == 0
    recording = recorded(network)
    for _ in range(2):
        ready.gradient()
        loss = recording.values[network.graph.objective]
        assert np.isclose(ready.loss, loss, rtol=1e-14, atol=0, equal_nan=True)
        for key, gradient in ready.weight_gradients.items():
            wanted = recording.weight_gradients.get(key, np.zeros(()))
            assert np.isclose(gradient, wanted, rtol=1e-14, atol=0, equal_nan=True), key
    gradients = [float(g) for g in ready.weight_gradients.values()]
    assert finite == all(map(math.isfinite, [float(ready.loss), *gradients]))
    before = ready.parameters.copy()
    ready.step(0, 0.1, 1)
    assert np.allclose(ready.parameters, before - 0.1 * ready.gradients, equal_nan=True)


@pytest.mark.parametrize("seed", range(40))
def test_single_numbers_read_here_and_there_keep_their_places_until_then(
    single_numbers: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = Network()
    ids = [network.parameter((), rng) for _ in range(int(rng.integers(1, 6)))]
    # One that the loss does not reach, of several numbers, between those that it does.
    network.parameter((3,), rng)
    ids += [network.parameter((), rng) for _ in range(2)]
    names = ["add", "multiply", "subtract", "max", "min", "relu", "tanh", "sigmoid", "square"]
    for _ in range(int(rng.integers(5, 60))):
        op = catalog[str(rng.choice(names))]()
        reach = ids if rng.random() < 0.3 else ids[-4:]
        sources = {port.name: (str(rng.choice(reach)),) for port in op.ports}
        ids.append(network.add(op, sources, rng) or "")
    for id in ids[-4:-1]:
        ids.append(network.add(catalog["add"](), {"a": (ids[-1],), "b": (id,)}, rng) or "")
    ready = plan.compile_training(
        network.graph, network.shapes, network.weights, SGD(), rows=1, objective=ids[-1]
    )
    plainly = "tolist" in ready.text and "pack" in ready.text
    assert plainly == (single_numbers == "one by one")
    recording = run.record(
        network.graph, {}, network.weights, seed={ids[-1]: np.ones(())}, ancestors_of=ids[-1]
    )
    for _ in range(2):
        ready.gradient()
        assert np.isclose(ready.loss, recording.values[ids[-1]], rtol=1e-13, atol=0)
        most = max(float(np.max(np.abs(g))) for g in recording.weight_gradients.values())
        for key, gradient in ready.weight_gradients.items():
            wanted = recording.weight_gradients.get(key, np.zeros(gradient.shape))
            assert np.allclose(gradient, wanted, rtol=0, atol=1e-13 * most), key


@pytest.mark.parametrize("seed", range(20))
def test_numbers_of_all_sorts_side_by_side_do_not_mix(single_numbers: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = Network()
    layer = [network.parameter((), rng) for _ in range(6)]
    names = ["add", "multiply", "max", "min", "relu", "abs", "clip", "leaky_relu", "square"]
    for _ in range(4):
        new = []
        for _ in range(14):
            text = ("(x > 0) * x", "(x > y) + x * y")[int(rng.integers(2))]
            op = Formula(text=text) if rng.random() < 0.3 else catalog[str(rng.choice(names))]()
            reach = layer[:2] if rng.random() < 0.3 else layer
            ports = [port for port in op.ports if port.kind is Kind.INPUT]
            sources = {port.name: (str(rng.choice(reach)),) for port in ports}
            new.append(network.add(op, sources, rng) or "")
        layer = new
    while len(layer) > 1:
        sources = {"a": (layer.pop(0),), "b": (layer.pop(0),)}
        layer.append(network.add(catalog["add"](), sources, rng) or "")
    ready = compiled(network)
    ready.gradient()
    assert difference(network, ready, recorded(network)) <= TOLERANCE


def test_groups_are_chosen_where_many_gates_of_a_sort_lie_side_by_side() -> None:
    texts = {}
    for width in (2, 100):
        rng = np.random.default_rng(width)
        network = Network()
        layer = [network.parameter((), rng) for _ in range(width)]
        for name in ("tanh", "sigmoid"):
            layer = [network.add(catalog[name](), {"x": (id,)}, rng) or "" for id in layer]
        while len(layer) > 1:
            sources = {"a": (layer.pop(0),), "b": (layer.pop(0),)}
            layer.append(network.add(catalog["add"](), sources, rng) or "")
        ready = compiled(network)
        ready.gradient()
        assert difference(network, ready, recorded(network)) <= TOLERANCE
        texts[width] = ready.text
    assert "tolist" in texts[2] and "tolist" not in texts[100]
    assert texts[100].count("tanh") < 5


def test_an_infinite_step_in_the_middle_of_training_is_as_numpy_has_it(
    single_numbers: str,
) -> None:
    network = numbers("multiply exp", [1.0, 1.0])
    ready = compiled(network)
    for t, value in enumerate((1.0, 800.0, 2.0), start=1):
        ready.parameters[...] = [value, 1.0]
        network.weights.update({key: np.array(w) for key, w in ready.weights.items()})
        recording = recorded(network)
        ready.step(0, 0.0, t)
        assert np.isclose(ready.loss, recording.values[network.graph.objective])
        for key, gradient in ready.weight_gradients.items():
            assert np.isclose(gradient, recording.weight_gradients[key])


def test_a_missing_array_and_a_batch_too_large_are_said_in_a_sentence() -> None:
    network, order = layered((2, 3, 1), 23)
    ready = compiled(network)
    with pytest.raises(GraphError, match="n4 has no value for target yet"):
        ready.load({"n0.rows": network.given["n0.rows"]})
    predictor = plan.compile_predictor(network.graph, network.shapes, "n3", rows=2)
    with pytest.raises(GraphError, match="n3 has no value for weight yet"):
        predictor({k: w for k, w in network.weights.items() if k != "n3.weight"}, network.given)
    weights = {k: w for k, w in network.weights.items() if k != "n1.bias"}
    with pytest.raises(GraphError, match="n1 has no value for bias yet"):
        plan.compile_training(network.graph, network.shapes, weights, SGD(), rows=ROWS)
    shapes = {k: shape for k, shape in network.shapes.items() if k != "n0.rows"}
    with pytest.raises(GraphError, match="n0 has no value for rows yet"):
        plan.compile_training(network.graph, shapes, network.weights, SGD(), rows=ROWS)
    with pytest.raises(StudioError, match="A batch has 5 rows, but there are only 4"):
        ready.load(network.given, order[:4])


def test_states_that_change_places_are_read_before_they_are_written() -> None:
    class Swapped(Optimizer):
        """States that take each other's place: no order of writing is right by luck."""

        def update(
            self, w: Array, g: Array, rate: Array, t: Array, a: Array, b: Array, c: Array, d: Array
        ) -> Mapping[str, Array]:
            return {"w": w - rate * (g + b), "a": b, "b": a + g, "c": d, "d": c}

    del optimizers["swapped"]
    network, _ = layered((2, 3, 1), ROWS)
    ready = compiled(network, Swapped())
    w = ready.parameters.copy()
    a = b = np.zeros_like(w)
    c, d = np.arange(w.size) + 1.0, np.arange(w.size) * 2.0
    ready.state["c"][...], ready.state["d"][...] = c, d
    for t in range(1, 5):
        ready.step(0, 0.1, t)
        g = ready.gradients.copy()
        w, a, b, c, d = w - 0.1 * (g + b), b, a + g, d, c
        for name, expected in (("a", a), ("b", b), ("c", c), ("d", d)):
            assert np.allclose(ready.state[name], expected, rtol=0, atol=1e-15)
        assert np.allclose(ready.parameters, w, rtol=0, atol=1e-15)


@pytest.mark.parametrize("other", ["tanh", "add"])
def test_a_product_that_two_share_is_not_fused_with_the_bias_of_one(other: str) -> None:
    """x @ W + b, and next to it tanh(x @ W), or x @ W + c with a typed value c."""
    rng = np.random.default_rng(2)
    network = Network()
    x = network.source("data", Shape((3,), True), rng)
    w, b = network.parameter((3, 4), rng), network.parameter((4,), rng)
    typed = network.source("input", Shape((4,)), rng)
    layer = network.add(Dense(units=4), {"x": (x,), "weight": (w,), "bias": (b,)}, rng) or ""
    product = network.add(MatMul(), {"a": (x,), "b": (w,)}, rng) or ""
    if other == "tanh":
        beside = network.add(catalog["tanh"](), {"x": (product,)}, rng) or ""
    else:
        beside = network.add(catalog["add"](), {"a": (product,), "b": (typed,)}, rng) or ""
    both = network.add(catalog["multiply"](), {"a": (layer,), "b": (beside,)}, rng)
    assert both is not None
    ready = compiled(network)
    ready.gradient()
    assert difference(network, ready, recorded(network)) <= TOLERANCE


def test_the_program_executes_text_in_one_place_only() -> None:
    found = []
    for path in sorted(Path(bpstudio.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("exec", "eval", "__import__"):
                    found.append((path.name, node.func.id))
            elif isinstance(node, ast.Import | ast.ImportFrom):
                modules = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
                assert not {"pickle", "marshal", "shelve", "dill"} & set(modules), path
    assert found == [("plan.py", "exec")]


def test_the_printed_text_holds_names_and_numbers_alone() -> None:
    network, _ = layered((2, 4, 2), ROWS, "relu", "cross_entropy")
    tree = ast.parse(compiled(network, Adam()).text)
    allowed = (
        *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Expr, ast.Call, ast.Name),
        *(ast.Load, ast.Store, ast.Assign, ast.Constant, ast.keyword, ast.Return, ast.Tuple),
        *(ast.Subscript, ast.BinOp, ast.Add, ast.Sub, ast.Mult),
    )
    for node in ast.walk(tree):
        assert isinstance(node, allowed), ast.dump(node)
        if isinstance(node, ast.Constant):
            assert node.value is None or isinstance(node.value, bool | int)
