"""What fits what: why a wire would be no good, and how well a new gate suits a port."""

from __future__ import annotations

from bpstudio.engine import graph as graphs
from bpstudio.engine import shapes as shape_rules
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind, Op
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.project.project import Project

DATA, LAYER, ACTIVATION, ARITHMETIC, LOSS = "data", "layer", "activation", "arithmetic", "loss"

_BEHIND = {
    DATA: (LAYER, "normalize", ACTIVATION, "reshape", ARITHMETIC, LOSS),
    LAYER: (ACTIVATION, LAYER, "normalize", LOSS, "reshape", ARITHMETIC),
    ACTIVATION: (LAYER, LOSS, "normalize", ARITHMETIC, "reshape", ACTIVATION),
    ARITHMETIC: (ARITHMETIC, ACTIVATION, LOSS, LAYER, "reshape", "normalize"),
}
"""What usually comes next, the most usual first."""
_BEFORE = {
    LOSS: (ACTIVATION, LAYER, ARITHMETIC, DATA),
    LAYER: (ACTIVATION, DATA, LAYER, "normalize", "reshape"),
    ACTIVATION: (LAYER, ARITHMETIC, "normalize", DATA),
    ARITHMETIC: ("source", ARITHMETIC, ACTIVATION),
}
"""What usually comes before."""


def objection(project: Project, source: str, target: str, port: str) -> StudioError | None:
    """Why a wire from a node to a port would be no good: a circle, or shapes that clash.

    None where nothing speaks against it, as far as that can be known.
    """
    try:
        graph = graphs.connect(project.graph, source, target, port)
    except GraphError as error:
        return error
    return _clash(project, graph, graph[target])


def takes(project: Project, source: str, op: Op) -> bool:
    """Whether a new gate has an input, and nothing speaks against a node's value there."""
    inputs = [port.name for port in op.ports if port.kind is Kind.INPUT]
    if not inputs:
        return False
    new = Node("new", op, {inputs[0]: (source,)})
    return _clash(project, project.graph, new) is None


def behind(op: Op, new: Op) -> int:
    """How usual it is that a gate feeds a new one: 0 is the most usual."""
    return _place(_BEHIND.get(_kind(op), ()), new)


def before(op: Op, new: Op) -> int:
    """How usual it is that a new gate feeds a gate: 0 is the most usual."""
    return _place(_BEFORE.get(_kind(op), ()), new)


def _clash(project: Project, graph: Graph, node: Node) -> ShapeError | None:
    shapes = project.known_shapes
    if any(source not in shapes for source in node.feeding):
        return None
    try:
        arguments = shape_rules.argument_shapes(graph, node, shapes, project.known_given)
        shape_rules.output_shape(graph, node, arguments)
    except ShapeError as error:
        return error
    except GraphError:
        return None  # of its other inputs one is open, so nothing can be said
    return None


def _place(usual: tuple[str, ...], new: Op) -> int:
    kind = _kind(new)
    return usual.index(kind) if kind in usual else len(usual)


def _kind(op: Op) -> str:
    """What a gate is to its neighbours: a source that reads the data set is of its own kind."""
    reads = any(port.kind is Kind.FEATURES for port in op.ports)
    return DATA if reads else op.category
