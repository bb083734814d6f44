"""Shapes before running, and why they clash.

The batch axis is marked and has no length here: a network's shapes are the same whatever the size
of the batch. It never meets a feature axis, because NumPy would then broadcast one against the
other and give gradients that are wrong without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bpstudio.errors import ShapeError
from bpstudio.language import N_

if TYPE_CHECKING:
    from bpstudio.engine.graph import Graph, Node


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


def of(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], batched: bool) -> Shape:
    """The shape of an array, whose first axis is the batch if `batched`."""
    return Shape(array.shape[1:], True) if batched else Shape(array.shape)


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an elementwise result, as NumPy broadcasts the feature axes.

    Raises ShapeError where axes differ and neither is 1, and where a batch axis would meet a
    feature axis.
    """
    batched = any(shape.batched for shape in shapes)
    try:
        features = np.broadcast_shapes(*(shape.features for shape in shapes))
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


def clash(*shapes: Shape) -> ShapeError:
    """The error for shapes that do not broadcast."""
    return ShapeError(
        N_("the shapes {shapes} do not fit: axes must be equal, or one of them 1."),
        shapes=_list(shapes),
    )


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
    try:
        owned = node.op.weight_shapes(**wired)
    except ShapeError as error:
        raise _at(node, error) from None
    for name, features in owned.items():
        have = wired.setdefault(name, Shape(features))
        if have != Shape(features):
            raise ShapeError(
                N_(
                    "{label} needs a {name} of shape ({needed}), but has one of shape ({have}). "
                    "Reconnect it, or reset its weights."
                ),
                nodes=(node.id,),
                label=node.label,
                name=name,
                needed=Shape(features),
                have=have,
            )
    return wired


def output_shape(graph: Graph, node: Node, arguments: Mapping[str, Shape]) -> Shape:
    """The node's own shape rule, with its label put before what it complains of."""
    graph.check_ports(node)
    try:
        return node.op.shape(**arguments)
    except ShapeError as error:
        raise _at(node, error) from None


def _at(node: Node, error: ShapeError) -> ShapeError:
    return ShapeError("{label}: {reason}", nodes=(node.id,), label=node.label, reason=error)


def _list(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(f"({shape})" for shape in shapes)
