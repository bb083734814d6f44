"""How each number of one node moves with each number of another: the Jacobian, by its structure.

A training step never builds a Jacobian, and mostly nobody need: an elementwise gate's is a
diagonal, so that 4,096 values have 4,096 slopes, not 16,777,216. `structure` finds out which
numbers can differ from 0 (`reach.py`) and computes these alone, as few passes at a time as their
pattern allows; `jacobian` builds the whole table, one backward pass for each row.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.forward_mode import jvp
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array
from bpstudio.engine.pattern import Pattern, by_backward, pattern_of
from bpstudio.engine.places import Place, place_of, value_at
from bpstudio.engine.reverse_mode import between, vjp_at
from bpstudio.engine.run import Randomness, Step, forward
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.language import N_

MOST_CELLS = 2**26
"""The most numbers that a dense Jacobian may have: half a gigabyte."""


class Form(enum.Enum):
    """What a Jacobian looks like as a table: rows are the output's numbers, columns the input's."""

    ZERO = "zero"
    """Nothing moves."""
    IDENTITY = "identity"
    """Each number moves just as its input does."""
    SCALED = "scaled"
    """A diagonal of one number."""
    MASK = "mask"
    """A diagonal of zeros and ones: what a ReLU lets through."""
    DIAGONAL = "diagonal"
    """Each number moves with its own input alone."""
    SPARSE = "sparse"
    """Each number moves with one input at most, but not each with its own."""
    BLOCKS = "blocks"
    """Each number moves with one class of inputs: those of its own row of the batch, say."""
    DENSE = "dense"
    """Any number may move with any other."""


@dataclass(frozen=True, eq=False)
class Jacobian:
    """The slopes that can differ from 0, and the pattern in which they stand.

    Where all slopes are equal they are a view of one number; a diagonal of zeros and ones holds
    booleans. `passes` is how many passes through the network it took.
    """

    pattern: Pattern
    slopes: Array
    passes: int

    @cached_property
    def form(self) -> Form:
        """What it looks like."""
        pattern = self.pattern
        if not self.slopes.any():
            return Form.ZERO
        if pattern.width > 1:
            return Form.BLOCKS if pattern.by else Form.DENSE
        own = np.arange(pattern.rows)
        if pattern.columns != pattern.rows or not np.array_equal(pattern.classes.ravel(), own):
            return Form.SPARSE if pattern.columns > 1 else Form.DENSE
        if self.slopes.strides == (0, 0):
            return Form.IDENTITY if self.slopes.flat[0] == 1 else Form.SCALED
        return Form.MASK if self.slopes.dtype == bool else Form.DIAGONAL

    @property
    def shape(self) -> tuple[int, ...]:
        """The output's shape followed by the input's."""
        return self.pattern.output_shape + self.pattern.input_shape

    @property
    def cells(self) -> int:
        """How many numbers the whole table has."""
        return self.pattern.rows * self.pattern.columns

    @property
    def stored(self) -> int:
        """How many slopes are kept: none where all are 0, or each is 1 in its own place."""
        if self.form in (Form.ZERO, Form.IDENTITY):
            return 0
        return 1 if self.form is Form.SCALED else self.slopes.size

    @property
    def bytes_stored(self) -> int:
        """What the slopes take that are kept."""
        return self.stored * self.slopes.itemsize

    @property
    def bytes_dense(self) -> int:
        """What the whole table would take."""
        return self.cells * np.dtype(np.float64).itemsize

    def vjp(self, v: Array) -> Array:
        """v · J: the gradient for the input, of its shape, from one for the output."""
        return self.pattern.vjp(self.slopes, _fitting(v, self.pattern.output_shape))

    def jvp(self, u: Array) -> Array:
        """J · u: how the output moves, in its shape, when the input moves by `u`."""
        return self.pattern.jvp(self.slopes, _fitting(u, self.pattern.input_shape))

    def dense(self, *, most: int = MOST_CELLS) -> Array:
        """The whole table, of shape `shape`; StudioError if it has more cells than `most`."""
        if self.cells > most:
            raise StudioError(
                N_(
                    "The whole Jacobian is a table of {rows} × {columns}, which is {cells} numbers "
                    "and {bytes} bytes. Its {stored} slopes say the same."
                ),
                rows=f"{self.pattern.rows:,}",
                columns=f"{self.pattern.columns:,}",
                cells=f"{self.cells:,}",
                bytes=f"{self.bytes_dense:,}",
                stored=f"{self.stored:,}",
            )
        return self.pattern.dense(self.slopes)


def structure(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    of: str,
    with_respect_to: str,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
) -> Jacobian:
    """The Jacobian of a node's output by another node, or by an argument `node.port`.

    An argument at a port of several is `node.port.slot`. Raises StudioError where even the slopes
    that can differ from 0 are too many, GraphError for an unknown name, and as `run.forward`.
    """
    steps = _steps(graph, given, weights, of, statistics, randomness)
    place = place_of(with_respect_to)
    _check_port(graph, place)
    if place[0] in {step.node for step in steps}:
        return structure_of(steps, of, with_respect_to)
    others = _steps(graph, given, weights, place[0], statistics, randomness)
    at, output = value_at({step.node: step for step in others}, place), steps[-1].output
    nothing = Pattern(output.shape, at.shape, (), np.full(output.shape, -1))
    return Jacobian(nothing, np.zeros((output.size, 0)), 0)


def structure_of(steps: Sequence[Step], of: str, with_respect_to: str) -> Jacobian:
    """The same from the recorded steps of a run in which both took part.

    Forward mode moves one number of every class at once, reverse mode asks for one number of the
    output of every class at once; whichever takes fewer passes.
    """
    start = place_of(with_respect_to)
    pattern = pattern_of(steps, of, start)
    if pattern.rows * pattern.width > MOST_CELLS:
        raise _too_many(of, with_respect_to, pattern.rows * pattern.width, (of, start[0]))
    path = between(start[0], steps, of)
    if pattern.width >= pattern.backward_passes:
        slopes = by_backward(path, of, start, pattern)
        return Jacobian(pattern, _small(slopes), pattern.backward_passes)
    slopes = np.zeros((pattern.rows, pattern.width))
    for column in range(pattern.width):
        moved = np.zeros((pattern.count, pattern.width))
        moved[:, column] = 1.0
        direction = {with_respect_to: pattern.unclassed(moved)}
        slopes[:, column] = jvp(path, of, direction).ravel()
    return Jacobian(pattern, _small(slopes), pattern.width)


def jacobian(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    of: str,
    with_respect_to: str,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
) -> Array:
    """The whole table: how each number of a node's output moves with each number of another's.

    `with_respect_to` is a node, or a weight or given value by its key `node.port`. The shape is
    that of the output followed by that of the other. It takes a backward pass for each number of
    the output; a training step never builds it. Raises StudioError where it would be too large,
    GraphError for an unknown name, and as `run.forward`.
    """
    steps = _steps(graph, given, weights, of, statistics, randomness)
    place = place_of(with_respect_to)
    _check_port(graph, place)
    here = place[0] in {step.node for step in steps}
    others = steps if here else _steps(graph, given, weights, place[0], statistics, randomness)
    output = steps[-1].output
    at = value_at({step.node: step for step in others}, place)
    if output.size * at.size > MOST_CELLS:
        raise _too_many(graph[of].label, with_respect_to, output.size * at.size, (of, place[0]))
    rows = np.zeros((output.size, at.size))
    path = between(place[0], steps, of)
    for row in range(output.size if path else 0):
        seed = np.zeros(output.size)
        seed[row] = 1.0
        rows[row] = vjp_at(path, of, seed.reshape(output.shape), place, at.shape).ravel()
    return rows.reshape(output.shape + at.shape)


def _too_many(of: str, by: str, cells: int, nodes: tuple[str, str]) -> StudioError:
    """The sentence for a Jacobian that nobody could look at."""
    return StudioError(
        N_(
            "The Jacobian of {of} by {by} has {cells} numbers, which is too many to show. "
            "Use fewer rows of data, or choose smaller nodes."
        ),
        nodes=nodes,
        of=of,
        by=by,
        cells=f"{cells:,}",
    )


def _small(slopes: Array) -> Array:
    """One number where all are equal, booleans where all are zeros and ones."""
    first = slopes.flat[0] if slopes.size else np.float64(0)
    if (slopes == first).all():
        return np.broadcast_to(first.copy(), slopes.shape)
    if slopes.shape[1] == 1 and ((slopes == 0) | (slopes == 1)).all():
        return slopes.astype(bool)
    return slopes


def _fitting(array: Array, shape: tuple[int, ...]) -> Array:
    if np.ndim(array) and np.shape(array) != shape:
        raise ShapeError(
            N_("This Jacobian multiplies numbers of shape {wanted}, not {have}."),
            wanted=shape,
            have=np.shape(array),
        )
    return np.broadcast_to(np.asarray(array, dtype=np.float64), shape)


def _steps(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    of: str,
    statistics: Mapping[str, Array] | None,
    randomness: Randomness | None,
) -> tuple[Step, ...]:
    return tuple(
        forward(
            graph,
            given,
            weights,
            statistics=statistics,
            randomness=randomness,
            ancestors_of=of,
        )
    )


def _check_port(graph: Graph, place: Place) -> None:
    id, port, _ = place
    if port and all(port != p.name for p in graph[id].op.ports):
        raise GraphError(
            N_("{label} has no port called {port}."), nodes=(id,), label=graph[id].label, port=port
        )
