"""What is wrong with a network while it is built: where it is said, and what mends it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind, Port, catalog
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.missing import missing
from bpstudio.engine.ops.reshape import Reshape
from bpstudio.engine.ops.source import Parameter
from bpstudio.errors import GraphError, ShapeError
from bpstudio.project import build, edits, remedies
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, complete, frozen
from bpstudio.project.remedies import Problem, problems


def node(id: str, op: str, **sources: str) -> Node:
    return Node(id, catalog[op](), {port: (source,) for port, source in sources.items()})


def project_of(*nodes: Node, **given: object) -> Project:
    """Nodes from left to right, with these values of inputs."""
    places = {each.id: (130.0 * index, 0.0) for index, each in enumerate(nodes)}
    values = {f"{id}.value": frozen(value) for id, value in given.items()}
    return complete(Project(graph=Graph({n.id: n for n in nodes}), given=values, places=places))


def labels(problem: Problem) -> list[str]:
    return [fix.label for fix in problem.fixes]


def mended(project: Project, problem: Problem, label: str) -> Project:
    (fix,) = (fix for fix in problem.fixes if fix.label == label)
    return fix.edit(project)


def test_a_whole_network_has_none() -> None:
    assert problems(build.network(toys.make("xor"), (2, 4, 1))) == ()
    assert problems(Project()) == ()


def test_an_open_port_gets_an_input_or_what_is_near() -> None:
    project = project_of(node("x", "input"), node("sum", "add"), x=2.0)
    first, second = problems(project)
    assert [(p.node, p.port) for p in (first, second)] == [("sum", "a"), ("sum", "b")]
    assert "port a" in first.sentence
    assert labels(first) == ["Connect x to it", "Add an input"]
    project = mended(project, first, "Connect x to it")
    (rest,) = problems(project)
    assert rest.port == "b"
    project = mended(project, rest, "Add an input")
    assert problems(project) == ()
    assert iteration(project).values["sum"] == 3.0
    (added,) = set(project.graph.nodes) - {"x", "sum"}
    assert project.places[added][0] < project.places["sum"][0]


def test_what_is_behind_a_problem_is_none_and_the_rest_runs() -> None:
    project = project_of(
        node("x", "input"), node("half", "add", a="x"), node("end", "square", x="half"),
        node("twice", "square", x="x"), x=3.0,
    )  # fmt: skip
    assert [(p.node, p.port) for p in problems(project)] == [("half", "b")]
    assert iteration(project).values["twice"] == 9.0


def test_several_at_once() -> None:
    project = project_of(node("one", "add"), node("two", "square"))
    assert len(problems(project)) == 3
    assert len({p.key for p in problems(project)}) == 3


def test_a_clash_of_widths_sets_the_units() -> None:
    project = project_of(
        node("data", "data"),
        Node("wide", Dense(units=4), {"x": ("data",)}),
        Node("narrow", Dense(units=3), {"x": ("data",)}),
        node("sum", "add", a="wide", b="narrow"),
    )
    project = edits.set_data(project, toys.make("xor"))
    (problem,) = problems(project)
    assert isinstance(problem.error, ShapeError)
    assert problem.node == "sum"
    assert problem.wires == (("sum", "a", 0), ("sum", "b", 0))
    assert "Set the units of wide to 3" in labels(problem)
    after = mended(project, problem, "Set the units of wide to 3")
    assert problems(after) == ()
    assert after.weights["wide.weight"].shape == (2, 3)
    assert labels(problem)[-1] == "Remove the wire from narrow"
    cut = mended(project, problem, "Remove the wire from narrow")
    assert [(p.node, p.port) for p in problems(cut)] == [("sum", "b")]


def test_a_loss_of_the_wrong_width_sets_the_units_of_the_last_layer() -> None:
    project = build.network(toys.make("xor"), (2, 4, 1))
    project = edits.set_setting(project, "dense2", "units", 5)
    (problem,) = problems(project)
    assert problem.node in project.graph.losses
    assert "Set the units of dense2 to 1" in labels(problem)
    after = mended(project, problem, "Set the units of dense2 to 1")
    assert problems(after) == () and iteration(after).backward


def test_an_array_before_a_loss_is_flattened() -> None:
    project = build.network(toys.make("xor"), (2, 4, 1))
    source = project.graph[project.graph.losses[0]].feeding[0]
    loss = project.graph.losses[0]
    op = Reshape(size=(1, 1), keep=1)
    project = edits.insert_node(project, op, (0, 0), loss, "prediction")
    (problem,) = problems(project)
    (label,) = (label for label in labels(problem) if label.startswith("Flatten"))
    assert problems(mended(project, problem, label)) == ()
    assert source in project.known_shapes


def test_a_product_of_tables_exchanges_turns_or_reshapes() -> None:
    project = project_of(
        node("a", "input"), node("b", "input"), node("product", "matmul", a="a", b="b"),
        a=np.ones((2, 3)), b=np.ones((4, 2)),
    )  # fmt: skip
    (problem,) = problems(project)
    assert "Exchange the two wires" in labels(problem)
    after = mended(project, problem, "Exchange the two wires")
    assert after.known_shapes["product"].features == (4, 3)
    project = edits.set_value(project, "b.value", np.ones((3, 3)).T[:, :3])
    project = edits.set_value(project, "a.value", np.ones((3, 2)))
    (problem,) = problems(project)
    assert labels(problem)[0] == "Exchange the two wires"
    project = edits.set_value(project, "b.value", np.ones((3, 5)))
    (problem,) = problems(project)
    assert "Transpose what a gives" in labels(problem)


def test_the_same_numbers_are_reshaped() -> None:
    project = project_of(
        node("a", "input"), node("b", "input"), node("sum", "add", a="a", b="b"),
        a=np.ones(6), b=np.ones((2, 3)),
    )  # fmt: skip
    (problem,) = problems(project)
    after = mended(project, problem, "Reshape what a gives to 2 × 3")
    assert after.known_shapes["sum"].features == (2, 3)


def test_a_parameter_of_the_wrong_shape_gets_the_right_one() -> None:
    project = project_of(
        node("data", "data"),
        Node("w", Parameter(size=(3, 3))),
        node("layer", "dense", x="data", weight="w"),
    )
    project = edits.set_data(project, toys.make("xor"))
    (problem,) = problems(project)
    (label,) = (label for label in labels(problem) if label.startswith("Give w the shape"))
    assert problems(mended(project, problem, label)) == ()


def test_no_data_and_no_answers() -> None:
    project = build.network(toys.make("xor"), (2, 4, 1))
    (problem,) = problems(edits.set_data(project, None))
    assert problem.node == "data1"
    assert labels(problem) == ["Take the data set XOR"]
    after = mended(edits.set_data(project, None), problem, "Take the data set XOR")
    assert problems(after) == ()
    alone = project_of(node("x", "input"), node("loss", "squared_error", prediction="x"), x=2.0)
    (problem,) = problems(alone)
    assert (problem.node, problem.port) == ("loss", "target")
    after = mended(alone, problem, "Add an input for the right answer")
    assert problems(after) == () and iteration(after).values["loss"] == 1.0


def test_a_value_that_nobody_gave() -> None:
    project = project_of(node("x", "input"), node("end", "square", x="x"))
    project = replace(project, given={})
    (problem,) = problems(project)
    assert labels(problem) == ["Give it the value 1"]
    assert iteration(mended(project, problem, "Give it the value 1")).values["end"] == 1.0


def test_a_gate_that_this_version_does_not_know() -> None:
    strange = missing("warp", {}, [Port("x", Kind.INPUT, False)])
    project = project_of(
        node("x", "input"),
        Node("strange", strange, {"x": ("x",)}),
        node("end", "square", x="strange"),
        x=3.0,
    )
    (problem,) = problems(project)
    assert "warp" in problem.sentence
    assert labels(problem) == ["Join its wires without strange", "Delete strange"]
    after = mended(project, problem, "Join its wires without strange")
    assert iteration(after).values["end"] == 9.0


def test_every_fix_but_the_last_of_a_clash_mends_it() -> None:
    """Whatever is offered was tried: after it, the problem is gone, or its wire is."""
    projects = [
        edits.set_setting(build.network(toys.make("xor"), (2, 4, 1)), "dense2", "units", units)
        for units in (3, 4, 7)
    ]
    for project in projects:
        for problem in problems(project):
            for fix in problem.fixes[:-1]:
                assert problem.key not in {p.key for p in problems(fix.edit(project))}


def test_a_circle_is_named_and_one_of_its_wires_taken_away() -> None:
    project = project_of(
        node("x", "input"), node("one", "add", a="x", b="x"), node("two", "square", x="one"), x=1.0
    )
    problem = remedies.circle(project, "two", "one", "b")
    assert problem is not None
    assert isinstance(problem.error, GraphError)
    assert problem.wires == (("two", "x", 0),)
    assert labels(problem) == ["Remove the wire from one to two, and connect"]
    after = problem.fixes[0].edit(project)
    assert after.graph["one"].sources["b"] == ("two",)
    assert "x" not in after.graph["two"].sources
    assert remedies.circle(project, "x", "one", "b") is None
    itself = remedies.circle(project, "one", "one", "b")
    assert itself is not None and itself.fixes == ()


@pytest.mark.parametrize("count", [40])
def test_many_problems_are_not_all_looked_into(count: int) -> None:
    project = project_of(*(node(f"n{i}", "square") for i in range(count)))
    assert len(problems(project)) == remedies.MOST
