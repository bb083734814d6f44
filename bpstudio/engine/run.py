"""Forward and backward as recorded steps: the readable truth.

`forward` yields what each gate read and gave; `backward` yields the gradient that arrived at each
gate and what it passed on to each of its arguments. Nothing is called back and nothing waits: to
go step by step, take one item at a time; to show a run, read its `Recording`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bpstudio.engine import shapes
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind, Op
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GateError, GraphError, NotFinite, ShapeError
from bpstudio.language import N_

Argument = Array | tuple[Array, ...]
"""The value of an argument; a tuple for a variadic one."""


@dataclass(frozen=True)
class Randomness:
    """What keys every draw of a training step: the same seed and step give the same noise."""

    seed: int
    step: int = 0

    def generator(self, node: str) -> np.random.Generator:
        """A Philox stream of its own for each node and step."""
        words = np.frombuffer(node.encode(), dtype=np.uint8)
        sequence = np.random.SeedSequence([self.seed, self.step, *words.tolist()])
        return np.random.Generator(np.random.Philox(sequence))


@dataclass(frozen=True)
class Step:
    """One gate forward: what it read and what it gave. The arrays are read-only.

    `training` says whether the output is that of `forward`, or what the gate gives outside
    training.
    """

    node: str
    op: Op
    sources: Mapping[str, tuple[str, ...]]
    arguments: Mapping[str, Argument]
    output: Array
    training: bool = True

    @property
    def values(self) -> tuple[Array, ...]:
        """The arguments as `forward` takes them, variadic ones spread out."""
        return _spread(self.arguments.values())


@dataclass(frozen=True)
class BackwardStep:
    """One gate backward: the gradient that arrived, and what it passed to each argument.

    `passed` has a gradient for each source of each argument that has one, of that argument's
    shape, broadcasting undone. It is the wire's own contribution: a node that feeds several wires
    has their sum as its upstream gradient.
    """

    node: str
    op: Op
    sources: Mapping[str, tuple[str, ...]]
    upstream: Array
    passed: Mapping[str, tuple[Array, ...]]


@dataclass(frozen=True)
class Update:
    """One parameter's update: the weight before, its gradient, the weight after."""

    node: str
    port: str
    before: Array
    gradient: Array
    after: Array


@dataclass(frozen=True)
class Recording:
    """A whole iteration: every gate forward, every gate backward, every parameter's update."""

    graph: Graph
    forward: tuple[Step, ...]
    backward: tuple[BackwardStep, ...] = ()
    updates: tuple[Update, ...] = ()

    @cached_property
    def values(self) -> Mapping[str, Array]:
        """Each node's output."""
        return {step.node: step.output for step in self.forward}

    @cached_property
    def gradients(self) -> Mapping[str, Array]:
        """The gradient that arrived at each node; nodes that the loss does not reach have none."""
        return {step.node: step.upstream for step in self.backward}

    @cached_property
    def weight_gradients(self) -> Mapping[str, Array]:
        """The gradient of each weight that a node owns, by key `node.port`."""
        return weight_gradients(self.backward)

    @cached_property
    def contributions(self) -> Mapping[tuple[str, str, int], Array]:
        """What came back along each wire, by (target, port, slot)."""
        return {
            (step.node, port, slot): gradient
            for step in self.backward
            for port, gradients in step.passed.items()
            if step.sources.get(port)
            for slot, gradient in enumerate(gradients)
        }

    def first_non_finite(self) -> Step | BackwardStep | None:
        """The first step whose result is infinite or not a number."""
        for step in self.forward:
            if not np.isfinite(step.output).all():
                return step
        for back in self.backward:
            if not all(np.isfinite(g).all() for gs in back.passed.values() for g in gs):
                return back
        return None

    def require_finite(self) -> None:
        """Raise NotFinite, naming the first gate where it happened and what it read."""
        step = self.first_non_finite()
        if step is not None:
            raise not_finite(self.graph[step.node], step)


def record(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
    seed: Mapping[str, Array] | None = None,
    ancestors_of: str | None = None,
) -> Recording:
    """Run forward and backward and keep every step; see `forward` and `backward`.

    Without a seed the backward pass starts at the graph's objective with ones.
    """
    steps = tuple(
        forward(
            graph,
            given,
            weights,
            statistics=statistics,
            randomness=randomness,
            ancestors_of=ancestors_of,
        )
    )
    values = {step.node: step.output for step in steps}
    if seed is None:
        start = ancestors_of or graph.objective
        seed = {start: np.ones_like(values[start])}
    return Recording(graph, steps, tuple(backward(steps, seed)))


def forward(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
    ancestors_of: str | None = None,
) -> Iterator[Step]:
    """Each gate's step, in topological order.

    `given` has the typed values, features and targets, `weights` the parameters, `statistics` the
    lasting state, each under its key `node.port`. With `randomness` gates do what they do in
    training; without it they `infer`. `ancestors_of` runs only what that node needs, so that a
    network can predict without its targets. Raises GraphError for an open port or a missing
    value, and ShapeError where arrays clash, at the gate where it happens.
    """
    supplied = {**given, **weights, **(statistics or {})}
    supplied_shapes = shapes.of_arrays(graph, supplied)
    fitted = graph.fitted.get(ancestors_of) == supplied_shapes
    output_shapes: dict[str, Shape] = {}
    wanted = None if ancestors_of is None else ancestors(graph, ancestors_of)
    outputs: dict[str, Array] = {}
    for node in graph.ordered:
        if wanted is not None and node.id not in wanted:
            continue
        if not fitted:
            # NumPy alone would broadcast a batch against features where their lengths agree.
            argument_shapes = shapes.argument_shapes(graph, node, output_shapes, supplied_shapes)
            output_shapes[node.id] = shapes.output_shape(graph, node, argument_shapes)
        arguments = _arguments(node, outputs, supplied)
        if node.owned(Kind.NOISE):
            sizes = {k: v.shape for k, v in arguments.items() if isinstance(v, np.ndarray)}
            rng = None if randomness is None else randomness.generator(node.id)
            arguments = _in_order(node.op, arguments | dict(node.op.draw(rng, **sizes)))
        training = randomness is not None
        outputs[node.id] = output = _apply(node, arguments, training=training)
        yield Step(node.id, node.op, node.sources, arguments, output, training)
    graph.fitted[ancestors_of] = supplied_shapes


def backward(steps: Sequence[Step], seed: Mapping[str, Array]) -> Iterator[BackwardStep]:
    """Each reached gate's backward step, in reverse order.

    `seed` has the gradient at the nodes where the pass starts, such as `{"loss1": 1}`. A gate
    that no gradient reaches has no step. Raises GraphError for a seed at a node that did not run,
    and ShapeError for one that does not fit its output.
    """
    outputs = {step.node: step.output for step in steps}
    arrived = {id: _seed(outputs, id, gradient) for id, gradient in seed.items()}
    for step in reversed(steps):
        if step.node not in arrived:
            continue
        # The sum of two 0-d arrays is a NumPy scalar.
        upstream = _frozen(np.asarray(arrived[step.node]))
        passed = pull_back(step, upstream)
        for port, gradients in passed.items():
            for source, gradient in zip(step.sources.get(port, ()), gradients, strict=False):
                # A fork: what comes back along its wires adds up, infinities of both signs too.
                with np.errstate(all="ignore"):
                    arrived[source] = arrived[source] + gradient if source in arrived else gradient
        yield BackwardStep(step.node, step.op, step.sources, upstream, passed)


def pull_back(step: Step, upstream: Array) -> dict[str, tuple[Array, ...]]:
    """What a gate passes to each argument: its rule for this upstream gradient, made to fit."""
    passed = {}
    rule = step.op.backward if step.training else step.op.infer_backward
    with np.errstate(all="ignore"):
        try:
            ruled = rule(upstream, step.output, *step.values)
        except GateError as error:
            raise error.at(step.node) from error
        for port in step.op.ports:
            if port.name in ruled:
                values = _spread([step.arguments[port.name]])
                gradients = ruled[port.name] if port.variadic else [ruled[port.name]]
                passed[port.name] = tuple(
                    _frozen(fit(g, v.shape)) for v, g in zip(values, gradients, strict=True)
                )
    return passed


def fit(ruled: Any, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: the gradient for an argument of that shape.

    Axes along which the argument was repeated are summed, and a gradient that stands for many
    equal entries, a single number or one with axes of length 1, is repeated. This is the one
    place where it is done. Raises ValueError for a gradient of any other shape: it would be
    repeated along an axis that its gate did not mean.
    """
    # A traced array, which knows no values, takes this way too (see `trace.py`).
    gradient: Array = ruled if hasattr(ruled, "shape") else np.asarray(ruled)
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    if extra < 0 and gradient.ndim > 0:
        raise ValueError(f"a gradient of shape {gradient.shape} for an argument of {shape}")
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    repeated = tuple(
        axis
        for axis, (have, want) in enumerate(zip(gradient.shape[::-1], shape[::-1], strict=False))
        if want == 1 and have > 1
    )
    if repeated:
        gradient = gradient.sum(axis=tuple(-1 - axis for axis in repeated), keepdims=True)
    return np.broadcast_to(gradient, shape)


def weight_gradients(steps: Sequence[BackwardStep]) -> dict[str, Array]:
    """The gradient of each weight that a node owns, by key `node.port`."""
    return {
        f"{step.node}.{port.name}": step.passed[port.name][0]
        for step in steps
        for port in step.op.ports
        if port.kind is Kind.WEIGHT and port.name in step.passed and not step.sources.get(port.name)
    }


def ancestors(graph: Graph, id: str) -> frozenset[str]:
    """The node and everything that feeds it, however far."""
    found, waiting = {graph[id].id}, [id]
    while waiting:
        for source in graph[waiting.pop()].feeding:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return frozenset(found)


def not_finite(node: Node, step: Step | BackwardStep) -> NotFinite:
    """The sentence for a gate whose result is infinite or not a number."""
    if isinstance(step, BackwardStep):
        return NotFinite(
            N_(
                "{label} ({op}): the gradient is no longer finite; {upstream} arrived here. "
                "Try a smaller learning rate or other values."
            ),
            nodes=(node.id,),
            label=node.label,
            op=node.op.title,
            upstream=brief(step.upstream),
        )
    read = ", ".join(f"{name} = {_brief_argument(v)}" for name, v in step.arguments.items())
    return NotFinite(
        N_(
            "{label} ({op}) gives {output} for {read}. "
            "Change what feeds it, or try a smaller learning rate."
        ),
        nodes=(node.id,),
        label=node.label,
        op=node.op.title,
        output=brief(step.output),
        read=read,
    )


def brief(array: Array) -> str:
    """An array in a few words: its number, or its range and shape."""
    if array.size == 1:
        return f"{array.item():.6g}"
    finite = array[np.isfinite(array)]
    span = f"{finite.min():.3g} … {finite.max():.3g}" if finite.size else "nan"
    bad = array.size - finite.size
    return f"[{span}]" + (f" ({bad} of {array.size} not finite)" if bad else "")


def _brief_argument(value: Argument) -> str:
    return ", ".join(map(brief, value)) if isinstance(value, tuple) else brief(value)


def _arguments(
    node: Node, outputs: Mapping[str, Array], supplied: Mapping[str, Array]
) -> dict[str, Argument]:
    arguments: dict[str, Argument] = {}
    for port in node.op.ports:
        sources = node.sources.get(port.name, ())
        if port.variadic:
            arguments[port.name] = tuple(outputs[source] for source in sources)
        elif sources:
            arguments[port.name] = outputs[sources[0]]
        elif port.kind is not Kind.NOISE:
            try:
                value = supplied[f"{node.id}.{port.name}"]
            except KeyError:
                raise shapes.no_value(node, port.name) from None
            kind = np.intp if port.kind is Kind.INDEX else np.float64
            arguments[port.name] = _frozen(np.asarray(value, dtype=kind))
    return arguments


def _in_order(op: Op, arguments: Mapping[str, Argument]) -> dict[str, Argument]:
    """The arguments in the order in which `forward` takes them."""
    return {port.name: arguments[port.name] for port in op.ports}


def _apply(node: Node, arguments: Mapping[str, Argument], *, training: bool) -> Array:
    rule = node.op.forward if training else node.op.infer
    values = _spread(arguments.values())
    try:
        with np.errstate(all="ignore"):
            output = rule(*values)
    except ValueError as error:
        raise ShapeError(
            N_("{label} ({op}) can't work on arrays of shapes {shapes}: {reason}."),
            nodes=(node.id,),
            label=node.label,
            op=node.op.title,
            shapes=", ".join(str(v.shape) for v in values),
            reason=error,
        ) from error
    except GateError as error:
        raise error.at(node.id) from error
    return _frozen(np.asarray(output))


def _seed(outputs: Mapping[str, Array], id: str, gradient: Array) -> Array:
    """The gradient at which a backward pass starts, of the shape of that node's output."""
    if id not in outputs:
        raise GraphError(
            N_("The backward pass can't start at {id}, which did not run."), nodes=(id,), id=id
        )
    seed, output = np.asarray(gradient, dtype=np.float64), outputs[id]
    if seed.ndim > 0 and seed.shape != output.shape:
        raise ShapeError(
            N_("The gradient at {id} has shape {have}, but its value has {wanted}."),
            nodes=(id,),
            id=id,
            have=seed.shape,
            wanted=output.shape,
        )
    return np.broadcast_to(seed, output.shape)


def _spread(arguments: Any) -> tuple[Array, ...]:
    spread: list[Array] = []
    for value in arguments:
        spread.extend(value) if isinstance(value, tuple) else spread.append(value)
    return tuple(spread)


def _frozen(array: Array) -> Array:
    """A read-only view, so that a recording can be shared."""
    # NumPy gives scalars, which have no flags, where arrays of no axes are meant.
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
