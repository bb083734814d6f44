"""Several runs of one network at once: the same trace with one more axis in front.

A tiny network's step is mostly the overhead of its calls, and a stack makes each call once for all
runs. Runs may differ in weights, penalties, noise, learning rate, and in what they are given; what
all of them are given is kept once.

    stack = compile_stack(graph, shapes, runs, SGD(), rows=4, shared=given.keys())
    stack.load([given] * len(runs))
    stack.step(0, 0.5, 1)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from bpstudio.engine import backprop, rewrite, shapes, update
from bpstudio.engine.batches import OUTSIDE, supplied
from bpstudio.engine.clipping import Clipping
from bpstudio.engine.destination import Destination
from bpstudio.engine.graph import Graph
from bpstudio.engine.layout import Fused, Layout
from bpstudio.engine.listing import Batch, Code, Program, Thing, print_code, quietly
from bpstudio.engine.memory import Pool
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.optimizers import Optimizer
from bpstudio.engine.plan import compiled, draws, noise
from bpstudio.engine.run import Randomness
from bpstudio.engine.shapes import Shape
from bpstudio.engine.stacking import Stacking
from bpstudio.engine.trace import Tape
from bpstudio.engine.vectors import Vectors, new_vectors


@dataclass(frozen=True, eq=False)
class Run:
    """What one run of a stack has of its own.

    `penalties` are λ of λ/2 · ‖w‖² and `lasso` λ of λ · Σ|w| by weight; `seed` keys its noise.
    """

    weights: Mapping[str, Array]
    statistics: Mapping[str, Array] = field(default_factory=dict)
    penalties: Mapping[str, float] = field(default_factory=dict)
    lasso: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0


def compile_stack(
    graph: Graph,
    given_shapes: Mapping[str, Shape],
    runs: Sequence[Run],
    optimizer: Optimizer,
    *,
    rows: int,
    shared: Collection[str] = (),
    objective: str | None = None,
    clip_value: float | None = None,
    dtype: Any = np.float64,
    beside: Stack | None = None,
) -> Stack:
    """A stack for steps of all runs on batches of `rows` rows.

    `shared` are the keys `node.port` of what all runs are given alike; `beside` is a stack of the
    same runs for another batch size, whose weights this one then works on. The rest is as in
    `plan.compile_training`, and so is what is raised; only a gradient is not cut to a length,
    because that would have to be each run's own.
    """
    tape, goal = Tape(dtype), objective or graph.objective
    first = runs[0]
    known = {k: Shape(np.shape(a)) for k, a in (*first.weights.items(), *first.statistics.items())}
    noted = backprop.note_forward(tape, graph, {**known, **given_shapes}, rows, goal, training=True)
    backprop.note_backward(noted, graph, goal)
    for key, kind in noted.kinds.items():
        lost = kind is Kind.WEIGHT and key not in first.weights
        if lost or (kind is Kind.STATISTIC and key not in first.statistics):
            id, port = key.split(".")
            raise shapes.no_value(graph[id], port)
    return Stack(noted, graph, goal, runs, optimizer, rows, shared, clip_value, beside)


class Stack:
    """Steps of several runs; made by `compile_stack`.

    `loss` has each run's loss of the last step, before its update, shape (runs,). `weights` and
    `statistics` are views by key, shape (runs, …). A step's noise is keyed by each run's seed and
    by `first` plus the number of the step. A stack is for one thread, because its buffers are.
    """

    def __init__(
        self,
        noted: backprop.Noted,
        graph: Graph,
        objective: str,
        runs: Sequence[Run],
        optimizer: Optimizer,
        rows: int,
        shared: Collection[str],
        clip_value: float | None,
        beside: Stack | None,
    ) -> None:
        self.graph, self.runs, self.optimizer, self.rows = graph, runs, optimizer, rows
        self.dtype, self.count, self.first = noted.tape.dtype, len(runs), 0
        self._noted, self._clipping = noted, Clipping(value=clip_value)
        self._shared = {key for key in shared if key in noted.leaves}
        index = {key: leaf.index for key, leaf in noted.leaves.items()}
        own = {i for key, i in index.items() if key not in self._shared}
        output = noted.outputs[objective]
        loss = noted.tape.reduce(np.add, output, tuple(range(output.ndim)), False)
        self._goals = {k: g.index for k, g in noted.gradients.items() if k in runs[0].weights}
        results = [loss.index, *self._goals.values()]
        results += [new.index for new in noted.statistics.values()]
        calls = rewrite.live(noted.tape.calls, results)
        self._stacking = Stacking(noted.tape, calls, index.values(), own, self.count)
        wide = self._stacking.wide(calls, {k: index[k] for k in runs[0].weights if k in index})
        self.vectors: Vectors = beside.vectors if beside is not None else self._new_vectors(wide)
        self._wide: set[str] = set(wide) if beside is None else beside._wide
        self.parameters, self.state = self.vectors.parameters, self.vectors.state
        self.weights = self._views(self.parameters)
        self.statistics = self.vectors.statistics
        self.loss: Array = np.zeros(self.count, self.dtype)
        self._pending = {key: np.zeros_like(self.statistics[key]) for key in noted.statistics}
        self._noise = {
            key: np.zeros((self.count, *noted.leaves[key].shape), self.dtype)
            for key in noise(noted)
        }
        self._draws = draws(noted, graph, self._noise)
        self._place_given()
        self._loss = loss.index
        self._programs: dict[bool, tuple[Program, Code]] = {}
        self._bound: dict[tuple[int, bool], Callable[..., None]] = {}
        self._quietly = quietly()

    @property
    def batches(self) -> int:
        """How many full batches are loaded; 1 for a network without data."""
        return min((len(epoch) for epoch in self._epoch.values()), default=1)

    def load(
        self, given: Sequence[Mapping[str, Array]], orders: Sequence[Array] | None = None
    ) -> None:
        """Lay out the batches of an epoch; `given` has the arrays of each run.

        `orders` says for each run which rows come one after the other; what is shared is laid out
        in the first run's order. Rows that fill no batch at the end are left out.
        """
        for key, place in self._single.items():
            if key in self._shared:
                place[...] = supplied(self.graph, given[0], key)
            else:
                for run, its in enumerate(given):
                    place[run] = supplied(self.graph, its, key)
        for key, leaf in self._batched.items():
            if key in self._shared:
                source = supplied(self.graph, given[0], key)
                laid = self._in_batches(source, None if orders is None else orders[0])
            else:
                each = [
                    self._in_batches(
                        supplied(self.graph, its, key), None if orders is None else orders[run]
                    )
                    for run, its in enumerate(given)
                ]
                laid = np.stack(each, axis=1)
            if self._epoch[leaf].shape != laid.shape:
                self._epoch[leaf] = np.empty(laid.shape, self._epoch[leaf].dtype)
                self._bound.clear()
            self._epoch[leaf][...] = laid

    def step(self, index: int, rate: float | Array, t: int) -> None:
        """Forward, backward and update of every run on batch `index`.

        `rate` is one learning rate, or a vector as `rates` gives it; `t` counts from 1.
        """
        if self._draws:
            self._draw(t)
        many = type(rate) is not float
        bound = self._bound.get((index, many)) or self._bind(index, many)
        bound(rate, t)

    def rates(self, each: Sequence[float], frozen: Sequence[Collection[str]] = ()) -> Array:
        """A learning rate for every parameter: each run's own, and 0 for its frozen keys."""
        vector = np.zeros_like(self.parameters)
        for key, view in self._views(vector).items():
            for run, rate in enumerate(each):
                view[run] = 0.0 if frozen and key in frozen[run] else rate
        return vector

    def weights_of(self, run: int) -> dict[str, Array]:
        """A copy of one run's weights by key."""
        return {key: view[run].copy() for key, view in self.weights.items()}

    def statistics_of(self, run: int) -> dict[str, Array]:
        """A copy of one run's statistics by key."""
        return {key: array[run].copy() for key, array in self.statistics.items()}

    @property
    def text(self) -> str:
        """The printed code of a step, for people who want to read it."""
        return print_code(*self._assemble(many=False))

    def _new_vectors(self, wide: Collection[str]) -> Vectors:
        """All runs' weights in one vector; a wide one with its runs beside its columns."""
        places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        laid, end = {}, 0
        for key in self.runs[0].weights:
            together = np.stack([np.asarray(run.weights[key]) for run in self.runs])
            laid[key] = together.swapaxes(0, 1) if key in wide else together
            start, end = end, end + together.size
            places[key] = (slice(start, end), laid[key].shape)
        lasting = {
            key: np.stack([run.statistics[key] for run in self.runs])
            for key in self.runs[0].statistics
        }
        return new_vectors(places, laid, self.optimizer.state, lasting, self.dtype)

    def _views(self, vector: Array) -> dict[str, Array]:
        views = self.vectors.views(vector)
        return {k: v.swapaxes(0, 1) if k in self._wide else v for k, v in views.items()}

    def _place_given(self) -> None:
        """Where typed values, features and targets lie: `_epoch` has the batches one by one."""
        self._batched: dict[str, int] = {}
        self._single: dict[str, Array] = {}
        self._epoch: dict[int, Array] = {}
        values = self._noted.tape.values
        for key, leaf in self._noted.leaves.items():
            if self._noted.kinds[key] not in OUTSIDE:
                continue
            value, place = values[leaf.index], self._stacking.at(leaf.index)
            if value.batched:
                self._batched[key] = leaf.index
                self._epoch[leaf.index] = np.zeros((1, *place.shape), value.dtype)
            else:
                self._single[key] = np.zeros(place.shape, value.dtype)

    def _in_batches(self, source: Array, order: Array | None) -> Array:
        have = len(source) if order is None else len(order)
        count = have // self.rows
        used = count * self.rows
        picked = source[:used] if order is None else source[order[:used]]
        return np.asarray(picked.reshape(count, self.rows, *source.shape[1:]))

    def _draw(self, t: int) -> None:
        for run, its in enumerate(self.runs):
            randomness = Randomness(its.seed, self.first + t)
            for id, draw in self._draws.items():
                for name, drawn in draw(randomness.generator(id)).items():
                    self._noise[f"{id}.{name}"][run] = drawn

    def _bind(self, index: int, many: bool) -> Callable[..., None]:
        if many not in self._programs:
            code, passes = self._assemble(many)
            self._programs[many] = compiled(print_code(code, passes)), code
        program, code = self._programs[many]
        batch = {leaf: epoch[index] for leaf, epoch in self._epoch.items()}
        functions = program(*(t.value if t.find is None else t.find(batch) for t in code.things))
        self._bound[index, many] = partial(self._quietly, functions[1])
        return self._bound[index, many]

    def _assemble(self, many: bool) -> tuple[Code, int]:
        code, stacking, index = Code(), self._stacking, self._noted.leaves
        tape, found = stacking.tape, stacking.at
        arrays = {**self.weights, **self.statistics, **self._noise, **self._single}
        leaves = {
            found(index[key].index).index: Thing(array)
            for key, array in arrays.items()
            if key in index
        }
        for leaf, epoch in self._epoch.items():
            leaves[found(leaf).index] = _batch_of(leaf, epoch[0])
        for ones in stacking.ones.values():
            leaves[ones.index] = Thing(np.ones(ones.shape, self.dtype))
        gradients = self._views(self.vectors.gradients)
        goals = [(stacking.each(self._loss), self.loss)]
        pending = self._noted.statistics.items()
        goals += [(stacking.each(new.index), self._pending[key]) for key, new in pending]
        goals += [(stacking.each(value), gradients[key]) for key, value in self._goals.items()]
        # A penalty would add up from step to step where no pass writes the gradient.
        goals += [
            (tape.constant(np.zeros(array.shape)), array)
            for key, array in gradients.items()
            if key not in self._goals
        ]
        destinations = [Destination(value.index, Thing(place)) for value, place in goals]
        calls = rewrite.live(tape.calls, [d.value for d in destinations])
        calls = rewrite.shorten(tape, calls)
        Layout(tape, calls, leaves, destinations, Fused(), code, Pool()).run()
        for signs in (False, True):
            strength = self._strength(signs)
            if strength.any():
                update.add_pull(code, self.vectors, strength, signs=signs)
        passes = len(code.lines)
        for key, new in self._pending.items():
            code.copyto(Thing(self.statistics[key]), Thing(new))
        update.add_update(code, self.vectors, self.optimizer, self._clipping, self.dtype, many=many)
        return code, passes

    def _strength(self, signs: bool) -> Array:
        strength = np.zeros_like(self.parameters)
        views = self._views(strength)
        for run, its in enumerate(self.runs):
            for key, value in (its.lasso if signs else its.penalties).items():
                views[key][run] = value
        return strength


def _batch_of(leaf: int, first: Array) -> Thing:
    def find(batch: Batch) -> Any:
        return batch[leaf]

    return Thing(first, find)
