"""A new gate is one class: everything that the studio knows of it follows, and nothing else is
touched. Two gates are made here by the steps of CONTRIBUTING; one has a weight and a setting, the
other wires in any number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.check import gradient_check
from bpstudio.engine.formula import build
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Gradients, Kind, Op, Weight, catalog, setting
from bpstudio.engine.plan import compile_training
from bpstudio.engine.shapes import Shape
from bpstudio.exchange import formats
from bpstudio.playback.captions import caption
from bpstudio.playback.picture import picture
from bpstudio.playback.timeline import Timeline
from bpstudio.project import edits, file, gates, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, arguments, complete, given_shapes
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now


def made() -> tuple[type[Op], type[Op]]:
    """The two classes; each enters itself in the catalog."""

    class Snake(Op):
        """Adds a wave to its input, with a frequency that it learns."""

        height: float = setting(1.0, low=0.0, help="How high the wave is.")

        symbol, category = "snake", "activation"
        aliases = ("wave", "periodic", "물결")
        formula = "y = x + height · sin(rate · x) ^ 2"
        gradients = {
            "x": "g · (1 + 2 · height · rate · sin(rate · x) · cos(rate · x))",
            "rate": "g · 2 · height · x · sin(rate · x) · cos(rate · x)",
        }

        def forward(self, x: Array, rate: Weight) -> Array:
            y: Array = x + self.height * np.square(np.sin(rate * x))
            return y

        def backward(self, g: Array, y: Array, x: Array, rate: Array) -> Gradients:
            slope = 2.0 * self.height * np.sin(rate * x) * np.cos(rate * x)
            return {"x": g * (1.0 + slope * rate), "rate": g * slope * x}

        def shape(self, x: Shape, rate: Shape) -> Shape:
            return x

        def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
            return {"rate": ()}

        def initials(self) -> Mapping[str, str | float]:
            return {"rate": 0.5}

    class Total(Op):
        """Adds up any number of inputs of one shape."""

        symbol = "ΣΣ"
        aliases = ("sum of all", "모두 더하기")
        formula = "y = sum_over(joined(-1, parts), -1)"
        gradients = {"parts": "expand(g, -1)"}
        samples = ({"parts0": (2, 1), "parts1": (2, 1)},)

        def forward(self, *parts: Array) -> Array:
            y: Array = np.sum(np.concatenate(parts, axis=-1), axis=-1)
            return y

        def backward(self, g: Array, y: Array, *parts: Array) -> Gradients:
            return {"parts": tuple(np.expand_dims(g, -1) for _ in parts)}

        def shape(self, **parts: Shape) -> Shape:
            first = next(iter(parts.values()))
            return Shape(first.features[:-1], first.batched)

    return Snake, Total


@pytest.fixture(scope="module", autouse=True)
def snake_and_total() -> Iterator[None]:
    """The gates are in the catalog while these tests run."""
    kinds = made()
    yield
    for kind in kinds:
        del catalog[kind.name]


def trained_by_snake() -> Project:
    """Layers for XOR with the new activation between them."""
    chain: list[tuple[str, dict[str, Any]]] = [
        ("data", {}),
        ("dense", {"units": 4}),
        ("snake", {"height": 0.7}),
    ]
    chain += [("dense", {"units": 1}), ("sigmoid", {})]
    nodes: list[Node] = []
    for name, settings in chain:
        sources = {"x": (nodes[-1].id,)} if nodes else {}
        nodes.append(Node(f"{name}{len(nodes)}", gates.gate(name, settings), sources))
    loss = gates.gate("binary_cross_entropy")
    nodes.append(Node("loss1", loss, {"prediction": (nodes[-1].id,)}))
    graph = Graph({node.id: node for node in nodes})
    training = Settings(optimizer=gates.optimizer("adam", {"learning_rate": 0.05}))
    return complete(Project(graph=graph, data=toys.make("xor"), training=training))


def of_total() -> Project:
    """Three rows of one number, added up."""
    nodes = [Node(name, catalog["input"]()) for name in "abc"]
    nodes.append(Node("total1", catalog["total"](), {"parts": ("a", "b", "c")}))
    graph = Graph({node.id: node for node in nodes})
    given = {f"{n}.value": np.array([[0.5], [k]]) for k, n in enumerate("abc")}
    return complete(Project(graph=graph, given=given))


Make = Callable[[], Project]
PROJECTS = pytest.mark.parametrize("make", [trained_by_snake, of_total])


def test_ports_texts_and_settings_are_read_off_the_class() -> None:
    snake, total = catalog["snake"], catalog["total"]
    assert [(p.name, p.kind, p.variadic) for p in snake.ports] == [
        ("x", Kind.INPUT, False),
        ("rate", Kind.WEIGHT, False),
    ]
    assert [(p.name, p.variadic) for p in total.ports] == [("parts", True)]
    assert (snake.title, snake().face, snake().settings) == ("Snake", "snake", {"height": 1.0})
    with pytest.raises(Exception, match="height is -1"):
        gates.gate("snake", {"height": -1})


def test_the_palette_offers_it() -> None:
    entries = pytest.importorskip("bpstudio.ui.panels.entries")
    entries.entries.cache_clear()
    try:
        found = entries.found("물결")
        assert found[0].name == "snake"  # a data set of waves comes after it
        assert found[0].title and "wave" in found[0].help
    finally:
        entries.entries.cache_clear()


@PROJECTS
def test_it_can_be_put_and_connected_and_comes_back_from_a_file(make: Make) -> None:
    project = make()
    read = file.from_bytes(file.to_bytes(project))
    assert read.graph == project.graph
    assert all(np.array_equal(read.weights[k], v) for k, v in project.weights.items())
    added = edits.add_node(project, catalog["snake"](), (0.0, 0.0))
    assert len(added.graph.nodes) == len(project.graph.nodes) + 1


@PROJECTS
def test_its_gradients_hold_and_its_plan_does_what_the_run_does(make: Make) -> None:
    project = make()
    graph, given, weights = project.graph, arguments(project), project.weights
    assert gradient_check(graph, given, weights).max_relative_error < 1e-6
    rows = len(project.data) if project.data is not None else 1
    plan = compile_training(
        graph, given_shapes(project), weights, project.training.optimizer, rows=rows
    )
    plan.load(given)
    plan.gradient()
    recording = run.record(graph, given, weights, randomness=run.Randomness(0, 1))
    value = float(np.sum(recording.values[graph.objective]))
    assert float(plan.loss) == pytest.approx(value, rel=1e-12)
    for key, gradient in plan.weight_gradients.items():
        np.testing.assert_allclose(gradient, recording.weight_gradients[key], atol=1e-14)


def test_it_learns() -> None:
    project = trained_by_snake()
    before = project.weights["snake2.rate"]
    trained = runs.landed(project, train_now(runs.job(project, 500)))
    assert before == 0.5 != trained.weights["snake2.rate"]
    assert runs.measured(trained).accuracy == 1.0


@PROJECTS
def test_it_has_a_body_and_captions(make: Make) -> None:
    project = make()
    timeline = Timeline(iteration(project))
    said = [caption(timeline, moment) for moment in timeline.moments]
    assert all(each.title and (each.words or each.lines) for each in said)
    name = "snake" if project.data is not None else "ΣΣ"
    assert any(name in each.title for each in said)
    for moment in np.linspace(0, len(timeline), 7):
        assert picture(project, timeline.at(float(moment))).marks


@PROJECTS
@pytest.mark.parametrize(
    "format", ["numpy", pytest.param("pytorch", marks=pytest.mark.torch), "onnx"]
)
def test_it_is_exported(make: Make, format: str, tmp_path: Path) -> None:
    if formats.FORMATS[format].missing:
        pytest.skip("not installed")
    project = make()
    formats.export(project, format, tmp_path / "net")
    found = formats.verify(project, format, tmp_path / "net")
    assert found.passed and not found.skipped, found


def test_a_setting_of_a_formula_becomes_one_of_the_gate() -> None:
    made_of = build("clip(x, -2, 0.5)").graph
    assert made_of["clip1"].op.settings == {"low": -2.0, "high": 0.5}
