"""The inspector: what it says of a node, and what can be changed in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QTableWidget
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.engine.jacobian import Form
from bpstudio.engine.op import catalog
from bpstudio.engine.run import Step
from bpstudio.project import build, edits, placing
from bpstudio.project.project import Project
from bpstudio.ui.checking import checked_of
from bpstudio.ui.panels import typeset
from bpstudio.ui.panels.chain_rule import rules_at
from bpstudio.ui.panels.form import Choice, Number, Whole, Words
from bpstudio.ui.panels.inspector import InspectorPanel
from bpstudio.ui.panels.local_jacobian import jacobian_of
from bpstudio.ui.panels.panel import backward_step
from bpstudio.ui.studio import Notice, Studio

VALUES = {"x": -2.0, "y": 5.0, "z": -4.0}


@pytest.fixture
def inspector(studio: Studio) -> Iterator[InspectorPanel]:
    panel = InspectorPanel(studio)
    panel.resize(332, 700)
    panel.show()
    yield panel
    panel.close()
    panel.deleteLater()


@pytest.fixture
def product(studio: Studio) -> Studio:
    """The studio with the lecture's f = (x + y) · z at −2, 5, −4."""
    project = placing.add_formula(Project(), "f = (x + y) * z")
    for key, value in VALUES.items():
        project = edits.set_value(project, f"{key}.value", value)
    studio.begin(project)
    return studio


def fact(inspector: InspectorPanel, key: str) -> str:
    field = inspector.facts.fields[key]
    assert isinstance(field, QLabel)
    return field.text()


def show(inspector: InspectorPanel, studio: Studio, id: str) -> None:
    studio.select([id])
    inspector.refresh()


def lines(studio: Studio, id: str, inspector: InspectorPanel) -> list[list[str]]:
    back = backward_step(studio.shown, id)
    assert back is not None
    rules = rules_at(studio.shown, back, inspector.theme)
    return [["".join(span.text for span in line) for line in rule.lines] for rule in rules]


def test_a_product_of_matrices_of_one_entry_is_no_rule_of_numbers(
    inspector: InspectorPanel, studio: Studio
) -> None:
    project = placing.add_formula(Project(), "f = x * y")
    (product,) = [node.id for node in project.graph.ordered if node.op.name == "multiply"]
    for key, value in (("x.value", 2.0), ("y.value", 3.0)):
        project = edits.set_value(project, key, np.array([[value]]))
    studio.begin(edits.replace_op(project, product, catalog["matmul"]()))
    show(inspector, studio, product)
    assert lines(studio, product, inspector) == [["= 1 · 3 = 3"], ["= 1 · 2 = 2"]]


def test_value_and_gradient_are_those_of_the_recording(
    inspector: InspectorPanel, product: Studio
) -> None:
    show(inspector, product, "add1")
    assert (fact(inspector, "value"), fact(inspector, "gradient")) == ("3.0000", "−4.0000")
    product.show_position(0.0)
    inspector.refresh()
    assert (fact(inspector, "value"), fact(inspector, "gradient")) == ("·", "·")
    assert inspector.not_yet.isVisible() and "4" in inspector.not_yet.text()
    product.show_position(1.0)
    inspector.refresh()
    assert (fact(inspector, "value"), fact(inspector, "gradient")) == ("3.0000", "·")


def test_without_a_selection_it_follows_the_moment(
    inspector: InspectorPanel, product: Studio
) -> None:
    for position, id in ((0.5, "add1"), (1.5, "f"), (3.5, "add1")):
        product.show_position(position)
        inspector.refresh()
        assert inspector.id.text() == id
    product.select(["x", "y"])
    inspector.refresh()
    assert not inspector.inside.isVisible() and "2" in inspector.nothing.text()


def test_the_chain_rule_holds_as_it_is_written(inspector: InspectorPanel, product: Studio) -> None:
    assert lines(product, "f", inspector) == [
        ["= 1 · (−4) = −4", "∂out/∂a = b = −4.00"],
        ["= 1 · 3 = 3", "∂out/∂b = a = 3.00"],
    ]
    assert lines(product, "add1", inspector) == [["= −4 · 1 = −4"], ["= −4 · 1 = −4"]]


def test_the_chain_rule_of_arrays_has_shapes(inspector: InspectorPanel, studio: Studio) -> None:
    found = lines(studio, "dense1", inspector)
    assert [line[0].split("   ")[0] for line in found] == ["4 × 2", "2 × 4", "4"]
    show(inspector, studio, "dense1")
    assert inspector.chain.isVisible()
    assert len(inspector.chain.rules) == 3
    assert "{x}^{T}" in inspector.chain.rules[1].tex


@pytest.mark.parametrize("name", sorted(catalog))
def test_every_gate_can_be_inspected(name: str, inspector: InspectorPanel, studio: Studio) -> None:
    op = catalog[name]()
    project = edits.add_node(studio.project, op, (0.0, 0.0))
    (id,) = project.graph.nodes.keys() - studio.project.graph.nodes.keys()
    for port in op.ports:
        if port.kind.value == "input":
            project = edits.connect(project, "sigmoid1", id, port.name)
    studio.begin(project)
    show(inspector, studio, id)
    assert inspector.id.text() == id
    assert inspector.words.text()
    assert set(inspector.settings.fields) == set(op.settings)


def test_settings_are_edits_and_a_wrong_one_is_said(
    inspector: InspectorPanel, studio: Studio, notices: list[Notice]
) -> None:
    show(inspector, studio, "dense1")
    units = inspector.settings.fields["units"]
    assert isinstance(units, Whole) and units.value() == 4
    units.setValue(6)
    assert studio.project.weights["dense1.weight"].shape == (2, 6)
    units.setValue(7)
    assert len(studio.history.past) == 1
    initial = inspector.settings.fields["initial"]
    assert isinstance(initial, Choice)
    initial.setCurrentIndex(initial.findData("zeros"))
    initial.activated.emit(initial.currentIndex())
    assert studio.project.graph["dense1"].op.settings["initial"] == "zeros"
    studio.undo()
    studio.undo()
    inspector.refresh()
    assert units.value() == 4
    assert notices == []


def test_numbers_can_be_typed(
    inspector: InspectorPanel, product: Studio, notices: list[Notice]
) -> None:
    show(inspector, product, "x")
    QApplication.processEvents()  # Qt shows what was put into a layout a moment later
    (field,) = (f for f in inspector.values.findChildren(Number) if f.isVisible())
    assert field.value() == -2.0
    field.setValue(10.0)
    inspector.refresh()
    assert product.project.given["x.value"].item() == 10.0
    show(inspector, product, "f")
    assert fact(inspector, "value") == "−60.0000"
    product.begin(build.network(toys.make("xor"), (2, 4, 1)))
    show(inspector, product, "dense1")
    QApplication.processEvents()
    weight, bias = (t for t in inspector.values.findChildren(QTableWidget) if t.isVisible())
    item = weight.item(1, 2)
    assert item is not None
    item.setText("0.25")
    assert product.project.weights["dense1.weight"][1, 2] == 0.25
    before = product.project
    item = bias.item(0, 3)
    assert item is not None
    item.setText("many")
    assert product.project is before
    assert notices and notices[-1].kind == "problem"
    inspector.refresh()
    assert item.text() == "0.0000"


def test_a_source_says_when_its_gradient_comes(inspector: InspectorPanel, product: Studio) -> None:
    """Steps 3 and 4 go back through the product and the sum: the first reaches z, the second x."""
    product.show_position(0.5)
    for source, step in {"x": 4, "y": 4, "z": 3}.items():
        show(inspector, product, source)
        assert inspector.not_yet.text() == f"The backward pass comes here in step {step}."


def test_the_jacobian_is_that_of_the_gate(studio: Studio, product: Studio) -> None:
    assert product.shown.recording is not None
    steps = {step.node: step for step in product.shown.recording.forward}
    found = jacobian_of(steps["f"])
    assert found is not None and found.entries is not None
    np.testing.assert_array_equal(found.entries, [[-4.0, 3.0]])
    assert jacobian_of(steps["x"]) is None or steps["x"].op.ports
    studio.begin(build.network(toys.make("xor"), (2, 4, 1)))
    assert studio.shown.recording is not None
    step = next(s for s in studio.shown.recording.forward if s.node == "tanh1")
    found = jacobian_of(step)
    assert found is not None and found.entries is not None
    np.testing.assert_allclose(found.entries, np.diag(1 - step.output.ravel() ** 2))
    assert [(name, part.form) for name, part in found.parts] == [("x", Form.DIAGONAL)]
    assert found.stored == 16 and found.outputs * found.inputs == 256


def test_the_form_of_a_jacobian_is_said_for_each_argument(
    inspector: InspectorPanel, studio: Studio
) -> None:
    show(inspector, studio, "dense1")
    words = inspector.jacobian.shape.text().split("\n")
    assert words == [
        "16 × 20",
        "∂/∂x: blocks",
        "∂/∂weight: blocks",
        "∂/∂bias: one entry a row at most",
    ]
    cost = inspector.jacobian.cost.text()
    assert "2.5 KiB" in cost and "80 say the same" in cost and "5 passes" in cost


def test_a_large_jacobian_is_shown_in_squares(studio: Studio) -> None:
    studio.begin(build.network(toys.make("spiral"), (2, 16, 2)))
    assert studio.shown.recording is not None
    step = next(s for s in studio.shown.recording.forward if s.node == "tanh1")
    few = replace(step, **part_of(step, 500 // 16))
    found = jacobian_of(few)
    assert found is not None and found.entries is not None
    assert found.entries.shape == (64, 64) and found.outputs == few.output.size
    assert (np.diag(found.entries) > 0).all()
    assert not (found.entries * (1 - np.eye(64))).any()


def part_of(step: Step, rows: int) -> dict[str, Any]:
    """The first rows of a gate of one argument."""
    arguments = {name: value[:rows] for name, value in step.arguments.items()}
    return {"arguments": arguments, "output": step.output[:rows]}


def test_a_very_large_jacobian_is_only_spoken_of(inspector: InspectorPanel, studio: Studio) -> None:
    studio.begin(build.network(toys.make("spiral"), (2, 64, 2)))
    show(inspector, studio, "dense1")
    assert studio.shown.recording is not None
    found = jacobian_of(studio.shown.recording.forward[1])
    assert found is not None and found.entries is None
    assert inspector.jacobian.isVisible() and not inspector.jacobian.map.isVisible()


def test_arrays_are_shown_as_what_says_most_or_as_one_likes(
    inspector: InspectorPanel, product: Studio, studio: Studio
) -> None:
    show(inspector, product, "f")
    assert not inspector.pictures.isVisible()
    studio.begin(build.network(toys.make("xor"), (2, 4, 1)))
    show(inspector, studio, "dense1")
    assert inspector.pictures.isVisible() and inspector.pictures.kind == "heat"
    show(inspector, studio, "sigmoid1")
    assert inspector.pictures.kind == "vector"
    inspector.pictures.buttons["histogram"].click()
    show(inspector, studio, "dense1")
    assert inspector.pictures.kind == "histogram"
    value, gradient = inspector.pictures.picture.arrays
    assert value is not None and gradient is not None
    studio.show_position(1.0)
    inspector.refresh()
    assert inspector.pictures.picture.arrays[1] is None


def test_the_check_is_made_at_once_or_when_asked(
    inspector: InspectorPanel, product: Studio, qtbot: QtBot
) -> None:
    show(inspector, product, "f")
    check = inspector.check.check
    assert check is not None and not any(entry.wrong for entry in check.entries.values())
    assert "✓" in "".join(label.text() for label in inspector.check.findChildren(QLabel))
    product.begin(build.network(toys.make("circles"), (2, 8, 1)))
    show(inspector, product, "dense1")
    assert inspector.check.check is None and inspector.check.button.isVisible()
    inspector.check.button.click()
    assert inspector.check.cancel.isVisible() and not inspector.check.button.isVisible()
    qtbot.waitUntil(lambda: not product.checking.running, timeout=60_000)
    assert inspector.check.check is not None
    assert set(inspector.check.check.entries) == product.project.weights.keys()
    assert inspector.check.form.fields["here"].isVisible()
    product.do("x", edits.set_value, "dense1.bias", np.ones(8))
    inspector.refresh()
    assert inspector.check.check is None


def test_a_check_can_be_given_up(inspector: InspectorPanel, studio: Studio) -> None:
    studio.begin(build.network(toys.make("spiral"), (2, 400, 400, 2)))
    show(inspector, studio, "dense1")
    inspector.check.button.click()
    inspector.check.cancel.click()
    assert inspector.check.check is None and not studio.checking.running
    assert inspector.check.button.isVisible() and not inspector.check.progress.isVisible()


def test_the_check_uses_the_weights_that_are_shown(studio: Studio) -> None:
    what = checked_of(studio.shown)
    assert what is not None and what.weights.keys() == studio.project.weights.keys()
    assert all(what.weights[key] is studio.shown.weights[key] for key in what.weights)


def test_what_can_not_be_checked_is_said(studio: Studio, notices: list[Notice]) -> None:
    studio.begin(Project())
    studio.checking.start_check()
    assert notices[-1].kind == "problem" and not studio.checking.running


def test_formulas_are_typeset(inspector: InspectorPanel, product: Studio, qtbot: QtBot) -> None:
    show(inspector, product, "f")
    formulas = inspector.chain.findChildren(typeset.Formula)
    qtbot.waitUntil(lambda: all(formula._pixmap is not None for formula in formulas))
    red, violet = (inspector.theme.colours[role].lower() for role in ("upstream", "local"))
    image = formulas[0].grab().toImage()
    colours = {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }
    assert red in colours and violet in colours
    assert formulas[0].accessibleName() == "∂f/∂a = ∂f/∂out · ∂out/∂a"


def test_a_head_that_is_too_long_ends_in_an_ellipsis(
    inspector: InspectorPanel, product: Studio, qtbot: QtBot
) -> None:
    product.do("Rename", edits.rename, "f", "A product whose title is long")
    product.select(["f"])
    head = (inspector.name, inspector.id, inspector.kind)
    inspector.resize(180, 500)
    qtbot.waitUntil(lambda: inspector.name.text() == "A product whose title is long")
    QApplication.processEvents()
    told = [part.fontMetrics().horizontalAdvance(part.text()) for part in head]
    assert sum(told) > inspector.width()
    assert all(isinstance(part, Words) for part in head)
    for left, right in pairwise(head):
        assert left.geometry().right() < right.geometry().left()
