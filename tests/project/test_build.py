"""Networks for a data set, and gates from a formula, as whole projects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.formula import build as gates_of
from bpstudio.engine.op import catalog
from bpstudio.errors import StudioError
from bpstudio.project import build, runs
from bpstudio.project.project import arguments, predicting_node
from bpstudio.training.trainer import train_now

XOR = toys.make("xor")
SPIRAL = toys.make("spiral", points=30, arms=3)
SINE = toys.make("sine", points=20)


def test_a_network_for_xor_as_the_command_line_describes_it() -> None:
    project = build.network(XOR, (2, 4, 1), activation="tanh", output="sigmoid", loss="bce", seed=3)
    assert list(project.graph.order) == ["data1", "dense1", "tanh1", "dense2", "sigmoid1", "loss1"]
    training = project.training
    assert (training.optimizer.name, training.optimizer.learning_rate) == ("sgd", 0.5)
    assert (training.batch, training.seed) == (None, 3)
    assert project.places.keys() == project.graph.nodes.keys()
    recording = run.record(project.graph, arguments(project), project.weights)
    assert np.isfinite(recording.values["loss1"])
    assert recording.weight_gradients.keys() == project.weights.keys()


@pytest.mark.parametrize("name", ["xor", "and", "or", "nand"])
def test_truth_tables_learn_by_gradient_descent(name: str) -> None:
    training = build.settings_for(toys.make(name))
    assert (training.optimizer.name, training.optimizer.learning_rate) == ("sgd", 0.5)
    assert training.batch is None


def test_other_data_learns_by_adam_unless_told_otherwise() -> None:
    training = build.settings_for(SPIRAL)
    assert (training.optimizer.name, training.optimizer.learning_rate) == ("adam", 0.01)
    assert training.batch == 32
    training = build.settings_for(SPIRAL, "momentum", 0.2, 0, 9)
    assert (training.optimizer.name, training.optimizer.learning_rate) == ("momentum", 0.2)
    assert (training.batch, training.seed) == (None, 9)


@pytest.mark.parametrize(
    ("data", "layers", "nodes", "answer"),
    [
        (SPIRAL, (2, 5, 3), ["dense1", "tanh1", "dense2", "softmax1", "loss1"], "softmax1"),
        (SINE, (1, 5, 1), ["dense1", "tanh1", "dense2", "loss1"], "dense2"),
        (XOR, (2, 2), ["dense1", "softmax1", "loss1"], "softmax1"),
    ],
)
def test_what_suits_the_answers(
    data: Any, layers: tuple[int, ...], nodes: list[str], answer: str
) -> None:
    project = build.network(data, layers)
    assert list(project.graph.nodes) == ["data1", *nodes]
    assert predicting_node(project) == answer
    recording = run.record(project.graph, arguments(project), project.weights)
    assert recording.gradients.keys() >= {"dense1", "loss1"}


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "linear"])
@pytest.mark.parametrize(("output", "loss"), [("sigmoid", "mse"), ("linear", "squared-error")])
def test_names_as_people_type_them(activation: str, output: str, loss: str) -> None:
    project = build.network(XOR, (2, 3, 3, 1), activation=activation, output=output, loss=loss)
    kinds = [node.op.name for node in project.graph.ordered]
    assert kinds[-1] == "squared_error"
    between = [] if activation == "linear" else [activation]
    assert kinds[1:-1] == [
        *["dense", *between] * 2,
        "dense",
        *([] if output == "linear" else [output]),
    ]
    initial = project.graph["dense1"].op.settings["initial"]
    assert initial == ("he" if activation == "relu" else "xavier")


@pytest.mark.parametrize(
    ("loss", "units", "kinds"),
    [
        ("hinge", 1, ["dense", "hinge"]),
        ("svm", 2, ["dense", "multiclass_hinge"]),
        ("bce-logits", 1, ["dense", "sigmoid", "binary_cross_entropy_with_logits"]),
        ("bce", 1, ["dense", "sigmoid", "binary_cross_entropy"]),
        ("ce", 2, ["dense", "softmax", "cross_entropy"]),
        ("ce-prob", 2, ["dense", "softmax", "cross_entropy_from_probabilities"]),
        ("mae", 1, ["dense", "sigmoid", "absolute_error"]),
        ("huber", 1, ["dense", "sigmoid", "huber"]),
    ],
)
def test_every_loss_learns_xor(loss: str, units: int, kinds: list[str]) -> None:
    project = build.network(
        XOR, (2, 16, units), loss=loss, optimizer="adam", learning_rate=0.03, seed=2
    )
    assert [node.op.name for node in project.graph.ordered][3:] == kinds
    trained = runs.landed(project, train_now(runs.job(project, 1000)))
    assert runs.measured(trained).accuracy == 1.0


def test_every_loss_has_a_name_that_leads_to_it() -> None:
    losses = {name for name, kind in catalog.items() if kind.category == "loss"}
    assert set(build.LOSSES.values()) <= losses
    for name in losses:
        wide = name in build.COMPARING
        project = build.network(XOR, (2, 3, 2 if wide else 1), loss=name)
        assert project.graph["loss1"].op.name == name


@pytest.mark.parametrize(
    ("layers", "choices", "says"),
    [
        ((3, 4, 1), {}, "take 3 numbers per row, but xor has 2 features. Begin with 2"),
        ((2, 4, 5), {}, "end with 5 .* need 1 / 2"),
        ((2,), {}, "such as 2,4,1"),
        ((), {}, "such as 2,4,1"),
        ((2, 0, 1), {}, "such as 2,4,1"),
        ((2, 10**9, 1), {}, "from 1 to 10000"),
        ((2, 4, 1), {"output": "linear", "loss": "bce"}, "needs probabilities"),
        ((2, 4, 1), {"loss": "cross-entropy"}, "at least 2"),
        ((2, 4, 1), {"loss": "ce-prob"}, "at least 2"),
        ((2, 4, 1), {"loss": "multiclass_hinge"}, "at least 2"),
        ((2, 4, 2), {"loss": "ce-prob", "output": "sigmoid"}, "Choose the output softmax"),
        ((2, 4, 1), {"loss": "hinge", "output": "sigmoid"}, "needs scores of any size"),
        ((2, 4, 2), {"loss": "svm", "output": "softmax"}, "needs scores of any size"),
        ((2, 4, 1), {"loss": "bce-logits", "output": "softmax"}, "needs scores of any size"),
        ((2, 4, 1), {"output": "softmax", "loss": "mse"}, "at least 2"),
        ((2, 4, 1), {"activation": "dense"}, "no activation called dense"),
        ((2, 4, 1), {"output": "nonsense"}, "no activation called nonsense"),
        ((2, 4, 1), {"loss": "tanh"}, "no loss called tanh"),
        ((2, 4, 1), {"optimizer": "magic"}, "no optimizer called magic"),
        ((2, 4, 1), {"learning_rate": -1.0}, "learning_rate is -1.0"),
        ((2, 4, 1), {"batch": -1}, "at least 1 row"),
        ((2, 4, 1), {"seed": -1}, "seed must be"),
    ],
)
def test_what_does_not_fit_is_said(
    layers: tuple[int, ...], choices: dict[str, Any], says: str
) -> None:
    with pytest.raises(StudioError, match=says):
        build.network(XOR, layers, **choices)


def test_a_formula_is_a_project_with_its_values() -> None:
    formula = gates_of("q = (x + y) * z", {"x": -2, "y": 5, "z": -4})
    project = build.from_formula(formula)
    recording = run.record(project.graph, arguments(project), project.weights)
    assert recording.values["q"] == -12
    assert recording.gradients["x"] == -4
    assert project.places.keys() == project.graph.nodes.keys()


def test_names_without_values_start_as_one() -> None:
    project = build.from_formula(gates_of("x * y"))
    assert {key: value.item() for key, value in project.given.items()} == {
        "x.value": 1,
        "y.value": 1,
    }
