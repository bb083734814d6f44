"""The same network compiled for training speed.

A plan is what a network's gates do, noted once (`trace.py`), laid out in memory (`layout.py`) and
printed as straight-line code: one call of NumPy to a line, each on arrays that are bound already.

    plan = compile_training(graph, given_shapes, weights, Adam(), rows=32)
    plan.load(arrays, order)
    for t, index in enumerate(range(plan.batches), start=1):
        plan.step(index, rate, t)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from bpstudio.engine import backprop, levels, plain, rewrite, shapes, update
from bpstudio.engine.batches import Batches
from bpstudio.engine.calls import Call
from bpstudio.engine.clipping import Clipping
from bpstudio.engine.destination import Destination
from bpstudio.engine.graph import Graph
from bpstudio.engine.layout import lay_out
from bpstudio.engine.listing import Code, Program, Thing, print_code, quietly
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.optimizers import Optimizer
from bpstudio.engine.predictor import Predictor
from bpstudio.engine.run import Randomness
from bpstudio.engine.shapes import Shape
from bpstudio.engine.trace import Tape
from bpstudio.engine.vectors import Places, Vectors, new_vectors, places_of, side_by_side, slab


def compile_training(
    graph: Graph,
    given_shapes: Mapping[str, Shape],
    weights: Mapping[str, Array],
    optimizer: Optimizer,
    *,
    rows: int,
    objective: str | None = None,
    penalties: Mapping[str, float] | None = None,
    lasso: Mapping[str, float] | None = None,
    clipping: Clipping | None = None,
    statistics: Mapping[str, Array] | None = None,
    dtype: Any = np.float64,
    shared: Vectors | None = None,
    seed: int = 0,
) -> TrainingPlan:
    """A plan for steps on batches of `rows` rows.

    `given_shapes` has the shape of every typed value, feature and target by key `node.port`;
    `weights` and `statistics` are where training starts. The backward pass starts at `objective`
    (by default the graph's own) with ones. `penalties` has λ of λ/2 · ‖w‖² for the weights that
    have one, `lasso` λ of λ · Σ|w|: they act on the gradients and are no part of the loss. Then
    `clipping` cuts short what the optimizer sees. `shared` are the vectors of another plan of the
    same network; then `weights` and `statistics` are not read. `seed` keys the noise, together with
    the number of the step.
    Raises StudioError naming the gate that can't be compiled, and ShapeError and GraphError as
    `run.forward` does.
    """
    goal = objective or graph.objective
    if shared is None:
        owned = {key: np.shape(weights[key]) for key in graph.keys(Kind.WEIGHT) if key in weights}
    else:
        owned = {key: shape for key, (_, shape) in shared.places.items()}
    lasting = statistics if shared is None else shared.statistics
    known = {key: Shape(shape) for key, shape in owned.items()}
    known |= {key: Shape(np.shape(array)) for key, array in (lasting or {}).items()}
    noted = backprop.note_training(np.dtype(dtype), graph, {**known, **given_shapes}, rows, goal)
    tape = noted.tape
    layers = rewrite.find_layers(
        tape, {key: noted.leaves[key].index for key in owned if key in noted.leaves}
    )
    vectors = shared or new_vectors(
        places_of(owned, layers), weights, optimizer.state, lasting or {}, tape.dtype
    )
    for key, kind in noted.kinds.items():
        lost = kind is Kind.WEIGHT and key not in vectors.places
        if lost or (kind is Kind.STATISTIC and key not in vectors.statistics):
            id, port = key.split(".")
            raise shapes.no_value(graph[id], port)
    return TrainingPlan(
        noted,
        graph,
        goal,
        vectors,
        side_by_side(vectors.places, layers),
        optimizer,
        rows=rows,
        penalties=penalties or {},
        lasso=lasso or {},
        clipping=clipping or Clipping(),
        seed=seed,
    )


def compile_predictor(
    graph: Graph,
    given_shapes: Mapping[str, Shape],
    output: str,
    *,
    rows: int,
    dtype: Any = np.float32,
    places: Places | None = None,
) -> Predictor:
    """A plan of the forward pass to node `output`, as it is outside training.

    It runs any number of rows, in chunks of `rows`. With `places`, those of a training plan's
    `vectors`, it reads weights from that plan's vector of parameters too.
    """
    noted = backprop.note_forward(Tape(dtype), graph, given_shapes, rows, output, training=False)
    return Predictor(noted, graph, output, places or {}, rows=rows, execute=compiled)


class TrainingPlan:
    """Steps of training as straight-line code; made by `compile_training`.

    `parameters` and `gradients` are one vector each and `state` the optimizer's by name;
    `weights`, `weight_gradients` and `statistics` are views by key. `loss` is the loss of the
    last step, before its update, an array of no axes (the sum, if the objective has several
    entries). `first` is added to the number of a step to key its noise. `vectors` is what a plan
    for another batch size takes as `shared`. A plan is for one thread, because its buffers are.
    """

    def __init__(
        self,
        noted: backprop.Noted,
        graph: Graph,
        objective: str,
        vectors: Vectors,
        layers: Mapping[str, str],
        optimizer: Optimizer,
        *,
        rows: int,
        penalties: Mapping[str, float],
        lasso: Mapping[str, float],
        clipping: Clipping,
        seed: int,
    ) -> None:
        self.graph, self.vectors, self.optimizer = graph, vectors, optimizer
        self.rows, self.seed, self.dtype = rows, seed, noted.tape.dtype
        self.first = 0
        self.parameters, self.gradients = vectors.parameters, vectors.gradients
        self.state, self.statistics = vectors.state, vectors.statistics
        self.weights = vectors.views(self.parameters)
        self.weight_gradients = vectors.views(self.gradients)
        self.loss: Array = np.zeros((), self.dtype)
        self._batches = Batches(noted, rows)
        self._noise = {key: np.zeros(noted.leaves[key].shape, self.dtype) for key in noise(noted)}
        self._draws = draws(noted, graph, self._noise)
        self._pending = {key: np.zeros_like(self.statistics[key]) for key in noted.statistics}
        self._penalties = {key: value for key, value in penalties.items() if value}
        self._lasso = {key: value for key, value in lasso.items() if value}
        self._clipping = clipping
        self._passes = self._lay_out(noted, objective, layers)
        self._programs: dict[tuple[bool, bool], tuple[Program, Code]] = {}
        self._quietly = quietly()
        self._forget()

    @property
    def batches(self) -> int:
        """How many full batches are loaded; always 1 for a network without data."""
        return self._batches.count

    def load(self, arrays: Mapping[str, Array], order: Array | None = None) -> None:
        """Lay the batches of an epoch side by side.

        `arrays` has every typed value, feature and target by key; `order` says which rows come
        one after the other (all of them, if it is not given). Rows that fill no batch at the end
        are left out. Raises GraphError for a missing array, and StudioError where there are fewer
        rows than a batch has.
        """
        if self._batches.load(self.graph, arrays, order):
            self._forget()

    def step(self, index: int, rate: float | Array, t: int) -> None:
        """Forward, backward and update on batch `index`.

        `rate` is the learning rate, one number or one for each parameter (0 freezes it); `t` the
        number of the step, counted from 1, which keys its noise too.
        """
        if type(rate) is float:
            (self._steps[index] or self._first_step(index))(rate, t)
        else:
            self._bound_to(index, np.ndim(rate) > 0)[1](rate, t)

    def gradient(self, index: int = 0, t: int = 1) -> None:
        """Forward and backward on batch `index` without update: the loss and the gradients."""
        self._bound_to(index, False)[0](t)

    @property
    def text(self) -> str:
        """The printed code of a step, for people who want to read it."""
        return print_code(*self._assemble(many=False, careful=False))

    def _forget(self) -> None:
        """Batches lie elsewhere: what was bound to them is void."""
        self._bound: dict[tuple[int, bool], tuple[Callable[..., Any], ...]] = {}
        self._steps: list[Callable[..., Any] | None] = [None] * self.batches

    def _first_step(self, index: int) -> Callable[..., Any]:
        step = self._steps[index] = self._bound_to(index, False)[1]
        return step

    def _bound_to(self, index: int, many: bool) -> tuple[Callable[..., Any], ...]:
        """The two functions of a batch, made when they are first asked for."""
        if (index, many) not in self._bound:
            functions = self._bind(index, many, careful=not self._passes.plain)
            if self._passes.plain:
                functions = [self._with_care(f, index, many) for f in functions]
            if self._draws:
                functions = [self._drawing(function) for function in functions]
            self._bound[index, many] = tuple(partial(self._quietly, f) for f in functions)
        return self._bound[index, many]

    def _bind(self, index: int, many: bool, careful: bool) -> Sequence[Callable[..., None]]:
        if (many, careful) not in self._programs:
            code, passes = self._assemble(many, careful)
            self._programs[many, careful] = compiled(print_code(code, passes)), code
        program, code = self._programs[many, careful]
        batch = self._batches.batch(index)
        functions: Sequence[Callable[..., None]] = program(
            *(t.value if t.find is None else t.find(batch) for t in code.things)
        )
        return functions

    def _with_care(
        self, function: Callable[..., None], index: int, many: bool
    ) -> Callable[..., None]:
        """The function in plain Python, and what NumPy does where Python raises."""

        def either(*arguments: Any) -> None:
            try:
                function(*arguments)
            except plain.ERRORS:
                # A gradient is called with t alone, a step with a rate too.
                careful = self._bind(index, many, careful=True)[len(arguments) - 1]
                careful(*arguments)

        return either

    def _drawing(self, function: Callable[..., None]) -> Callable[..., None]:
        """The function with the noise of its step drawn first; t is its last argument."""

        def drawn(*arguments: Any) -> None:
            self._draw(arguments[-1])
            function(*arguments)

        return drawn

    def _draw(self, t: int) -> None:
        randomness = Randomness(self.seed, self.first + t)
        for id, draw in self._draws.items():
            for name, drawn in draw(randomness.generator(id)).items():
                self._noise[f"{id}.{name}"][...] = drawn

    def _lay_out(self, noted: backprop.Noted, objective: str, layers: Mapping[str, str]) -> Passes:
        """The forward and the backward pass, with gradients and loss where they belong."""
        tape, vectors = noted.tape, self.vectors
        index = {key: leaf.index for key, leaf in noted.leaves.items()}
        output = noted.outputs[objective]
        loss = tape.reduce(np.add, output, tuple(range(output.ndim)), False)
        gradients = {k: g.index for k, g in noted.gradients.items() if k in vectors.places}
        calls = rewrite.fuse_layers(
            tape, tape.calls, {index[w]: index[b] for w, b in layers.items()}
        )
        calls, joint = rewrite.fuse_gradients(
            tape,
            calls,
            {
                index[w]: (gradients[w], gradients[b])
                for w, b in layers.items()
                if w in gradients and b in gradients
            },
        )
        goals = [(loss.index, self.loss)]
        goals += [(new.index, self._pending[key]) for key, new in noted.statistics.items()]
        fused_keys = set()
        for weight, bias in layers.items():
            if index[weight] in joint:
                both = slab(self.gradients, vectors.places, weight, bias)
                goals.append((joint[index[weight]], both))
                fused_keys |= {weight, bias}
        destinations = [Destination(value, Thing(place)) for value, place in goals]
        destinations += [
            Destination(value, Thing(self.weight_gradients[key]))
            for key, value in gradients.items()
            if key not in fused_keys
        ]
        # A penalty would add up from step to step where no pass writes the gradient.
        destinations += [
            Destination(tape.constant(np.zeros(shape)).index, Thing(self.weight_gradients[key]))
            for key, (_, shape) in vectors.places.items()
            if key not in gradients
        ]
        leaves = self._batches.leaves | {
            index[key]: Thing(array)
            for key, array in {**self.weights, **self.statistics, **self._noise}.items()
            if key in index
        }
        slabs = {
            index[w]: Thing(slab(self.parameters, vectors.places, w, b)) for w, b in layers.items()
        }
        results = [d.value for d in destinations]
        calls = rewrite.live(calls, results)
        numbers = plain.applies(tape, calls, results)
        wide = numbers and levels.pays(tape, calls)
        return Passes(tape, calls, leaves, destinations, slabs, numbers and not wide, wide)

    def _penalise(self, code: Code) -> None:
        """λ · w and λ · sign(w) added to the gradient, in a few calls over the whole vectors."""
        for penalties, signs in ((self._penalties, False), (self._lasso, True)):
            if not penalties:
                continue
            strength = np.zeros_like(self.parameters)
            for key, value in penalties.items():
                self.vectors.view(strength, key)[...] = value
            update.add_pull(code, self.vectors, strength, signs=signs)

    def _assemble(self, many: bool, careful: bool) -> tuple[Code, int]:
        """The passes, then the statistics, then the update for one rate or for many.

        Also how many lines are passes. `careful` is with NumPy even where plain Python would do.
        """
        code, own = Code(), self._passes
        if own.wide or (own.plain and not careful):
            vectors = (self.parameters, self.gradients)
            emit = levels.emit if own.wide else plain.emit
            emit(code, own.tape, own.calls, own.leaves, own.destinations, vectors)
        else:
            lay_out(
                own.tape,
                own.calls,
                own.leaves,
                own.destinations,
                own.slabs,
                self._batches.joined,
                code,
            )
        self._penalise(code)
        passes = len(code.lines)
        for key, new in self._pending.items():
            code.copyto(Thing(self.statistics[key]), Thing(new))
        update.add_update(code, self.vectors, self.optimizer, self._clipping, self.dtype, many=many)
        return code, passes


@dataclass(frozen=True)
class Passes:
    """Forward and backward, ready to be laid out.

    `plain` if Python on floats does them best, `wide` if groups of single numbers do.
    """

    tape: Tape
    calls: Sequence[Call]
    leaves: Mapping[int, Thing]
    destinations: Sequence[Destination]
    slabs: Mapping[int, Thing]
    plain: bool
    wide: bool


@lru_cache(maxsize=64)
def compiled(text: str) -> Program:
    """The printed code as a function; the one place where the program executes text."""
    namespace: dict[str, Any] = {"__builtins__": {}}
    exec(text, namespace)
    program: Program = namespace["bind"]
    return program


def noise(noted: backprop.Noted) -> list[str]:
    """The keys of what is drawn at each step."""
    return [key for key, kind in noted.kinds.items() if kind is Kind.NOISE]


def draws(
    noted: backprop.Noted, graph: Graph, arrays: Mapping[str, Array]
) -> dict[str, Callable[[np.random.Generator], Mapping[str, Array]]]:
    """For each gate with noise how it is drawn, given the shapes of its other arguments."""

    def draw_of(id: str) -> Callable[[np.random.Generator], Mapping[str, Array]]:
        op = graph[id].op
        shapes = {
            name: value.shape
            for name, value in noted.arguments[id].items()
            if not isinstance(value, tuple) and f"{id}.{name}" not in arrays
        }
        return lambda rng: op.draw(rng, **shapes)

    return {id: draw_of(id) for id in dict.fromkeys(key.split(".")[0] for key in arrays)}
