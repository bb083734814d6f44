"""Wrong answers, made on purpose: for a number of a recording what each broken rule gives.

Nothing is looked up: each mistake is computed on the recording, so it holds for every network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bpstudio.engine import fault
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording, Step, fit, pull_back
from bpstudio.lessons.rules import Rule
from bpstudio.playback.timeline import Wire
from bpstudio.playback.veil import VALUE, Quantity, array_of, source_of

_FIRST_SLIPS = (Rule.OWN_VALUE, Rule.LOST_SUM, Rule.WRONG_SIDE, Rule.SIGN, Rule.NO_UPSTREAM)
_GATES: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "multiply": np.multiply,
    "subtract": np.subtract,
    "divide": np.divide,
    "max": np.maximum,
    "min": np.minimum,
}


@dataclass(frozen=True, eq=False)
class Mistake:
    """A broken rule, and the number that it gives."""

    rule: Rule
    value: Array


class Share(NamedTuple):
    """What one wire brings back, and what it is made of."""

    wire: Wire
    step: Step
    upstream: Array
    right: Array


def mistakes(recording: Recording, quantity: Quantity) -> tuple[Mistake, ...]:
    """Each wrong number that a broken rule gives for that quantity; none twice for one rule.

    Only finite numbers of the right shape, and none that is the right one.
    """
    right = array_of(recording, quantity)
    if right is None:
        return ()
    with np.errstate(all="ignore"):
        made = _of_value if quantity.kind == VALUE else _of_gradient
        found = list(made(recording, quantity, right))
    kept: list[Mistake] = []
    for mistake in found:
        value = np.asarray(mistake.value, dtype=float)
        fits = value.shape == right.shape and np.isfinite(value).all()
        known = (m for m in kept if m.rule is mistake.rule)
        if (
            fits
            and not np.allclose(value, right, rtol=1e-9, atol=1e-12)
            and not any(np.array_equal(value, other.value) for other in known)
        ):
            kept.append(Mistake(mistake.rule, value))
    return tuple(kept)


def carried(recording: Recording, quantity: Quantity) -> tuple[Mistake, ...]:
    """What comes of a right step from an upstream gradient that was wrong already."""
    right = array_of(recording, quantity)
    if right is None or quantity.kind == VALUE:
        return ()
    found = []
    for share in _shares(recording, quantity):
        rest = right - share.right
        for slip in mistakes(recording, Quantity(quantity.kind, share.step.node)):
            if slip.rule in _FIRST_SLIPS:
                with np.errstate(all="ignore"):
                    wrong = rest + _pulled(share, slip.value)
                if np.isfinite(wrong).all() and not np.allclose(wrong, right):
                    found.append(Mistake(Rule.CARRIED, wrong))
    return tuple(found)


def _of_gradient(recording: Recording, quantity: Quantity, right: Array) -> Iterator[Mistake]:
    shares = _shares(recording, quantity)
    for rule, slip in _SLIPS.items():
        wrong = [slip(share) for share in shares]
        if any(part is not None for part in wrong):
            parts = [s.right if w is None else w for s, w in zip(shares, wrong, strict=True)]
            if all(part.shape == right.shape for part in parts):
                yield Mistake(rule, _total(parts, right))
    if len(shares) > 1:
        for share in shares:
            yield Mistake(Rule.LOST_SUM, share.right)
            yield Mistake(Rule.SIGN, right - 2 * share.right)
        product = np.ones_like(right)
        for share in shares:
            product = product * share.right
        yield Mistake(Rule.MULTIPLIED, product)
    yield Mistake(Rule.SIGN, -right)
    yield Mistake(Rule.DOUBLED, right + right)
    value = recording.values.get(quantity.node)
    if value is not None:
        yield Mistake(Rule.VALUE, value)
    for decimals in (1, 0):
        rounded = _rounded(recording, quantity, decimals)
        if rounded is not None:
            yield Mistake(Rule.ROUNDED, rounded)


def _of_value(recording: Recording, quantity: Quantity, right: Array) -> Iterator[Mistake]:
    step = next(step for step in recording.forward if step.node == quantity.node)
    inputs = step.values
    if step.op.name in _GATES and len(inputs) == 2:
        for name, gate in _GATES.items():
            if name != step.op.name:
                yield Mistake(Rule.OTHER_GATE, gate(*inputs))
    for value in inputs if len(inputs) == 1 else ():
        yield Mistake(Rule.INPUT, value)
    if step.op.name == "matmul":
        a, b = inputs
        for turned in ((a.T, b), (a, b.T)):
            if turned[0].shape[-1] == turned[1].shape[0]:
                yield Mistake(Rule.NOT_TRANSPOSED, turned[0] @ turned[1])
    yield Mistake(Rule.SIGN, -right)
    gradient = recording.gradients.get(quantity.node)
    if gradient is not None:
        yield Mistake(Rule.GRADIENT, gradient)
    for decimals in (1, 0):
        outputs: dict[str, Array] = {}
        for step in recording.forward:
            outputs[step.node] = np.round(_again(step, outputs), decimals)
        yield Mistake(Rule.ROUNDED, outputs[quantity.node])


def _shares(recording: Recording, quantity: Quantity) -> list[Share]:
    """What comes back along each wire that belongs to a gradient."""
    own, _, port = quantity.node.partition(".")
    if quantity.wire is not None:
        wires: Sequence[Wire] = (quantity.wire,)
    elif port:
        wires = ((own, port, 0),)
    else:
        every = recording.contributions
        wires = [wire for wire in every if source_of(recording, wire) == quantity.node]
    forward = {step.node: step for step in recording.forward}
    back = {step.node: step for step in recording.backward}
    return [
        Share(
            wire, forward[wire[0]], back[wire[0]].upstream, back[wire[0]].passed[wire[1]][wire[2]]
        )
        for wire in wires
    ]


def _pulled(share: Share, upstream: Array, step: Step | None = None) -> Array:
    _target, port, slot = share.wire
    return pull_back(step or share.step, upstream)[port][slot]


def _total(parts: Sequence[Array], like: Array) -> Array:
    total = np.zeros_like(like)
    for part in parts:
        total = total + part
    return total


def _no_upstream(share: Share) -> Array | None:
    return _pulled(share, np.ones_like(share.upstream))


def _passed_on(share: Share) -> Array | None:
    if share.step.op.name in ("max", "min", "relu"):
        return None  # these have a slip of their own that gives the same
    return _fitted(share, share.upstream)


def _own_value(share: Share) -> Array | None:
    name, (_target, port, slot) = share.step.op.name, share.wire
    if name not in ("multiply", "scale"):
        return None
    own = share.step.arguments[port]
    return _fitted(share, share.upstream * (own[slot] if isinstance(own, tuple) else own))


def _wrong_side(share: Share) -> Array | None:
    if share.step.op.name not in ("max", "min") or share.upstream.shape != share.right.shape:
        return None
    return share.upstream - share.right


def _shared(share: Share) -> Array | None:
    if share.step.op.name not in ("max", "min"):
        return None
    return _fitted(share, share.upstream / 2)


def _no_mask(share: Share) -> Array | None:
    return _fitted(share, share.upstream) if share.step.op.name == "relu" else None


def _spoilt_by(kind: fault.Fault) -> Callable[[Share], Array | None]:
    """The slip that is also a fault which can be planted."""

    def slip(share: Share) -> Array | None:
        places = fault.places(share.step, kind)
        if share.wire[1] not in places:
            return None
        faulty = fault.Faulty(gate=share.step.op, fault=kind, places=places)
        return _pulled(share, share.upstream, replace(share.step, op=faulty))

    return slip


def _transposed(share: Share) -> Array | None:
    right = share.right
    return right.T if right.ndim == 2 and right.shape[0] == right.shape[1] > 1 else None


def _input_for_output(share: Share) -> Array | None:
    x = _only_input(share, "y")
    return None if x is None else _pulled(share, share.upstream, replace(share.step, output=x))


def _output_for_input(share: Share) -> Array | None:
    if _only_input(share, "x") is None:
        return None
    spoilt = replace(share.step, arguments={share.wire[1]: share.step.output})
    return _pulled(share, share.upstream, spoilt)


def _only_input(share: Share, named: str) -> Array | None:
    """The one input of a gate that works entry by entry, if its rule speaks of `named`."""
    step, port = share.step, share.wire[1]
    value = step.arguments[port]
    if len(step.arguments) != 1 or isinstance(value, tuple) or value.shape != step.output.shape:
        return None
    name = port if named == "x" else named
    words = step.op.gradients.get(port, "").replace("(", " ").replace(")", " ").split()
    bare = {word.strip("²^2*·/-−+ᵀ") for word in words}
    return value if name in bare and step.op.name not in ("relu", "step") else None


def _value_upstream(share: Share) -> Array | None:
    return _pulled(share, share.step.output)


def _fitted(share: Share, array: Array) -> Array | None:
    """An array made to fit the input, where it can be."""
    try:
        return np.array(fit(array, share.right.shape))
    except ValueError:
        return None


_SLIPS: Mapping[Rule, Callable[[Share], Array | None]] = {
    Rule.NO_UPSTREAM: _no_upstream,
    Rule.PASSED_ON: _passed_on,
    Rule.OWN_VALUE: _own_value,
    Rule.WRONG_SIDE: _wrong_side,
    Rule.SHARED: _shared,
    Rule.NO_MASK: _no_mask,
    Rule.NOT_TRANSPOSED: _spoilt_by(fault.Fault.NOT_TRANSPOSED),
    Rule.TRANSPOSED: _transposed,
    Rule.NOT_AVERAGED: _spoilt_by(fault.Fault.NOT_AVERAGED),
    Rule.INPUT_FOR_OUTPUT: _input_for_output,
    Rule.OUTPUT_FOR_INPUT: _output_for_input,
    Rule.VALUE_UPSTREAM: _value_upstream,
}


def _rounded(recording: Recording, quantity: Quantity, decimals: int) -> Array | None:
    """The gradient worked out with every number rounded on the way."""
    start = recording.backward[0]
    arrived: dict[str, Array] = {start.node: start.upstream}
    shares: dict[Wire, Array] = {}
    owned: dict[str, Array] = {}
    for step in reversed(recording.forward):
        if step.node not in arrived:
            continue
        upstream = arrived[step.node] = np.round(arrived[step.node], decimals)
        for port, gradients in pull_back(_coarse(step, decimals), upstream).items():
            sources = step.sources.get(port, ())
            if not sources:
                owned[f"{step.node}.{port}"] = np.round(gradients[0], decimals)
            for slot, source in enumerate(sources):
                share = shares[step.node, port, slot] = np.round(gradients[slot], decimals)
                arrived[source] = arrived[source] + share if source in arrived else share
    if quantity.wire is not None:
        return shares.get(quantity.wire)
    return arrived.get(quantity.node, owned.get(quantity.node))


def _coarse(step: Step, decimals: int) -> Step:
    def coarse(array: Array) -> Array:
        return np.round(array, decimals) if array.dtype.kind == "f" else array

    arguments = {
        name: tuple(map(coarse, value)) if isinstance(value, tuple) else coarse(value)
        for name, value in step.arguments.items()
    }
    return replace(step, arguments=arguments, output=coarse(step.output))


def _again(step: Step, outputs: Mapping[str, Array]) -> Array:
    """A gate's output from other inputs."""
    values = []
    for name, value in step.arguments.items():
        sources = step.sources.get(name, ())
        own = value if isinstance(value, tuple) else (value,)
        values += [outputs[s] for s in sources] if sources else list(own)
    rule = step.op.forward if step.training else step.op.infer
    return np.asarray(rule(*values), dtype=float)
