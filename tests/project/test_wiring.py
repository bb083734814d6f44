"""Edits of several wires, or of a node and its wires, as one."""

from __future__ import annotations

import pytest

from bpstudio.engine.formula import build as formula_of
from bpstudio.engine.op import catalog
from bpstudio.errors import GraphError
from bpstudio.project import build, edits, wiring
from bpstudio.project.project import Project


@pytest.fixture
def project() -> Project:
    """(x+y)z: x, y and z feed add1 and multiply1."""
    return build.from_formula(formula_of("(x+y)*z"))


def test_the_end_of_a_wire_goes_elsewhere(project: Project) -> None:
    after = wiring.replug(project, ("multiply1", "b", 0), "add1", "a")
    assert after.graph["add1"].sources == {"a": ("z",), "b": ("y",)}
    assert after.graph["multiply1"].sources == {"a": ("add1",)}


def test_a_wire_that_would_close_a_loop_stays(project: Project) -> None:
    with pytest.raises(GraphError):
        wiring.replug(project, ("multiply1", "a", 0), "add1", "nowhere")
    with pytest.raises(GraphError):
        edits.connect(project, "multiply1", "add1", "a")


def test_a_node_comes_with_its_wire(project: Project) -> None:
    behind = wiring.add_behind(project, catalog["tanh"](), (9.0, 8.0), "multiply1")
    assert behind.graph["tanh1"].sources == {"x": ("multiply1",)}
    assert behind.places["tanh1"] == (9.0, 8.0)
    before = wiring.add_before(project, catalog["input"](), (1.0, 2.0), "add1", "a")
    assert before.graph["add1"].sources["a"] == ("input1",)
    with pytest.raises(GraphError, match="no input"):
        wiring.add_behind(project, catalog["input"](), (0.0, 0.0), "x")


def test_what_may_be_connected_is_what_an_edit_accepts(project: Project) -> None:
    nodes = project.graph.nodes
    for source in nodes:
        for target in ("add1", "multiply1"):
            try:
                edits.connect(project, source, target, "a")
                accepted = True
            except GraphError:
                accepted = False
            assert (target in wiring.fits(project, source)) is accepted
            assert (source in wiring.feeds(project, target)) is accepted
