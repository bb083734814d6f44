"""Which numbers of a Jacobian can differ from 0, and the numbers themselves for such a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.places import Place, value_at
from bpstudio.engine.reach import classes_of
from bpstudio.engine.reverse_mode import between, vjp_at
from bpstudio.engine.run import Step


@dataclass(frozen=True, eq=False)
class Pattern:
    """Each number of the output depends on one class of the input's numbers at most.

    The classes are counted by the places along the input's axes `by` (no axis: all are one class).
    `classes` says which it is, in the output's shape, -1 for none. Slopes for this pattern have a
    row for each number of the output: its slopes towards the numbers of its class.
    """

    output_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    by: tuple[int, ...]
    classes: Array

    @property
    def rows(self) -> int:
        """How many numbers the output has."""
        return int(np.prod(self.output_shape))

    @property
    def columns(self) -> int:
        """How many numbers the input has."""
        return int(np.prod(self.input_shape))

    @property
    def count(self) -> int:
        """How many classes there are."""
        return int(np.prod([self.input_shape[axis] for axis in self.by], dtype=int))

    @property
    def width(self) -> int:
        """How many numbers a class has; 0 if nothing depends on anything."""
        return self.columns // self.count if self.reached.size else 0

    @cached_property
    def reached(self) -> Array:
        """The numbers of the output that depend on a class, class by class."""
        flat = self.classes.ravel()
        found = np.flatnonzero(flat >= 0)
        return found[np.argsort(flat[found], kind="stable")]

    @cached_property
    def turns(self) -> Array:
        """For each of these its number among those of its class."""
        classes = self.classes.ravel()[self.reached]
        return np.arange(len(classes)) - np.searchsorted(classes, classes, side="left")

    @property
    def backward_passes(self) -> int:
        """How many backward passes give all slopes, each for one number of every class."""
        return int(self.turns.max(initial=-1)) + 1

    def classed(self, array: Array) -> Array:
        """An array of the input's shape with a row for each class."""
        return array.transpose(self._order).reshape(self.count, -1)

    def unclassed(self, array: Array) -> Array:
        """The same the other way round."""
        sizes = [self.input_shape[axis] for axis in self._order]
        return array.reshape(sizes).transpose(np.argsort(self._order))

    def jvp(self, slopes: Array, u: Array) -> Array:
        """How the output moves when the input moves by `u`."""
        found = np.zeros(self.rows)
        if not self.reached.size:
            return found.reshape(self.output_shape)
        own = self.classed(u)[self.classes.ravel()[self.reached]]
        found[self.reached] = np.einsum("ij,ij->i", slopes[self.reached], own)
        return found.reshape(self.output_shape)

    def vjp(self, slopes: Array, v: Array) -> Array:
        """The gradient for the input from the gradient `v` for the output."""
        if not self.reached.size:
            return np.zeros(self.input_shape)
        found = np.zeros((self.count, self.width))
        passed = v.reshape(-1, 1)[self.reached] * slopes[self.reached]
        np.add.at(found, self.classes.ravel()[self.reached], passed)
        return self.unclassed(found)

    def dense(self, slopes: Array) -> Array:
        """The whole table, of the output's shape followed by the input's."""
        table = np.zeros((self.rows, self.columns))
        columns = self.classed(np.arange(self.columns).reshape(self.input_shape))
        if self.reached.size:
            own = columns[self.classes.ravel()[self.reached]]
            table[self.reached[:, None], own] = slopes[self.reached]
        return table.reshape(self.output_shape + self.input_shape)

    @property
    def _order(self) -> tuple[int, ...]:
        """The input's axes, those that count the classes first."""
        rest = (axis for axis in range(len(self.input_shape)) if axis not in self.by)
        return (*self.by, *rest)


def pattern_of(steps: Sequence[Step], of: str, start: Place) -> Pattern:
    """What the numbers of a node's output depend on at a place, from the steps of a run of both."""
    by_node = {step.node: step for step in steps}
    output, at = value_at(by_node, (of, "", 0)), value_at(by_node, start)
    path = between(start[0], steps, of)
    nothing = Pattern(output.shape, at.shape, (), np.full(output.shape, -1))
    if not path or not at.size or not output.size:
        return nothing
    by: tuple[int, ...] = ()
    classes = np.zeros(output.shape, dtype=np.intp)
    for axis, size in enumerate(at.shape):
        along = np.arange(size).reshape([-1 if a == axis else 1 for a in range(at.ndim)])
        own = classes_of(path, of, start, np.broadcast_to(along, at.shape)) if size > 1 else None
        # A number that depends on one class along this axis, and on one along another, depends
        # on one of both together.
        if own is not None:
            by, classes = (*by, axis), np.where(own < 0, -1, classes * size + own)
    if not by:
        found = classes_of(path, of, start, np.zeros(at.shape, dtype=np.intp))
        classes = np.full(output.shape, -1) if found is None else found
    return Pattern(output.shape, at.shape, by, classes)


def by_backward(steps: Sequence[Step], of: str, start: Place, pattern: Pattern) -> Array:
    """The slopes of that pattern, by backward passes for one number of every class each."""
    slopes = np.zeros((pattern.rows, pattern.width))
    classes = pattern.classes.ravel()
    for turn in range(pattern.backward_passes):
        asked = pattern.reached[pattern.turns == turn]
        seed = np.zeros(pattern.rows)
        seed[asked] = 1.0
        v = seed.reshape(pattern.output_shape)
        gradient = vjp_at(steps, of, v, start, pattern.input_shape)
        slopes[asked] = pattern.classed(gradient)[classes[asked]]
    return slopes
