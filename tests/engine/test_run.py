"""Runs as recordings: forks, seeds, mistakes, and 300 random networks against PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from bpstudio.engine import run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Kind, Noise, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Softmax, Tanh
from bpstudio.engine.ops.arithmetic import Add, Divide, Max, Min, Multiply, Scale, Shift, Subtract
from bpstudio.engine.ops.elementary import Abs, Log, Sin, Sqrt
from bpstudio.engine.ops.layer import Dense, MatMul
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.ops.reduction import Mean, Sum
from bpstudio.engine.ops.source import Data, Input, Parameter
from bpstudio.engine.rerun import replay
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, NotFinite, ShapeError, StudioError

ROWS = 4


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def numbers(**values: float) -> dict[str, Array]:
    return {f"{name}.value": np.array(value, dtype=float) for name, value in values.items()}


def xyz() -> Graph:
    """f = (x + y) · z, the lecture's first example."""
    return graph(
        Node("x", Input()),
        Node("y", Input()),
        Node("z", Input()),
        Node("q", Add(), {"a": ("x",), "b": ("y",)}),
        Node("f", Multiply(), {"a": ("q",), "b": ("z",)}, title="Product"),
    )


def layered() -> Graph:
    """Two layers and a loss on rows of a data set."""
    return graph(
        Node("data1", Data()),
        Node("dense1", Dense(units=3), {"x": ("data1",)}),
        Node("tanh1", Tanh(), {"x": ("dense1",)}),
        Node("dense2", Dense(units=1), {"x": ("tanh1",)}, title="Out"),
        Node("loss1", SquaredError(), {"prediction": ("dense2",)}),
    )


def weights_of(network: Graph, rng: np.random.Generator) -> dict[str, Array]:
    shapes = {"dense1.weight": (2, 3), "dense1.bias": (3,), "dense2.weight": (3, 1)}
    shapes["dense2.bias"] = (1,)
    return {key: rng.normal(size=shapes[key]) for key in network.keys(Kind.WEIGHT)}


def test_steps_come_one_at_a_time() -> None:
    steps = run.forward(xyz(), numbers(x=-2, y=5, z=-4), {})
    first = next(steps)
    assert first.node == "x" and first.output == -2
    rest = list(steps)
    assert [step.node for step in rest] == ["y", "z", "q", "f"]
    assert rest[-1].arguments["a"] is rest[-2].output, "a value is recorded once"
    back = run.backward([first, *rest], {"f": np.array(1.0)})
    step = next(back)
    assert step.node == "f" and step.upstream == 1
    assert {port: float(gs[0]) for port, gs in step.passed.items()} == {"a": -4, "b": 3}


def test_a_fork_adds_up_what_comes_back_along_its_wires() -> None:
    square = graph(Node("x", Input()), Node("f", Multiply(), {"a": ("x",), "b": ("x",)}))
    recording = run.record(square, numbers(x=3), {})
    assert recording.gradients["x"] == 6
    assert recording.contributions == {("f", "a", 0): 3, ("f", "b", 0): 3}


def test_recordings_can_not_be_written_to() -> None:
    recording = run.record(xyz(), numbers(x=1, y=2, z=3), {})
    arrays = [*recording.values.values(), *recording.gradients.values()]
    arrays += [value for step in recording.forward for value in step.values]
    arrays += [g for step in recording.backward for gs in step.passed.values() for g in gs]
    assert arrays and not any(array.flags.writeable for array in arrays)


def test_a_gate_that_no_gradient_reaches_has_no_step_backward() -> None:
    network = graph(
        Node("x", Input()), Node("f", Sin(), {"x": ("x",)}), Node("other", Sin(), {"x": ("x",)})
    )
    recording = run.record(network, numbers(x=1), {}, seed={"f": np.array(2.0)})
    assert "other" not in recording.gradients
    assert recording.gradients["x"] == 2 * np.cos(1.0)


def test_seeds_may_stand_at_several_nodes_even_one_before_another() -> None:
    network = graph(
        Node("x", Input()), Node("a", Sin(), {"x": ("x",)}), Node("b", Sin(), {"x": ("a",)})
    )
    seed = {"a": np.array(10.0), "b": np.array(1.0)}
    recording = run.record(network, numbers(x=0.5), {}, seed=seed)
    assert recording.gradients["a"] == 10 + np.cos(np.sin(0.5))


def test_seeds_that_fit_nothing_are_refused() -> None:
    steps = tuple(run.forward(xyz(), numbers(x=1, y=2, z=3), {}))
    with pytest.raises(GraphError, match="can't start at nobody"):
        list(run.backward(steps, {"nobody": np.array(1.0)}))
    with pytest.raises(ShapeError, match=r"\(2,\).*\(\)"):
        list(run.backward(steps, {"f": np.ones(2)}))


def test_a_network_predicts_without_its_targets() -> None:
    network, rng = layered(), np.random.default_rng(0)
    given = {"data1.rows": rng.normal(size=(ROWS, 2))}
    weights = weights_of(network, rng)
    steps = list(run.forward(network, given, weights, ancestors_of="dense2"))
    assert [step.node for step in steps] == ["data1", "dense1", "tanh1", "dense2"]
    hidden = np.tanh(given["data1.rows"] @ weights["dense1.weight"] + weights["dense1.bias"])
    wanted = hidden @ weights["dense2.weight"] + weights["dense2.bias"]
    np.testing.assert_allclose(steps[-1].output, wanted, rtol=1e-14)
    with pytest.raises(GraphError, match="loss1 has no value for target yet"):
        list(run.forward(network, given, weights))


def test_weight_gradients_are_those_of_owned_weights() -> None:
    network, rng = layered(), np.random.default_rng(0)
    weights = weights_of(network, rng)
    given = {
        "data1.rows": rng.normal(size=(ROWS, 2)),
        "loss1.target": rng.normal(size=(ROWS, 1)),
    }
    found = run.record(network, given, weights).weight_gradients
    assert {key: g.shape for key, g in found.items()} == {k: w.shape for k, w in weights.items()}


def test_a_weight_of_another_shape_is_said_with_what_feeds_it() -> None:
    network, rng = layered(), np.random.default_rng(0)
    weights = {**weights_of(network, rng), "dense2.weight": np.ones((5, 1))}
    with pytest.raises(ShapeError, match="Out expects 5 numbers per row, but tanh1 gives 3"):
        list(run.forward(network, {"data1.rows": np.ones((ROWS, 2))}, weights))


def test_shapes_are_looked_at_again_when_others_are_supplied() -> None:
    network = graph(
        Node("data1", Data()),
        Node("typed", Input()),
        Node("f", Multiply(), {"a": ("data1",), "b": ("typed",)}, title="Product"),
    )
    rows = np.ones((ROWS, 2))
    for _ in range(2):
        list(run.forward(network, {"data1.rows": rows, "typed.value": np.ones(2)}, {}))
        with pytest.raises(ShapeError, match="Product: the shapes"):
            list(run.forward(network, {"data1.rows": rows, "typed.value": np.ones((4, 2))}, {}))


def test_a_batch_never_meets_features_of_the_same_length() -> None:
    network = graph(
        Node("data1", Data()),
        Node("mean1", Mean(axis=-1), {"x": ("data1",)}),
        Node("f", Multiply(), {"a": ("data1",), "b": ("mean1",)}, title="Product"),
    )
    with pytest.raises(ShapeError, match=r"Product: the shapes \(n × 3\), \(n\)"):
        list(run.forward(network, {"data1.rows": np.ones((3, 3))}, {}))


def test_a_typed_target_is_a_value_like_any_other_without_a_data_set() -> None:
    network = graph(Node("x", Input()), Node("loss1", SquaredError(), {"prediction": ("x",)}))
    given = {"x.value": np.array([1.0, 2.0]), "loss1.target": np.array([0.0, 0.0])}
    assert run.record(network, given, {}).values["loss1"] == 2.5


@pytest.mark.parametrize(
    ("op", "x", "said"),
    [
        (Log(), 0.0, r"Logarithm|gate1 \(Log\) gives -inf for x = 0"),
        (Sqrt(), -4.0, r"gate1 \(Square Root\) gives nan for x = -4"),
    ],
)
def test_the_first_gate_that_is_not_finite_is_named(op: Op, x: float, said: str) -> None:
    network = graph(
        Node("x", Input()), Node("gate1", op, {"x": ("x",)}), Node("f", Sin(), {"x": ("gate1",)})
    )
    recording = run.record(network, numbers(x=x), {})
    with pytest.raises(NotFinite, match=said) as caught:
        recording.require_finite()
    assert caught.value.nodes == ("gate1",)


def test_a_gradient_that_is_not_finite_is_named() -> None:
    network = graph(Node("x", Input()), Node("root", Sqrt(), {"x": ("x",)}))
    with pytest.raises(NotFinite, match="gradient is no longer finite"):
        run.record(network, numbers(x=0), {}).require_finite()
    run.record(network, numbers(x=1), {}).require_finite()


@pytest.mark.parametrize(
    ("ruled", "shape", "wanted"),
    [
        (np.ones((2, 3)), (2, 3), np.ones((2, 3))),
        (np.ones((2, 3)), (3,), np.full(3, 2.0)),
        (np.ones((2, 3)), (1, 3), np.full((1, 3), 2.0)),
        (np.ones((2, 3)), (2, 1), np.full((2, 1), 3.0)),
        (np.ones((4, 2, 3)), (2, 1), np.full((2, 1), 12.0)),
        (np.ones((2, 3)), (), np.array(6.0)),
        (2.0, (2, 3), np.full((2, 3), 2.0)),
        (np.full((2, 1), 5.0), (2, 3), np.full((2, 3), 5.0)),
        (np.ones((0, 3)), (3,), np.zeros(3)),
    ],
)
def test_broadcasting_is_undone(ruled: Any, shape: tuple[int, ...], wanted: Array) -> None:
    np.testing.assert_array_equal(run.fit(ruled, shape), wanted)


@pytest.mark.parametrize(("have", "want"), [((3,), (3, 3)), ((2,), (2, 3)), ((2, 3), (4, 3))])
def test_a_gradient_of_a_shape_that_nobody_meant_is_refused(
    have: tuple[int, ...], want: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError):
        run.fit(np.ones(have), want)


class Jitter(Op, hidden=True):
    """Adds noise in training only."""

    def forward(self, x: Array, noise: Noise) -> Array:
        return np.asarray(x + noise)

    def backward(self, g: Array, y: Array, x: Array, noise: Array) -> Gradients:
        return {"x": g}

    def infer(self, x: Array, noise: Array) -> Array:
        return x

    def draw(self, rng: np.random.Generator | None, **shapes: Any) -> Mapping[str, Array]:
        size = shapes["x"]
        return {"noise": np.zeros(size) if rng is None else np.asarray(rng.normal(size=size))}

    def shape(self, x: Shape) -> Shape:
        return x


def test_noise_is_keyed_by_seed_step_and_node() -> None:
    network = graph(
        Node("x", Input()),
        Node("a", Jitter(), {"x": ("x",)}),
        Node("b", Jitter(), {"x": ("a",)}),
    )

    def values(randomness: run.Randomness | None, network: Graph = network) -> Mapping[str, Array]:
        return run.record(network, numbers(x=1), {}, randomness=randomness).values

    drawn = values(run.Randomness(seed=3, step=7))
    assert drawn == values(run.Randomness(seed=3, step=7))
    assert drawn != values(run.Randomness(seed=3, step=8))
    assert drawn != values(run.Randomness(seed=4, step=7))
    assert drawn["a"] - 1 != drawn["b"] - drawn["a"]
    alone = graph(Node("x", Input()), Node("a", Jitter(), {"x": ("x",)}))
    assert drawn["a"] == values(run.Randomness(seed=3, step=7), alone)["a"]
    assert values(None)["b"] == 1, "outside training nothing is disturbed"


def test_a_recording_is_replayed_exactly() -> None:
    network = graph(Node("x", Input()), Node("a", Jitter(), {"x": ("x",)}))
    steps = run.record(network, numbers(x=1), {}, randomness=run.Randomness(2)).forward
    again = replay(steps, {}, training=True)
    assert all(again[step.node] == step.output for step in steps)
    moved = replay(steps, {"x.value": np.array(2.0)}, training=True)
    assert moved["a"] == pytest.approx(steps[1].output + 1)


# Random networks: reuse, forks, broadcasting, batches, shared weights, stacks of matrices.


@dataclass
class Growing:
    """A random network while it grows."""

    rng: np.random.Generator
    nodes: dict[str, Node]
    shapes: dict[str, Shape]
    arrays: dict[str, Array]

    def put(self, op: Op, **sources: str) -> str:
        """One more gate, if its shape rule takes these sources and it is not too large."""
        shape = op.shape(**{port: self.shapes[source] for port, source in sources.items()})
        if math.prod(shape.array(ROWS)) > 120:
            raise ShapeError("too large")
        id = f"{op.name}{len(self.nodes)}"
        self.nodes[id] = Node(id, op, {port: (source,) for port, source in sources.items()})
        self.shapes[id] = shape
        return id

    def source(self, kind: type[Input | Parameter | Data], axes: tuple[int, ...]) -> str:
        """One more value, parameter or batch of rows."""
        op = Parameter(size=axes) if kind is Parameter else kind()
        id = f"{op.name}{len(self.nodes)}"
        self.nodes[id] = Node(id, op)
        self.shapes[id] = Shape(axes, kind is Data)
        array = np.asarray(self.rng.normal(size=self.shapes[id].array(ROWS)))
        self.arrays[f"{id}.{op.ports[0].name}"] = array
        return id

    def layer(self, source: str) -> str:
        """A layer with its own weights, or with weights that a parameter of that shape shares."""
        op = Dense(units=int(self.rng.integers(1, 4)))
        axes = op.weight_shapes(self.shapes[source])
        sources = {"x": source}
        for name, size in axes.items():
            shared = [
                id
                for id, node in self.nodes.items()
                if isinstance(node.op, Parameter) and self.shapes[id].features == size
            ]
            if shared and self.rng.random() < 0.7:
                sources[name] = str(self.rng.choice(shared))
            elif self.rng.random() < 0.4:
                sources[name] = self.source(Parameter, size)
        id = f"dense{len(self.nodes)}"
        for name in axes.keys() - sources.keys():
            self.arrays[f"{id}.{name}"] = np.asarray(self.rng.normal(size=axes[name]))
        self.nodes[id] = Node(id, op, {port: (s,) for port, s in sources.items()})
        self.shapes[id] = Shape(
            (*self.shapes[source].features[:-1], op.units), self.shapes[source].batched
        )
        return id


class Random(NamedTuple):
    """A random network with its values, and a seed gradient at each of its ends."""

    graph: Graph
    arrays: dict[str, Array]
    seed: dict[str, Array]


SOURCES = ((), (3,), (1,), (2, 1), (2, 3), (3, 2), (1, 3))
UNARY: list[Callable[[np.random.Generator], Op]] = [
    *(lambda rng, kind=kind: kind() for kind in (Tanh, Sigmoid, Sin, ReLU, Abs, Softmax)),
    lambda rng: Scale(factor=float(rng.normal())),
    lambda rng: Shift(offset=float(rng.normal())),
    lambda rng: Sum(axis=[None, -1, -2, 0, 1][rng.integers(5)]),
    lambda rng: Mean(axis=[None, -1, -2, 0, 1][rng.integers(5)]),
]
BINARY = (Add, Subtract, Multiply, Max, Min, MatMul, MatMul)


def random_network(number: int) -> Random:
    """A network of up to 25 gates; the same for the same number."""
    rng = np.random.default_rng([7, number])
    net = Growing(rng, {}, {}, {})
    for _ in range(rng.integers(2, 5)):
        kind = [Input, Parameter, Data][rng.integers(3)]
        net.source(kind, SOURCES[rng.integers(len(SOURCES))])
    gates = int(rng.integers(3, 26))
    while gates:
        ids = list(net.nodes)
        # Newer nodes more often, so that it grows deep; any node, so that it forks.
        a, b = (ids[-1 - min(int(rng.exponential(4)), len(ids) - 1)] for _ in range(2))
        try:
            match rng.integers(5):
                case 0 | 1:
                    net.put(UNARY[rng.integers(len(UNARY))](rng), x=a)
                case 2:
                    net.layer(a)
                case _:
                    made = net.put(BINARY[rng.integers(len(BINARY))](), a=a, b=b)
                    if rng.random() < 0.5:
                        net.put(Tanh(), x=made)
        except ShapeError:
            continue
        gates -= 1
    graph = Graph(net.nodes)
    seed = {
        id: np.asarray(rng.normal(size=net.shapes[id].array(ROWS)))
        for id in graph.sinks
        if graph.nodes[id].sources
    }
    return Random(graph, net.arrays, seed)


def all_gradients(recording: run.Recording) -> dict[str, Array]:
    """The gradient of every value that stands at a port and not on a wire."""
    return {
        f"{step.node}.{port}": gradients[0]
        for step in recording.backward
        for port, gradients in step.passed.items()
        if not step.sources.get(port)
    }


def test_random_networks_are_worth_testing() -> None:
    nets = [random_network(number).graph for number in range(300)]
    forks = sum(len(n.readers[id]) > 1 for n in nets for id in n.nodes)
    shared = sum(
        isinstance(n.nodes[id].op, Parameter) and len(n.readers[id]) > 1
        for n in nets
        for id in n.nodes
    )
    batched = sum(n.has_batch for n in nets)
    assert forks > 900 and shared > 50 and 100 < batched < 280


@pytest.mark.parametrize("number", range(300))
def test_random_network_against_nudging(number: int) -> None:
    net = random_network(number)
    recording = run.record(net.graph, net.arrays, {}, seed=net.seed)
    gradients = all_gradients(recording)
    rng = np.random.default_rng([8, number])
    for step in recording.forward:
        arriving = [
            g
            for (target, port, slot), g in recording.contributions.items()
            if recording.graph[target].sources[port][slot] == step.node
        ]
        if arriving:
            total = sum(arriving, net.seed.get(step.node, np.zeros(step.output.shape)))
            np.testing.assert_allclose(total, recording.gradients[step.node], rtol=1e-12, atol=1e-9)
    direction = {key: np.asarray(rng.normal(size=a.shape)) for key, a in net.arrays.items()}

    def along(distance: float) -> float:
        moved = {key: a + distance * direction[key] for key, a in net.arrays.items()}
        values = {s.node: s.output for s in run.forward(net.graph, moved, {})}
        return sum(float(np.sum(g * values[id])) for id, g in net.seed.items())

    nudged = (along(1e-6) - along(-1e-6)) / 2e-6
    parts = [float(np.sum(g * direction[key])) for key, g in gradients.items()]
    assert abs(nudged - sum(parts)) <= 1e-6 * max(1.0, sum(map(abs, parts)))


@pytest.mark.torch
@pytest.mark.parametrize("number", range(300))
def test_random_network_against_torch(number: int) -> None:
    import torch

    net = random_network(number)
    recording = run.record(net.graph, net.arrays, {}, seed=net.seed)
    leaves = {key: torch.tensor(array, requires_grad=True) for key, array in net.arrays.items()}
    values: dict[str, Any] = {}
    for node in net.graph.ordered:
        arguments = [
            values[node.sources[port.name][0]]
            if node.sources.get(port.name)
            else leaves[f"{node.id}.{port.name}"]
            for port in node.op.ports
        ]
        values[node.id] = in_torch(node.op, *arguments)
        values[node.id].retain_grad()
    sum((values[id] * torch.tensor(g)).sum() for id, g in net.seed.items()).backward()
    largest = max(float(np.abs(g).max(initial=0.0)) for g in recording.gradients.values())
    for node in net.graph.ordered:
        value, grad = values[node.id], values[node.id].grad
        assert off(recording.values[node.id], value.detach().numpy(), 1.0) < 1e-9
        wanted = np.zeros(value.shape) if grad is None else grad.numpy()
        have = recording.gradients.get(node.id, np.zeros(wanted.shape))
        assert off(have, wanted, 1e-3 * largest) < 1e-9, node.id
    found = all_gradients(recording)
    for key, leaf in leaves.items():
        wanted = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
        assert off(found.get(key, np.zeros(wanted.shape)), wanted, 1e-3 * largest) < 1e-9, key


def off(have: Array, want: Array, least: float) -> float:
    """The largest difference, relative to the largest number wanted or to `least`."""
    assert have.shape == want.shape
    largest = max(float(np.abs(want).max(initial=0.0)), least, 1e-300)
    return float(np.abs(have - want).max(initial=0.0)) / largest


def in_torch(op: Op, *values: Any) -> Any:
    """The gate as PyTorch has it."""
    import torch

    match op:
        case Input() | Parameter() | Data():
            return values[0] * 1
        case Scale(factor=factor):
            return values[0] * factor
        case Shift(offset=offset):
            return values[0] + offset
        case Sum(axis=axis):
            return torch.sum(values[0], dim=axis)
        case Mean(axis=axis):
            return torch.mean(values[0], dim=axis)
        case Softmax():
            return torch.softmax(values[0], dim=-1)
        case Dense():
            return torch.nn.functional.linear(values[0], values[1].T, values[2])
    return getattr(torch, op.exports["torch"].removeprefix("torch."))(*values)


def test_division_by_zero_is_a_recording_and_not_a_warning() -> None:
    network = graph(
        Node("x", Input()), Node("y", Input()), Node("f", Divide(), {"a": ("x",), "b": ("y",)})
    )
    recording = run.record(network, numbers(x=1, y=0), {})
    assert recording.values["f"] == np.inf
    with pytest.raises(StudioError, match=r"f \(Divide\) gives inf"):
        recording.require_finite()
