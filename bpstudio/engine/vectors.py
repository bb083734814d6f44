"""What training changes, each in one contiguous vector."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine.memory import aligned
from bpstudio.engine.op import Array

Places = Mapping[str, tuple[slice, tuple[int, ...]]]
"""For each weight's key its slice of a vector, and its shape."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Parameters, gradients and the optimizer's state; plans of one network share them.

    `statistics` are arrays of their own, by key.
    """

    places: Places
    parameters: Array
    gradients: Array
    state: Mapping[str, Array]
    statistics: Mapping[str, Array]

    def view(self, vector: Array, key: str) -> Array:
        """The entries of one weight in a vector, in the weight's shape."""
        where, shape = self.places[key]
        seen: Array = vector[where].reshape(shape)
        return seen

    def views(self, vector: Array) -> dict[str, Array]:
        """Every weight's entries in a vector, by key."""
        return {key: self.view(vector, key) for key in self.places}


def places_of(shapes: Mapping[str, tuple[int, ...]], bias_of: Mapping[str, str]) -> Places:
    """A place for each weight in a vector; a layer's bias lies right behind its weight."""
    biases = set(bias_of.values())
    places: dict[str, tuple[slice, tuple[int, ...]]] = {}
    end = 0
    for first in shapes:
        if first in biases:
            continue
        for key in (first, bias_of.get(first)):
            if key is not None:
                start, end = end, end + math.prod(shapes[key])
                places[key] = (slice(start, end), shapes[key])
    return places


def new_vectors(
    places: Places,
    weights: Mapping[str, Array],
    state: Iterable[str],
    statistics: Mapping[str, Array],
    dtype: np.dtype[Any],
) -> Vectors:
    """Vectors that start with these weights and statistics; gradients and state are zero."""
    size = sum(math.prod(shape) for _, shape in places.values())
    vectors = Vectors(
        places,
        aligned(size, dtype),
        aligned(size, dtype),
        {name: aligned(size, dtype) for name in state},
        {key: np.array(array, dtype) for key, array in statistics.items()},
    )
    for key, view in vectors.views(vectors.parameters).items():
        view[...] = weights[key]
    return vectors


def side_by_side(places: Places, bias_of: Mapping[str, str]) -> dict[str, str]:
    """The layers whose bias does lie right behind their weight."""
    return {w: b for w, b in bias_of.items() if places[w][0].stop == places[b][0].start}


def slab(vector: Array, places: Places, weight: str, bias: str) -> Array:
    """A weight and its bias as one matrix: the bias is the last row."""
    (first, (inputs, units)), (last, _) = places[weight], places[bias]
    joined: Array = vector[first.start : last.stop].reshape(inputs + 1, units)
    return joined
