"""What one looks at beside the loss: outputs over the input plane, and how large the weights are.

The pictures are float32: they are looked at, not computed with, and take a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import Shape
from bpstudio.errors import StudioError
from bpstudio.language import N_

if TYPE_CHECKING:
    from bpstudio.engine.predictor import Predictor

CHUNK = 2000
"""Rows computed at once: they then stay in the processor's cache."""

View = Callable[[Mapping[str, Array]], Array]
"""From weights by key to the outputs of a node at fixed points."""


@dataclass(frozen=True)
class Plane:
    """A part of the input space as a grid of points: a rectangle of two inputs, or a piece of one.

    `low` and `high` are its corners, `cells` how many points it has along each axis. Of a space of
    more inputs it is a slice: `held` has a value for each of them, and `axes` says which of them
    the plane goes over; without `held` it goes over all.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    cells: int
    axes: tuple[int, ...] = (0, 1)
    held: tuple[float, ...] = ()

    def of(self, features: Array) -> Array:
        """The inputs that the plane goes over, of rows of all inputs."""
        return features[:, list(self.axes[: len(self.low)])]

    def within(self, places: Array) -> Array:
        """Places of the plane (n, inputs that it goes over) as rows of all inputs, float32."""
        if not self.held:
            return places.astype(np.float32)
        rows = np.tile(np.array(self.held, dtype=np.float32), (len(places), 1))
        rows[:, list(self.axes)] = places
        return rows

    @property
    def points(self) -> Array:
        """The middles of the cells as rows of all inputs; the first input runs fastest.

        So the outputs, reshaped to (cells, cells), are a picture whose first line is the lowest.
        """
        middles = (np.arange(self.cells) + 0.5) / self.cells
        axes = [a + (b - a) * middles for a, b in zip(self.low, self.high, strict=True)]
        grid = np.meshgrid(*axes[::-1], indexing="ij")[::-1]
        return self.within(np.stack([axis.ravel() for axis in grid], axis=1))


@dataclass(frozen=True)
class Unseen:
    """Why there is no picture."""

    reason: StudioError


@dataclass(frozen=True, eq=False)
class WeightSummary:
    """How large the numbers of one weight are; `norm` is the root of the sum of their squares.

    `counts` has how many of them lie in each of equally wide bins from `low` to `high`.
    """

    mean: float
    deviation: float
    low: float
    high: float
    norm: float
    counts: Array


def plane_of(features: Array, cells: int = 100, margin: float = 0.15) -> Plane | Unseen:
    """The part of the input space where the data lie, with a margin as a share of their width.

    Two inputs are shown at the same scale, so their plane is a square. More than two can't be
    shown, nor can rows that are not plain lists of numbers.
    """
    if features.ndim != 2 or features.shape[1] not in (1, 2) or not len(features):
        return Unseen(
            StudioError(
                N_(
                    "A picture over the inputs needs one or two of them; a row of this data set "
                    "has the shape {shape}."
                ),
                shape=Shape(features.shape[1:]),
            )
        )
    low, high = features.min(axis=0), features.max(axis=0)
    half = (high - low).max() / 2 * (1 + 2 * margin) or 1.0
    middle = (low + high) / 2
    return Plane(tuple((middle - half).tolist()), tuple((middle + half).tolist()), cells)


def view(
    graph: Graph, given: Mapping[str, Array], shapes: Mapping[str, Shape], node: str, points: Array
) -> View:
    """A function from weights to the outputs of a node at these points: shape (points, units).

    `given` has the typed values, `shapes` the shapes of everything given. A network is compiled
    only when it is asked for the first time; views are for one thread. Raises what compiling
    raises.
    """
    rows = min(CHUNK, len(points))
    predictor = _predictor(_Asked(graph.structure, tuple(shapes.items()), node, rows, graph))
    inputs = {**given, **dict.fromkeys(graph.keys(Kind.FEATURES), points)}

    def outputs(weights: Mapping[str, Array]) -> Array:
        found = predictor(weights, inputs)
        return found.reshape(len(points), -1)

    return outputs


def look(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    nodes: Sequence[str],
    points: Array,
) -> dict[str, Array]:
    """The outputs (points, units) of these nodes, gate by gate.

    For one look this is quicker than a `view`, which has to be compiled. Raises what running
    raises.
    """
    inputs = {**given, **dict.fromkeys(graph.keys(Kind.FEATURES), points)}
    outputs: dict[str, Array] = {}
    for id in nodes:
        if id not in outputs:
            steps = run.forward(graph, inputs, weights, ancestors_of=id)
            outputs |= {step.node: step.output for step in steps}
    return {id: outputs[id].reshape(len(points), -1) for id in nodes}


def views_of_units(
    graph: Graph, given: Mapping[str, Array], shapes: Mapping[str, Shape], plane: Plane
) -> dict[str, View]:
    """A view for each node whose units can be shown over the plane: one picture for each unit.

    These are the nodes that the features reach and that need no right answers.
    """
    points = plane.points
    return {id: view(graph, given, shapes, id, points) for id in visible(graph)}


def visible(graph: Graph) -> tuple[str, ...]:
    """The nodes that the features reach and that no target reaches, in topological order."""
    reached: set[str] = set()
    judged: set[str] = set()
    for node in graph.ordered:
        if node.owned(Kind.FEATURES) or reached.intersection(node.feeding):
            reached.add(node.id)
        if node.owned(Kind.TARGET) or judged.intersection(node.feeding):
            judged.add(node.id)
    return tuple(id for id in graph.order if id in reached and id not in judged)


def summary(weight: Array, bins: int = 20) -> WeightSummary:
    """How large the numbers of this weight are."""
    low, high = float(weight.min()), float(weight.max())
    counts, _ = np.histogram(weight, bins=bins, range=(low, high) if low < high else None)
    return WeightSummary(
        mean=float(weight.mean()),
        deviation=float(weight.std()),
        low=low,
        high=high,
        norm=float(np.sqrt(np.square(weight).sum())),
        counts=counts,
    )


def slice_of(
    features: Array, axes: tuple[int, int], held: Mapping[int, float], cells: int = 100
) -> Plane | Unseen:
    """A plane over two of many inputs, the others held at a value each, else at their mean."""
    if features.ndim != 2 or not len(features) or features.shape[1] <= 2:
        return plane_of(features, cells)
    low, high = features.min(axis=0), features.max(axis=0)
    room = 0.15 * np.where(high > low, high - low, 1.0)
    means = features.mean(axis=0)
    return Plane(
        tuple(float(low[axis] - room[axis]) for axis in axes),
        tuple(float(high[axis] + room[axis]) for axis in axes),
        cells,
        axes,
        tuple(float(held.get(i, mean)) for i, mean in enumerate(means.tolist())),
    )


@dataclass(frozen=True)
class _Asked:
    """What a predictor was compiled for; titles make no difference."""

    structure: tuple[object, ...]
    shapes: tuple[tuple[str, Shape], ...]
    node: str
    rows: int
    graph: Graph = field(compare=False)


@lru_cache(maxsize=64)
def _predictor(asked: _Asked) -> Predictor:
    from bpstudio.engine.plan import compile_predictor  # the window begins sooner without it

    return compile_predictor(
        asked.graph, dict(asked.shapes), asked.node, rows=asked.rows, dtype=np.float32
    )
