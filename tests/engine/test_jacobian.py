"""Jacobians: the whole table against nudging, and their structure against the whole table."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from bpstudio.engine.differences import numeric_gradient
from bpstudio.engine.forward_mode import jvp
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.jacobian import Form, Jacobian, jacobian, structure, structure_of
from bpstudio.engine.op import Array, Gradients, Kind, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Softmax, Tanh
from bpstudio.engine.ops.arithmetic import Add, Multiply, Negate
from bpstudio.engine.ops.elementary import Square
from bpstudio.engine.ops.layer import Dense, MatMul
from bpstudio.engine.ops.loss import SquaredError
from bpstudio.engine.ops.reduction import Mean, Sum
from bpstudio.engine.ops.source import Data, Input
from bpstudio.engine.pattern import by_backward
from bpstudio.engine.places import place_of, value_at
from bpstudio.engine.reverse_mode import between, vjp
from bpstudio.engine.run import Step, forward
from bpstudio.errors import GraphError, ShapeError, StudioError
from tests.engine.test_every_op import CASES, Case, generator, kinky, smooth, step_of
from tests.engine.test_plan import random_network, recorded

ROWS = 6
CLOSE = 1e-11
"""How far anything may be off, relative to the largest slope."""


class Sorted(Op, hidden=True):
    """Puts numbers in order: a function of NumPy that nobody here knows."""

    def forward(self, x: Array) -> Array:
        return np.sort(x, axis=-1)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.take_along_axis(g, np.argsort(np.argsort(x, axis=-1), axis=-1), axis=-1)}


class Gram(Op, hidden=True):
    """The product of a matrix with its own transpose, as an einsum."""

    def forward(self, x: Array) -> Array:
        y: Array = np.einsum("ij,kj->ik", x, x)
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.matmul(g + g.T, x)}


class Stacked(Op, hidden=True):
    """The same twice, as a stack of products."""

    def forward(self, x: Array) -> Array:
        y: Array = np.matmul(np.stack([x, x]), np.transpose(x))
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        both = g[0] + g[1]
        return {"x": np.matmul(both + both.T, x)}


class Batched(Op, hidden=True):
    """Each matrix of a stack times its own transpose, as an einsum that keeps the stack."""

    def forward(self, x: Array) -> Array:
        y: Array = np.einsum("nij,nkj->nik", x, x)
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.matmul(g + np.swapaxes(g, -1, -2), x)}


def graph(*nodes: Node) -> Graph:
    return Graph({node.id: node for node in nodes})


def chain(*ops: Op) -> Graph:
    """A typed value x, and these gates one after the other, f the last of them."""
    ids = ["x", *(f"n{i}" for i in range(1, len(ops))), "f"]
    nodes = [Node("x", Input())]
    for op, id, source in zip(ops, ids[1:], ids, strict=False):
        nodes.append(Node(id, op, {op.ports[0].name: (source,)}))
    return graph(*nodes)


def layered() -> tuple[Graph, dict[str, Array], dict[str, Array]]:
    rng = np.random.default_rng(1)
    network = graph(
        Node("data1", Data()),
        Node("dense1", Dense(units=4), {"x": ("data1",)}),
        Node("tanh1", Tanh(), {"x": ("dense1",)}),
        Node("dense2", Dense(units=2), {"x": ("tanh1",)}),
        Node("loss1", SquaredError(), {"prediction": ("dense2",)}),
    )
    given = {"data1.rows": rng.normal(size=(ROWS, 3)), "loss1.target": rng.normal(size=(ROWS, 2))}
    weights = {
        "dense1.weight": rng.normal(size=(3, 4)),
        "dense1.bias": rng.normal(size=4),
        "dense2.weight": rng.normal(size=(4, 2)),
        "dense2.bias": rng.normal(size=2),
    }
    return network, given, weights


def whole(steps: tuple[Step, ...] | list[Step], of: str, key: str) -> Array:
    """The whole table, a backward pass for each row."""
    by_node = {step.node: step for step in steps}
    place = place_of(key)
    output, at = value_at(by_node, (of, "", 0)), value_at(by_node, place)
    path = between(place[0], steps, of)
    rows = np.zeros((output.size, at.size))
    for row in range(output.size if path else 0):
        one = np.zeros(output.size)
        one[row] = 1.0
        rows[row] = vjp(path, of, one.reshape(output.shape), [key])[key].ravel()
    return rows.reshape(output.shape + at.shape)


def agrees(steps: tuple[Step, ...] | list[Step], of: str, key: str) -> Jacobian:
    """The structure, which must be the whole table in everything that it says."""
    found, table = structure_of(steps, of, key), whole(steps, of, key)
    assert found.shape == table.shape
    largest = max(1.0, float(np.abs(table).max(initial=0.0)))
    rng = np.random.default_rng(0)
    v, u = (rng.normal(size=s) for s in (found.pattern.output_shape, found.pattern.input_shape))
    expected = np.tensordot(table, u, axes=u.ndim)
    pairs = [
        (found.dense(), table),
        (found.vjp(v), np.tensordot(v, table, axes=v.ndim)),
        (found.jvp(u), expected),
        (jvp(steps, of, {key: u}), expected),
    ]
    for have, want in pairs:
        assert have.shape == want.shape
        assert np.abs(have - want).max(initial=0.0) <= CLOSE * largest
    assert found.stored <= found.cells
    return found


def arguments_of(case: Case, step: Step) -> Iterator[str]:
    """The keys of the arguments that a gradient may reach."""
    for port in case.op.ports:
        if port.kind in (Kind.INDEX, Kind.NOISE, Kind.STATISTIC):
            continue
        argument = step.arguments[port.name]
        for slot in range(len(argument) if isinstance(argument, tuple) else 1):
            yield f"{step.node}.{port.name}.{slot}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_structure_of_every_gate_is_its_whole_table(case: Case) -> None:
    for draw in (smooth, kinky):
        step = step_of(case.op, draw(case.op, case.shapes, generator(case, 60)))
        for key in arguments_of(case, step):
            agrees([step], step.node, key)


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_random_networks_have_the_structure_of_their_whole_table(first: int) -> None:
    forms = set()
    for seed in range(first, first + 10):
        steps = recorded(random_network(seed)).forward
        sizes = {step.node: step.output.size for step in steps}
        rng = np.random.default_rng(seed)
        for _ in range(8):
            of, by = (str(id) for id in rng.choice(list(sizes), 2))
            if sizes[of] <= 200 and sizes[by] <= 200:
                forms.add(agrees(steps, of, by).form)
    assert len(forms) > 2


@pytest.mark.parametrize(
    ("op", "x", "form", "stored"),
    [
        (Negate(), [1.0, 2.0, 3.0], Form.SCALED, 1),
        (ReLU(), [1.0, -2.0, 3.0, -1.0], Form.MASK, 4),
        (ReLU(), [1.0, 2.0, 3.0], Form.IDENTITY, 0),
        (ReLU(), [-1.0, -2.0, -3.0], Form.ZERO, 0),
        (Square(), [1.0, 2.0, 3.0], Form.DIAGONAL, 3),
        (Sum(), [1.0, 2.0, 3.0], Form.DENSE, 3),
        (Softmax(), [1.0, 2.0, 3.0], Form.DENSE, 9),
        (Softmax(), [[1.0, 2.0, 3.0], [2.0, 2.0, 1.0]], Form.BLOCKS, 18),
        (Sum(axis=-1), [[1.0, 2.0, 3.0], [2.0, 2.0, 1.0]], Form.BLOCKS, 6),
        (Mean(axis=-1), [[1.0, 2.0], [2.0, 2.0]], Form.BLOCKS, 4),
    ],
)
def test_forms_and_how_much_they_keep(op: Op, x: list[float], form: Form, stored: int) -> None:
    given = {"x.value": np.array(x)}
    found = structure(chain(op), given, {}, of="f", with_respect_to="x")
    assert (found.form, found.stored) == (form, stored)
    want = jacobian(chain(op), given, {}, of="f", with_respect_to="x")
    np.testing.assert_array_equal(found.dense(), want)


def test_the_lecture_s_4096_numbers_are_4096_bytes() -> None:
    x = np.sin(np.arange(4096))
    tracemalloc.start()
    found = structure(chain(ReLU()), {"x.value": x}, {}, of="f", with_respect_to="x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.form is Form.MASK and found.cells == 16_777_216
    assert found.bytes_stored == 4096 and found.bytes_dense == 128 * 2**20
    assert int(found.slopes.sum()) == 2047 and found.passes == 1
    assert peak < 2**20
    ones = np.ones(4096)
    np.testing.assert_array_equal(found.vjp(ones), x > 0)
    with pytest.raises(StudioError, match=r"4,096 × 4,096, which is 16,777,216 numbers"):
        found.dense(most=10**6)
    assert found.dense().sum() == 2047


def test_two_masks_and_a_batch_make_one_mask_and_blocks() -> None:
    given = {"x.value": np.random.default_rng(1).normal(size=(50, 3))}
    network = chain(ReLU(), Negate(), ReLU(), Softmax())
    found = structure(network, given, {}, of="n3", with_respect_to="x")
    assert found.form is Form.ZERO
    found = structure(network, given, {}, of="f", with_respect_to="n3")
    assert found.form is Form.BLOCKS and found.stored == 50 * 3 * 3 and found.passes == 3


def test_the_blocks_of_a_batch_take_as_many_passes_as_a_row_has_numbers() -> None:
    network, given, weights = layered()
    steps = tuple(forward(network, given, weights))
    found = agrees(steps, "dense2", "data1")
    assert found.form is Form.BLOCKS and found.pattern.by == (0,)
    assert found.stored == ROWS * 2 * 3 and found.passes == 2
    found = agrees(steps, "dense2", "dense2.weight")
    assert found.pattern.by == (1,) and found.stored == ROWS * 2 * 4 and found.passes == 4
    found = agrees(steps, "dense2", "dense2.bias")
    assert found.form is Form.SPARSE and found.stored == ROWS * 2 and found.passes == 1


def test_what_is_not_known_depends_on_everything() -> None:
    given = {"x.value": np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])}
    steps = tuple(forward(chain(Sorted()), given, {}))
    assert agrees(steps, "f", "x").form is Form.DENSE


@pytest.mark.parametrize(
    ("op", "size", "form"),
    [
        (Gram(), (3, 2), Form.DENSE),
        (Stacked(), (3, 2), Form.DENSE),
        (Batched(), (4, 3, 2), Form.BLOCKS),
    ],
)
def test_products_of_an_array_with_itself(op: Op, size: tuple[int, ...], form: Form) -> None:
    given = {"x.value": np.random.default_rng(2).normal(size=size)}
    steps = tuple(forward(chain(op), given, {}))
    assert agrees(steps, "f", "x").form is form


def test_a_node_that_feeds_both_sides_of_a_product() -> None:
    network = graph(Node("x", Input()), Node("f", MatMul(), {"a": ("x",), "b": ("x",)}))
    given = {"x.value": np.random.default_rng(2).normal(size=(3, 3))}
    steps = tuple(forward(network, given, {}))
    assert agrees(steps, "f", "x").form is Form.DENSE
    assert agrees(steps, "f", "f.a").pattern.by == (0,)
    assert agrees(steps, "f", "f.b").pattern.by == (1,)


def test_values_that_cancel_leave_no_structure_out() -> None:
    network = graph(
        Node("x", Input()),
        Node("n1", Negate(), {"x": ("x",)}),
        Node("n2", Negate(), {"x": ("n1",)}),
        Node("f", Add(), {"a": ("x",), "b": ("n2",)}),
    )
    steps = tuple(forward(network, {"x.value": np.arange(3.0)}, {}))
    assert agrees(steps, "f", "n1").slopes.flat[0] == -1
    assert agrees(steps, "f", "x").slopes.flat[0] == 2


def test_backward_passes_and_forward_passes_give_the_same_slopes() -> None:
    given = {"x.value": np.array(0.3), "y.value": np.arange(5.0)}
    network = graph(
        Node("x", Input()), Node("y", Input()), Node("f", Multiply(), {"a": ("x",), "b": ("y",)})
    )
    steps = tuple(forward(network, given, {}))
    found = agrees(steps, "f", "x")
    assert found.passes == 1 and found.pattern.backward_passes == 5
    slopes = by_backward(steps, "f", ("x", "", 0), found.pattern)
    np.testing.assert_array_equal(slopes[:, 0], np.arange(5.0))


def test_a_product_with_numbers_that_do_not_fit_is_refused() -> None:
    given = {"x.value": np.arange(3.0)}
    found = structure(chain(Square()), given, {}, of="f", with_respect_to="x")
    np.testing.assert_array_equal(found.jvp(np.ones(())), [0.0, 2.0, 4.0])
    with pytest.raises(ShapeError, match=r"shape \(3,\), not \(2,\)"):
        found.vjp(np.ones(2))


def test_blocks_too_many_to_keep_are_refused() -> None:
    with pytest.raises(StudioError, match="100,000,000 numbers"):
        structure(chain(Softmax()), {"x.value": np.ones(10_000)}, {}, of="f", with_respect_to="x")


def test_the_jacobian_of_an_elementwise_gate_is_diagonal() -> None:
    network = graph(Node("x", Input()), Node("f", Square(), {"x": ("x",)}))
    given = {"x.value": np.array([1.0, -2.0, 3.0])}
    found = jacobian(network, given, {}, of="f", with_respect_to="x")
    np.testing.assert_array_equal(found, np.diag([2.0, -4.0, 6.0]))
    np.testing.assert_array_equal(
        jacobian(network, given, {}, of="f", with_respect_to="f"), np.eye(3)
    )


def test_the_jacobian_of_softmax() -> None:
    network = graph(Node("x", Input()), Node("y", Softmax(), {"x": ("x",)}))
    x = np.array([0.1, -1.0, 2.0])
    y = np.exp(x) / np.exp(x).sum()
    found = jacobian(network, {"x.value": x}, {}, of="y", with_respect_to="x")
    np.testing.assert_allclose(found, np.diag(y) - np.outer(y, y), atol=1e-15)


@pytest.mark.parametrize(
    "by", ["data1", "dense1", "dense1.weight", "dense1.bias", "tanh1.x", "dense2.weight"]
)
def test_jacobians_agree_with_nudging(by: str) -> None:
    network, given, weights = layered()
    found = jacobian(network, given, weights, of="dense2", with_respect_to=by)
    hidden = given["data1.rows"] @ weights["dense1.weight"] + weights["dense1.bias"]
    at = {"data1": given["data1.rows"], "dense1": hidden, "tanh1.x": hidden}.get(by)
    start = weights[by] if at is None else at

    def predicted(value: Array) -> Array:
        new = {**weights, **({by: value} if by in weights else {})}
        rows = value if by == "data1" else given["data1.rows"]
        inner = rows @ new["dense1.weight"] + new["dense1.bias"]
        inner = value if by in ("dense1", "tanh1.x") else inner
        return np.asarray(np.tanh(inner) @ new["dense2.weight"] + new["dense2.bias"])

    assert found.shape == (ROWS, 2, *start.shape)
    for place in np.ndindex(ROWS, 2):

        def one(value: Array, place: tuple[int, ...] = place) -> float:
            return float(predicted(value)[place])

        np.testing.assert_allclose(found[place], numeric_gradient(one, start), atol=1e-8)


def test_a_jacobian_by_what_does_not_feed_the_node_is_zero() -> None:
    network, given, weights = layered()
    nothing = structure(network, given, weights, of="dense1", with_respect_to="dense2.weight")
    assert nothing.form is Form.ZERO and nothing.shape == (ROWS, 4, 4, 2) and not nothing.passes
    assert not nothing.dense().any() and not nothing.vjp(np.ones((ROWS, 4))).any()
    assert not nothing.jvp(np.ones((4, 2))).any()
    found = jacobian(network, given, weights, of="dense1", with_respect_to="dense2.weight")
    assert found.shape == (ROWS, 4, 4, 2) and not found.any()
    found = jacobian(network, given, weights, of="data1", with_respect_to="dense1")
    assert found.shape == (ROWS, 3, ROWS, 4) and not found.any()


def test_a_fork_is_in_the_jacobian_by_its_node_but_not_by_one_wire() -> None:
    network = graph(Node("x", Input()), Node("f", Multiply(), {"a": ("x",), "b": ("x",)}))
    given = {"x.value": np.array([3.0])}
    assert jacobian(network, given, {}, of="f", with_respect_to="x") == 6
    assert jacobian(network, given, {}, of="f", with_respect_to="f.a") == 3


def test_a_jacobian_too_large_to_show_is_refused() -> None:
    network = graph(Node("x", Input()), Node("f", ReLU(), {"x": ("x",)}, title="Rectified"))
    with pytest.raises(StudioError, match="Rectified by x has 100,000,000 numbers"):
        jacobian(network, {"x.value": np.ones(10_000)}, {}, of="f", with_respect_to="x")


@pytest.mark.parametrize("by", ["nobody", "x.nothing"])
def test_unknown_names_are_refused(by: str) -> None:
    network = graph(Node("x", Input()), Node("f", Sigmoid(), {"x": ("x",)}))
    with pytest.raises(GraphError, match=r"nobody|no port called nothing"):
        structure(network, {"x.value": np.ones(1)}, {}, of="f", with_respect_to=by)
    with pytest.raises(GraphError, match=r"nobody|no port called nothing"):
        jacobian(network, {"x.value": np.ones(1)}, {}, of="f", with_respect_to=by)


def test_a_matrix_product_has_the_other_matrix_as_its_jacobian() -> None:
    network = graph(
        Node("x", Input()), Node("w", Input()), Node("y", MatMul(), {"a": ("x",), "b": ("w",)})
    )
    w = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    given = {"x.value": np.array([0.5, 1.0, -1.0]), "w.value": w}
    np.testing.assert_array_equal(jacobian(network, given, {}, of="y", with_respect_to="x"), w.T)
