"""Shapes before running, and why they clash.

The batch axis is marked and has no length here: a network's shapes are the same whatever the size
of the batch. It never meets a feature axis, because NumPy would then broadcast one against the
other and give gradients that are wrong without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from bpstudio.errors import GraphError, ShapeError
from bpstudio.language import N_

if TYPE_CHECKING:
    from bpstudio.engine.graph import Graph, Node

Values: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class Shape(NamedTuple):
    """The axes of one row, and whether there is a batch of them.

    `Shape((3,), batched=True)` is an array of shape (batch, 3); `Shape(())` is one number.
    """

    features: tuple[int, ...]
    batched: bool = False

    def __str__(self) -> str:
        axes = ("n", *map(str, self.features)) if self.batched else tuple(map(str, self.features))
        return " × ".join(axes) if axes else "1"

    def array(self, batch: int) -> tuple[int, ...]:
        """The shape of the NumPy array for a batch of that many rows."""
        return (batch, *self.features) if self.batched else self.features


def of(array: Values, batched: bool) -> Shape:
    """The shape of an array, whose first axis is the batch if `batched`."""
    axes = np.shape(array)
    return Shape(axes[1:], True) if batched else Shape(axes)


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an elementwise result, as NumPy broadcasts the feature axes.

    Raises ShapeError where axes differ and neither is 1, and where a batch axis would meet a
    feature axis.
    """
    batched = any(shape.batched for shape in shapes)
    try:
        features = broadcast_axes(*(shape.features for shape in shapes))
    except ValueError:
        raise clash(*shapes) from None
    if batched and any(s.batched and len(s.features) != len(features) for s in shapes):
        raise ShapeError(
            N_(
                "the shapes {shapes} would set the batch axis n against a feature axis. "
                "Reshape one of them, so that each row has as many axes."
            ),
            shapes=_list(shapes),
        )
    return Shape(features, batched)


@lru_cache(maxsize=4096)
def broadcast_axes(*axes: tuple[int, ...]) -> tuple[int, ...]:
    """`np.broadcast_shapes`, which takes as long as a gate does; a network has few shapes."""
    return np.broadcast_shapes(*axes)


def clash(*shapes: Shape) -> ShapeError:
    """The error for shapes that do not broadcast."""
    return ShapeError(
        N_("the shapes {shapes} do not fit: axes must be equal, or one of them 1."),
        shapes=_list(shapes),
    )


def of_arrays(graph: Graph, arrays: Mapping[str, Values]) -> dict[str, Shape]:
    """The shapes of arrays by key `node.port`.

    Features and targets have the batch first; a graph without a data set has no batch, and a
    target typed there is a value like any other.
    """
    if not graph.has_batch:
        return {key: Shape(np.shape(array)) for key, array in arrays.items()}
    kinds = {f"{n.id}.{p.name}": p.kind.value for n in graph.nodes.values() for p in n.op.ports}
    rows = {"features", "target"}
    return {
        key: of(array, np.ndim(array) > 0 and kinds.get(key) in rows)
        for key, array in arrays.items()
    }


def infer(graph: Graph, given: Mapping[str, Shape]) -> dict[str, Shape]:
    """Every node's output shape.

    `given` has the shape of each unconnected argument that the graph itself can't know, under its
    key `node.port`: values typed by a person, features and targets; it may hold the shapes of
    weights too, which are then checked. Raises ShapeError naming the node and the shapes, and
    GraphError for a port left open.
    """
    shapes: dict[str, Shape] = {}
    for node in graph.ordered:
        arguments = argument_shapes(graph, node, shapes, given)
        shapes[node.id] = output_shape(graph, node, arguments)
    return shapes


def known(graph: Graph, given: Mapping[str, Shape]) -> dict[str, dict[str, Shape]]:
    """The shapes of each node's arguments and its output, under `""`, as far as they are known.

    For a network that is being built: nodes with an open port or clashing shapes are left out,
    and so is everything that they feed.
    """
    outputs: dict[str, Shape] = {}
    found: dict[str, dict[str, Shape]] = {}
    for node in graph.ordered:
        if not all(source in outputs for source in node.feeding):
            continue
        try:
            arguments = argument_shapes(graph, node, outputs, given)
            outputs[node.id] = output_shape(graph, node, arguments)
        except (GraphError, ShapeError):
            continue
        found[node.id] = {**arguments, "": outputs[node.id]}
    return found


def argument_shapes(
    graph: Graph, node: Node, shapes: Mapping[str, Shape], given: Mapping[str, Shape]
) -> dict[str, Shape]:
    """The shapes of a node's arguments by name, variadic ones numbered, owned weights included."""
    wired: dict[str, Shape] = {}
    for port in node.op.ports:
        sources = node.sources.get(port.name, ())
        if port.variadic:
            wired |= {f"{port.name}{i}": shapes[source] for i, source in enumerate(sources)}
        elif sources:
            wired[port.name] = shapes[sources[0]]
        elif (key := f"{node.id}.{port.name}") in given:
            wired[port.name] = given[key]
    lasting = {p.name for p in node.op.ports if p.kind.value in ("weight", "statistic")}
    rest = {name: shape for name, shape in wired.items() if name not in lasting}
    graph.check_ports(node)
    for port in node.op.ports:
        supplied = port.variadic or port.name in wired or port.name in lasting
        if not supplied and port.kind.value != "noise":
            raise no_value(node, port.name)
    try:
        owned = node.op.weight_shapes(**rest)
    except ShapeError as error:
        raise _at(graph, node, error) from None
    needed = {name: Shape(features) for name, features in owned.items()}
    wired = {**needed, **wired}
    misfit = next((name for name in needed if wired[name] != needed[name]), None)
    if misfit is not None:
        # The gate's own rule says it with the numbers of what feeds it, if it has a sentence.
        output_shape(graph, node, wired)
        raise ShapeError(
            N_(
                "{label} needs a {name} of shape ({needed}), but has one of shape ({have}). "
                "Reconnect it, or reset its weights."
            ),
            nodes=(node.id,),
            label=node.label,
            name=misfit,
            needed=needed[misfit],
            have=wired[misfit],
        )
    return wired


def output_shape(graph: Graph, node: Node, arguments: Mapping[str, Shape]) -> Shape:
    """The node's own shape rule, with its label and its sources' put into what it complains of."""
    try:
        return node.op.shape(**arguments)
    except ShapeError as error:
        raise _at(graph, node, error) from None


def no_value(node: Node, port: str) -> GraphError:
    """The error for a port that nothing feeds and nobody gave a value."""
    return GraphError(
        N_("{label} has no value for {port} yet. Give it one."),
        nodes=(node.id,),
        label=node.label,
        port=port,
    )


def _at(graph: Graph, node: Node, error: ShapeError) -> ShapeError:
    """The gate's complaint, made by a node of this graph."""
    if "{label}" not in error.template:
        return ShapeError("{label}: {reason}", nodes=(node.id,), label=node.label, reason=error)
    fed = {port: graph.nodes[ids[0]].label for port, ids in node.sources.items() if ids}
    values = {**error.values, "label": node.label, **fed}
    return ShapeError(error.template, nodes=(node.id,), **values)


def _list(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(f"({shape})" for shape in shapes)
