"""Where training breaks, the first gate that did is named with what it read, at its step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, catalog
from bpstudio.engine.ops.source import Parameter
from bpstudio.engine.optimizers import SGD, Adam, Momentum, Optimizer
from bpstudio.errors import GraphError, NotFinite
from bpstudio.training.job import Job, Progress
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now
from tests.training.conftest import Network


class Breaks(NamedTuple):
    """Gates in a row after w1, the weight they start from, and which of them breaks at step 1."""

    gates: Sequence[str]
    weight: float
    culprit: str
    words: str


# In each the first gate that breaks is followed by others, which break too or hide it again.
FORWARD = [
    Breaks(["exp", "negate"], 800.0, "exp1", r"Exp\) gives inf for x = 800\."),
    Breaks(["exp", "reciprocal"], 710.0, "exp1", "gives inf for x = 710"),
    Breaks(["log", "square"], 0.0, "log1", r"gives -inf for x = 0\."),
    Breaks(["log", "exp"], 0.0, "log1", "gives -inf for x = 0"),
    Breaks(["log"], -1.0, "log1", "gives nan for x = -1"),
    Breaks(["reciprocal", "tanh"], 0.0, "reciprocal1", "gives inf for x = 0"),
    Breaks(["sqrt", "square"], -4.0, "sqrt1", "gives nan for x = -4"),
    Breaks(["square", "sqrt"], 1e200, "square1", r"gives inf for x = 1e\+200"),
    Breaks(["square", "scale"], -1e155, "square1", "gives inf"),
    Breaks(["square", "exp"], 30.0, "exp2", "gives inf for x = 900"),
    Breaks(["negate", "sqrt"], 9.0, "sqrt2", "gives nan for x = -9"),
    Breaks(["relu", "log"], -2.0, "log2", "gives -inf for x = 0"),
    Breaks(["abs", "exp", "log"], -1000.0, "exp2", "gives inf for x = 1000"),
    Breaks(["sin", "log"], -1.0, "log2", "gives nan"),
    Breaks(["relu", "reciprocal"], -5.0, "reciprocal2", "gives inf for x = 0"),
    Breaks(["square", "negate", "log"], 2.0, "log3", "gives nan for x = -4"),
]
BACKWARD = [
    Breaks(["sqrt", "scale"], 0.0, "sqrt1", "the gradient is no longer finite; 2 arrived here"),
    Breaks(["sqrt", "tanh"], 0.0, "sqrt1", "the gradient is no longer finite; 1 arrived here"),
    Breaks(["reciprocal", "scale"], 1e-160, "reciprocal1", "no longer finite; 2 arrived"),
    Breaks(["square", "sqrt"], 0.0, "sqrt2", "no longer finite; 1 arrived"),
]


def row(case: Breaks) -> Graph:
    """The gates one after the other."""
    nodes, last = {"w1": Node("w1", catalog["parameter"]())}, "w1"
    for number, name in enumerate(case.gates, start=1):
        id = f"{name}{number}"
        nodes[id] = Node(id, catalog[name](), {"x": (last,)})
        last = id
    return Graph(nodes)


def broken(job: Job) -> tuple[NotFinite, Progress]:
    """The error that ends the job, and the last record before it."""
    seen: list[Progress] = []
    with pytest.raises(NotFinite) as caught:
        train_now(job, seen.append)
    last = seen[-1]
    assert last.last and str(caught.value).startswith(f"Step {last.step + 1}: ")
    assert str(caught.value).endswith("The weights are those from before this step.")
    assert all(np.isfinite(weight).all() for weight in last.weights.values())
    assert all(np.isfinite(record.losses).all() for record in seen)
    return caught.value, last


@pytest.mark.parametrize("case", FORWARD + BACKWARD, ids=lambda c: "-".join(c.gates))
def test_the_first_gate_that_breaks_is_named_with_what_it_read(case: Breaks) -> None:
    job = Job(row(case), {}, {"w1.value": np.array(case.weight)}, steps=5)
    error, last = broken(job)
    assert error.nodes == (case.culprit,)
    assert last.step == 0 and last.weights["w1.value"] == case.weight
    assert re.search(case.words, str(error)), str(error)


@pytest.mark.parametrize(
    ("op", "a", "b", "words"),
    [
        ("divide", 1.0, 0.0, r"gives inf for a = 1, b = 0\."),
        ("divide", 0.0, 0.0, r"gives nan for a = 0, b = 0\."),
        ("multiply", 1e200, 1e200, r"gives inf for a = 1e\+200, b = 1e\+200"),
        ("power", 10.0, 400.0, "gives inf for a = 10, b = 400"),
        ("power", -8.0, 0.5, "gives nan for a = -8, b = 0.5"),
        ("power", 0.0, -1.0, "gives inf for a = 0, b = -1"),
        ("add", 1.7e308, 1.7e308, "gives inf"),
        ("subtract", -1.7e308, 1.7e308, "gives -inf"),
    ],
)
def test_a_gate_of_two_is_named_with_both(op: str, a: float, b: float, words: str) -> None:
    sources = {"a": ("w1",), "b": ("w2",)}
    graph = Graph(
        {
            "w1": Node("w1", Parameter()),
            "w2": Node("w2", Parameter()),
            "gate1": Node("gate1", catalog[op](), sources, title="My gate"),
            "scale1": Node("scale1", catalog["scale"](), {"x": ("gate1",)}),
        }
    )
    weights: dict[str, Array] = {"w1.value": np.array(a), "w2.value": np.array(b)}
    error, _ = broken(Job(graph, {}, weights, steps=5))
    assert error.nodes == ("gate1",)
    assert re.search("My gate.*" + words, str(error)), str(error)


@pytest.mark.parametrize(
    "optimizer",
    [SGD(learning_rate=1e6), SGD(learning_rate=1e12), Momentum(learning_rate=1e6)],
    ids=["a million", "a billion billions", "momentum"],
)
@pytest.mark.parametrize("activation", ["relu", "square"])
def test_a_wild_learning_rate(network: Network, optimizer: Optimizer, activation: str) -> None:
    job = network(
        "sine", (5, 1), output=None, activation=activation, loss="squared_error", steps=10_000
    )
    settings = Settings(optimizer=optimizer)
    error, last = broken(Job(job.graph, job.given, job.weights, settings, steps=10_000))
    assert error.nodes and error.nodes[0] in job.graph.nodes
    assert "learning rate" in str(error) and last.step < 10_000


@pytest.mark.parametrize("batch", [None, 8])
def test_it_is_found_in_the_batch_where_it_is(network: Network, batch: int | None) -> None:
    features = np.linspace(-1, 1, 40)[:, None]
    features[29] = 1e200
    data = Dataset("rows", features, np.zeros((40, 1)))
    job = network(data, (1,), output=None, loss="squared_error", steps=50, batch=batch)
    error, last = broken(job)
    assert error.nodes == ("loss1",) and "inf" in str(error)
    assert last.step < (1 if batch is None else 5)


def test_an_update_that_alone_breaks_names_its_weight() -> None:
    graph = row(Breaks(["square"], 0.0, "", ""))
    for optimizer in (SGD(learning_rate=1e308), Momentum(learning_rate=1e308)):
        job = Job(graph, {}, {"w1.value": np.array(1e100)}, Settings(optimizer=optimizer), steps=9)
        error, last = broken(job)
        assert error.nodes == ("w1",) and "this update would make w1 infinite" in str(error)
        assert last.weights["w1.value"] == 1e100


def test_adam_whose_memory_overflows(network: Network) -> None:
    job = network(
        Dataset("one", np.array([[1e120]]), np.array([[0.0]])),
        (1,),
        output=None,
        loss="squared_error",
        optimizer=Adam(learning_rate=0.1),
        steps=100,
    )
    error, last = broken(job)
    assert error.nodes == ("dense1",) and last.step == 0
    assert "too large for what Adam remembers of it" in str(error)


def test_huge_weights_are_no_failure_where_the_gates_saturate(network: Network) -> None:
    job = network(steps=20)
    huge = {key: weight * 1e300 for key, weight in job.weights.items()}
    result = train_now(
        Job(job.graph, job.given, {**huge, "dense2.bias": huge["dense2.bias"]}, steps=20)
    )
    assert np.isfinite(result.losses).all()


def test_an_infinity_that_a_gate_levels_out_is_no_failure() -> None:
    job = Job(row(Breaks(["square", "sigmoid"], 0, "", "")), {}, {"w1.value": np.array(1e155)})
    assert train_now(replace(job, steps=5)).losses.tolist() == [1] * 5


def test_no_rows_are_no_training(network: Network) -> None:
    job = network()
    empty = {key: value[:0] for key, value in job.given.items()}
    with pytest.raises(GraphError, match="no rows to train on"):
        train_now(replace(job, given=empty))


def test_one_row_is_enough(network: Network) -> None:
    job = network(
        Dataset("one", np.array([[0.5]]), np.array([[2.0]])),
        (3, 1),
        output=None,
        loss="squared_error",
        steps=200,
        optimizer=SGD(learning_rate=0.05),
    )
    result = train_now(job)
    assert np.isfinite(result.losses).all() and result.metrics.loss < result.losses[0]


def test_the_logarithm_of_nothing_in_a_loss(network: Network) -> None:
    job = network(output=None, steps=50)
    certain = {**job.weights, "dense2.bias": np.array([-1e3])}
    error, last = broken(replace(job, weights=certain))
    assert error.nodes == ("loss1",) and last.step == 0


def test_nothing_times_infinity() -> None:
    sources = {"a": ("w1",), "b": ("exp1",)}
    graph = Graph(
        {
            "w1": Node("w1", Parameter()),
            "w2": Node("w2", Parameter()),
            "exp1": Node("exp1", catalog["exp"](), {"x": ("w2",)}),
            "multiply1": Node("multiply1", catalog["multiply"](), sources),
        }
    )
    weights: dict[str, Array] = {"w1.value": np.array(0.0), "w2.value": np.array(1e3)}
    error, _ = broken(Job(graph, {}, weights, steps=5))
    assert error.nodes == ("exp1",) and "gives inf for x = 1000" in str(error)
