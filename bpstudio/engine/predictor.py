"""A forward pass compiled: predictions for many rows, such as the points of a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bpstudio.engine import backprop, rewrite
from bpstudio.engine.batches import Batches, supplied
from bpstudio.engine.destination import Destination
from bpstudio.engine.graph import Graph
from bpstudio.engine.layout import lay_out
from bpstudio.engine.listing import Code, Program, Thing, print_code, quietly
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.vectors import Places, new_vectors, places_of, slab
from bpstudio.errors import StudioError
from bpstudio.language import N_


class Predictor:
    """A forward pass as straight-line code; made by `compile_predictor`."""

    def __init__(
        self,
        noted: backprop.Noted,
        graph: Graph,
        output: str,
        places: Places,
        *,
        rows: int,
        execute: Callable[[str], Program],
    ) -> None:
        tape, self.graph, self.rows, self.dtype = noted.tape, graph, rows, noted.tape.dtype
        index = {key: leaf.index for key, leaf in noted.leaves.items()}
        lasting = (Kind.WEIGHT, Kind.STATISTIC)
        shapes = {k: noted.leaves[k].shape for k, kind in noted.kinds.items() if kind in lasting}
        layers = rewrite.find_layers(tape, {key: index[key] for key in shapes})
        self._places, self._theirs = places_of(shapes, layers), places
        self._vectors = new_vectors(
            self._places, {k: np.zeros(s) for k, s in shapes.items()}, (), {}, self.dtype
        )
        self._weights = self._vectors.views(self._vectors.parameters)
        self._batches = Batches(noted, rows)
        value = tape.values[noted.outputs[output].index]
        # What only depends on the batch, such as a loss, has no row for each of its rows.
        self._batched = noted.shapes[output].batched
        laid = (*value.shape[1:], *value.shape[:1]) if self._batched else value.shape
        space = np.zeros(laid, value.dtype)
        self._result: Array = np.moveaxis(space, -1, 0) if self._batched else space
        calls = rewrite.fuse_layers(
            tape, tape.calls, {index[w]: index[b] for w, b in layers.items()}
        )
        leaves = self._batches.leaves | {index[k]: Thing(v) for k, v in self._weights.items()}
        slabs = {
            index[w]: Thing(slab(self._vectors.parameters, self._places, w, b))
            for w, b in layers.items()
        }
        code = Code()
        goal = [Destination(value.index, Thing(self._result))]
        calls = rewrite.live(calls, [value.index])
        lay_out(tape, calls, leaves, goal, slabs, self._batches.joined, code)
        batch = self._batches.batch(0)
        things = [t.value if t.find is None else t.find(batch) for t in code.things]
        self._run = execute(print_code(code, len(code.lines)))(*things)[0]
        self._quietly = quietly()

    def __call__(
        self,
        weights: Mapping[str, Array] | Array,
        given: Mapping[str, Array],
        statistics: Mapping[str, Array] | None = None,
    ) -> Array:
        """The output for every row of `given`.

        `weights` by key, or a vector laid out as the `places` say that the predictor was made
        with. Raises GraphError for a missing array.
        """
        self._take(weights, statistics or {})
        counts = {len(given[key]) for key in self._batches.batched if key in given}
        if len(counts) > 1:
            raise StudioError(
                N_("The inputs have different numbers of rows: {counts}."),
                counts=", ".join(map(str, sorted(counts))),
            )
        if not counts or not self._batched:
            self._batches.fill(self.graph, given, slice(None))
            self._quietly(self._run, 0)
            return self._result.copy()
        count = counts.pop()
        result = np.empty((count, *self._result.shape[1:]), self._result.dtype)
        for start in range(0, count, self.rows):
            rows = slice(start, min(start + self.rows, count))
            self._batches.fill(self.graph, given, rows)
            self._quietly(self._run, 0)
            result[rows] = self._result[: rows.stop - rows.start]
        return result

    def nudged(
        self,
        weights: Mapping[str, Array],
        given: Mapping[str, Array],
        statistics: Mapping[str, Array] | None = None,
    ) -> Callable[[str, Array], Array]:
        """The output with one weight or typed value another, of which the key and array are asked.

        Everything else is laid out once, so `given` has at most `rows` rows. What is returned is
        overwritten by the next call.
        """
        self(weights, given, statistics)
        result, run, quietly = self._result, self._run, self._quietly

        def changed(key: str, value: Array) -> Array:
            place = self._weights.get(key)
            place = self._batches.single(key) if place is None else place
            before = place.copy()
            np.copyto(place, value)
            quietly(run, 0)
            np.copyto(place, before)
            return result

        return changed

    def _take(self, weights: Mapping[str, Array] | Array, statistics: Mapping[str, Array]) -> None:
        for key, place in self._weights.items():
            if key in statistics:
                place[...] = statistics[key]
            elif isinstance(weights, np.ndarray):
                where, shape = self._theirs[key]
                place[...] = weights[where].reshape(shape)
            else:
                place[...] = supplied(self.graph, weights, key)
