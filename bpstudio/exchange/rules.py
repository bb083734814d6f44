"""What a gate computes, as expressions that each target language spells in its own way.

A gate tells people its `formula` and `gradients`; the same texts become code. They are checked
first, not trusted: on drawn values of the shapes that the gate really has in this network, the
texts must agree with its `forward` and `backward`. A formula says nothing of, say, a setting
`axis`; where it does not hold, the gate's own NumPy is noted and used instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.expression import Expression, Name, Number, fold, parse
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind, Op
from bpstudio.engine.shapes import Shape
from bpstudio.engine.tree import with_parts
from bpstudio.errors import FileError, FormulaError
from bpstudio.exchange import noted
from bpstudio.exchange.slots import by_slot, in_place, noise_of, settings_of, slots, values_of
from bpstudio.language import N_

BATCHES = (5, 7)
"""Numbers of rows at which a rule is tried: what holds at both does not hold by accident."""

UPSTREAM, OUTPUT = "g", "y"
"""The names of the upstream gradient and of the output in the texts of a gate."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A gate's output and the gradients of its arguments, over arguments, settings, `g` and `y`.

    `arguments` are the names of the arguments, in order. `repeated` are those that broadcasting
    repeats in this network, so that their gradient has to be summed over the repetitions. `told` is
    what people read: the formula, where it holds, else the gate's title and settings.
    """

    output: Expression
    gradients: Mapping[str, Expression]
    repeated: frozenset[str]
    told: str = ""
    arguments: tuple[str, ...] = ()


def rule_of(node: Node, shapes: Mapping[str, Shape]) -> Rule:
    """The rule of a node whose arguments have these shapes.

    Raises FileError for a gate that neither its formula nor its NumPy can tell.
    """
    op = node.op
    if not any(port.kind is Kind.INDEX for port in op.ports):
        trials = [_trial(node, shapes, batch) for batch in BATCHES]
        settings = "".join(f", {name} = {value}" for name, value in op.settings.items())
        for tell, words in (
            (_from_texts, op.formula),
            (_from_code, f"{op.title}{settings}"),
        ):
            told = tell(node, trials[0])
            if told is None:
                continue
            output, gradients = told
            repeated = _repeated(node, output, gradients, trials)
            if repeated is not None:
                names = tuple(slot.name for slot in slots(node))
                return Rule(output, gradients, repeated, words, names)
    raise FileError(
        N_("{label} ({op}) can't be written as code yet. Put another gate in its place."),
        nodes=(node.id,),
        label=node.label,
        op=op.title,
    )


def with_settings(expression: Expression, op: Op) -> Expression:
    """The expression with the settings' values in place of their names."""
    ports = {port.name for port in op.ports}
    settings = {name: value for name, value in settings_of(op).items() if name not in ports}

    def visit(part: Expression, parts: Sequence[Expression]) -> Expression:
        if isinstance(part, Name) and part.name in settings:
            return Number(settings[part.name])
        return with_parts(part, parts)

    return fold(expression, visit)


def _from_texts(node: Node, _: run.Step) -> tuple[Expression, dict[str, Expression]] | None:
    """The gate's own texts; None for a gate without them, or whose texts are no formulas."""
    op = node.op
    if not op.formula:
        return None
    try:
        output = in_place(node, parse(op.formula))
        return output, {
            slot.name: in_place(node, parse(op.gradients[slot.port.name]), slot.place)
            for slot in slots(node)
            if slot.port.name in op.gradients
        }
    except FormulaError:
        return None


def _from_code(node: Node, step: run.Step) -> tuple[Expression, dict[str, Expression]] | None:
    """What the gate's own NumPy does."""
    if any(port.variadic for port in node.op.ports) or noise_of(node):
        return None
    return noted.expressions(node.op, step)


def _trial(node: Node, shapes: Mapping[str, Shape], batch: int) -> run.Step:
    """The gate run on drawn values in its domain, with that many rows."""
    rng = np.random.default_rng(batch)
    drawn_of: dict[str, Array] = {}
    for slot in slots(node):
        low, high = node.op.domain.get(slot.port.name, (-np.inf, np.inf))
        low = low if np.isfinite(low) else min(-0.9, high - 1.8)
        high = min(high, low + 1.8)
        edge = 0.05 * (high - low)
        drawn = rng.uniform(low + edge, high - edge, shapes[slot.name].array(batch))
        drawn_of[slot.name] = np.asarray(drawn)
    sizes = {name: value.shape for name, value in drawn_of.items()}
    noise = node.op.draw(None, **sizes) if noise_of(node) else {}
    arguments: dict[str, run.Argument] = {
        port.name: tuple(drawn_of[s.name] for s in slots(node) if s.port == port)
        if port.variadic
        else {**drawn_of, **noise}[port.name]
        for port in node.op.ports
    }
    step = run.Step(node.id, node.op, node.sources, arguments, np.empty(()), training=False)
    return replace(step, output=np.asarray(node.op.infer(*step.values)))


def _repeated(
    node: Node,
    output: Expression,
    gradients: Mapping[str, Expression],
    trials: list[run.Step],
) -> frozenset[str] | None:
    """The arguments whose gradients must be summed; None if the expressions do not hold."""
    repeated: set[str] = set()
    for step in trials:
        values: dict[str, Array | float] = {
            **settings_of(node.op),
            **(arguments := values_of(node, step.arguments)),
        }
        upstream = np.asarray(np.random.default_rng(0).uniform(0.5, 1.5, step.output.shape))
        passed = by_slot(node, run.pull_back(step, upstream))
        if not _equal(_value(output, values), step.output):
            return None
        if passed.keys() != gradients.keys():
            return None
        # An argument may be called y; then the gradients do not speak of the output.
        values = {OUTPUT: step.output, **values, UPSTREAM: upstream}
        for name, expression in gradients.items():
            gradient, shape = _value(expression, values), arguments[name].shape
            if gradient is None:
                return None
            if gradient.shape != shape:
                repeated.add(name)
                gradient = _fitted(gradient, shape)
            if not _equal(gradient, passed[name]):
                return None
    return frozenset(repeated)


def _value(expression: Expression, values: Mapping[str, Array | float]) -> Array | None:
    """The value; None where the shapes do not fit the expression."""
    try:
        return noted.evaluate(expression, values)
    except (ValueError, IndexError, FormulaError):
        return None


def _fitted(gradient: Array, shape: tuple[int, ...]) -> Array | None:
    try:
        return run.fit(gradient, shape)
    except ValueError:
        return None


def _equal(value: Array | None, expected: Array) -> bool:
    return (
        value is not None
        and value.shape == expected.shape
        and bool(np.allclose(value, expected, rtol=1e-9, atol=1e-12, equal_nan=True))
    )
