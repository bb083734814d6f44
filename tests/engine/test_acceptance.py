"""The lecture's worked examples: every value, every gradient, every wire's contribution.

`acceptance.json` holds 23 graphs with numbers that PyTorch in float64 and central differences
agree on; `shown` digits of the slides are rounded from these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.engine.check import gradient_check
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.jacobian import jacobian
from bpstudio.engine.op import Array, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid
from bpstudio.engine.ops.arithmetic import Add, Max, Multiply, Scale, Shift
from bpstudio.engine.ops.elementary import Exp, Reciprocal, Square
from bpstudio.engine.ops.layer import MatMul
from bpstudio.engine.ops.reduction import Sum
from bpstudio.engine.ops.source import Input
from bpstudio.engine.optimizers import SGD
from bpstudio.engine.run import Recording, record

EXAMPLES = {
    example["id"]: example
    for example in json.loads((Path(__file__).parent / "acceptance.json").read_text("utf-8"))
}
GATES: Mapping[str, Callable[[Mapping[str, Any]], Op]] = {
    "input": lambda attrs: Input(),
    "add": lambda attrs: Add(),
    "mul": lambda attrs: Multiply(),
    "max": lambda attrs: Max(),
    "mulc": lambda attrs: Scale(factor=float(attrs["a"])),
    "addc": lambda attrs: Shift(offset=float(attrs["c"])),
    "exp": lambda attrs: Exp(),
    "recip": lambda attrs: Reciprocal(),
    "square": lambda attrs: Square(),
    "sigmoid": lambda attrs: Sigmoid(),
    "relu": lambda attrs: ReLU(),
    "matmul": lambda attrs: MatMul(),
    "sum": lambda attrs: Sum(),
}


def network(example: Mapping[str, Any]) -> tuple[Graph, dict[str, Array]]:
    """The example's graph and its typed values."""
    nodes: dict[str, Node] = {}
    given: dict[str, Array] = {}

    def put(id: str, op: Op, *sources: str) -> None:
        ports = [port.name for port in op.ports]
        nodes[id] = Node(id, op, {p: (s,) for p, s in zip(ports, sources, strict=False)})

    for node in example["nodes"]:
        if node["op"] == "input":
            given[f"{node['id']}.value"] = np.array(node["value"], dtype=float)
        if node["op"] == "dot_const":
            # The weighted sum that stands for the rest of a network, as three gates.
            put(f"{node['id']}_weights", Input())
            given[f"{node['id']}_weights.value"] = np.array(node["attrs"]["c"])
            put(f"{node['id']}_product", Multiply(), *node["inputs"], f"{node['id']}_weights")
            put(node["id"], Sum(), f"{node['id']}_product")
        else:
            put(node["id"], GATES[node["op"]](node.get("attrs", {})), *node["inputs"])
    return Graph(nodes), given


def recorded(example: Mapping[str, Any]) -> Recording:
    """The example run forward and backward from its output."""
    graph, given = network(example)
    return record(graph, given, {}, seed={example["output"]: np.array(example["seed"])})


def same(have: Array, want: Any) -> None:
    """Fail unless the numbers are equal to the last digits."""
    np.testing.assert_allclose(have, np.array(want, dtype=float), rtol=1e-12, atol=1e-14)


every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


def test_all_examples_are_there() -> None:
    assert len(EXAMPLES) == 23
    assert sum(len(example["nodes"]) for example in EXAMPLES.values()) == 188


@every_example
def test_every_value(example: Mapping[str, Any]) -> None:
    values = recorded(example).values
    for node in example["nodes"]:
        same(values[node["id"]], node["value"])


@every_example
def test_every_gradient(example: Mapping[str, Any]) -> None:
    run = recorded(example)
    for node in example["nodes"]:
        nothing = np.zeros(run.values[node["id"]].shape)
        same(run.gradients.get(node["id"], nothing), node["grad"])


@every_example
def test_every_wire(example: Mapping[str, Any]) -> None:
    run = recorded(example)
    operations = {node["id"]: node["op"] for node in example["nodes"]}
    for edge in example["edges"]:
        target, slot = edge["to_node"], edge["slot"]
        if operations[target] == "dot_const":
            target = f"{target}_product"
        port = run.graph[target].op.ports[slot].name
        assert run.graph[target].sources[port] == (edge["from_node"],)
        same(run.contributions[target, port, 0], edge["downstream_grad"])


@every_example
def test_every_typed_value_is_checked_by_nudging(example: Mapping[str, Any]) -> None:
    graph, given = network(example)
    check = gradient_check(graph, given, {}, of=example["output"])
    assert set(check.entries) == set(given)
    # Ten sigmoids leave a gradient of 4e-7, of which nudging a value of 0.7 sees five digits.
    assert check.max_relative_error < (1e-4 if example["id"] == "E14_vanish10" else 1e-6)


def test_the_jacobian_of_relu_is_its_mask_and_not_the_identity() -> None:
    example = EXAMPLES["E09_relu_vec"]
    graph, given = network(example)
    same(jacobian(graph, given, {}, of="z", with_respect_to="x"), example["jacobian"])


def test_a_step_of_gradient_descent_as_published() -> None:
    example = EXAMPLES["E18_mazur"]
    published = example["after_one_step"]
    graph, given = network(example)
    gradients, rate = recorded(example).gradients, np.array(published["learning_rate"])
    for name, weight in published["weights"].items():
        key = f"{name}.value"
        step = SGD().update(given[key], gradients[name], rate, np.array(1.0))
        same(step["w"], weight)
        given[key] = step["w"]
    same(record(graph, given, {}).values[example["output"]], published["loss_after"])
