"""What a gate does with the gradient that arrives, read off its own rule.

Lectures have names for three of them: a distributor hands everybody the same, a switcher swaps its
inputs, a router lets it through to one and not to the others. Nothing here knows a gate by its
name: `gradients` says it all, so a new gate is told apart, drawn and spoken of at once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bpstudio.engine.expression import parse
from bpstudio.engine.op import Op
from bpstudio.engine.tree import Binary, Choice, Compare, Expression, Name, Negate, Number, fold


class Pattern(enum.Enum):
    """How a gate hands the upstream gradient on."""

    DISTRIBUTE = "distribute"
    """Every input gets it as it is, or with its sign turned round."""
    SWAP = "swap"
    """Two inputs: what each gets is multiplied by the other's value."""
    ROUTE = "route"
    """Some inputs get it, and the others nothing: which, their values decide."""


@lru_cache(maxsize=256)
def pattern_of(op: Op) -> Pattern | None:
    """The pattern of a gate; None for one that has none of these."""
    rules = {port: parse(text) for port, text in op.gradients.items()}
    inputs = [port.name for port in op.ports if port.name in rules]
    several = len(inputs) > 1 or any(port.variadic for port in op.ports)
    if several and all(_unchanged(rules[port]) for port in inputs):
        return Pattern.DISTRIBUTE
    if swapped(op):
        return Pattern.SWAP
    if inputs and all(_routed(rules[port]) for port in inputs):
        return Pattern.ROUTE
    return None


@lru_cache(maxsize=256)
def swapped(op: Op) -> tuple[tuple[str, str], ...]:
    """The pairs of ports whose values change places: each one's rule has the other in it alone."""
    named = {port: _names(parse(text)) - {"g"} for port, text in op.gradients.items()}
    ports = {port.name for port in op.ports}
    others = {port: next(iter(names)) for port, names in named.items() if len(names) == 1}
    return tuple(
        (port, other)
        for port, other in others.items()
        if port != other and other in ports and others.get(other) == port
    )


def _unchanged(rule: Expression) -> bool:
    return rule in (Name("g"), Negate(Name("g")))


def _routed(rule: Expression) -> bool:
    """Whether it is a choice between the gradient, a share of it, and nothing."""
    return isinstance(rule, Choice) and all(_whole_or_nothing(leaf) for leaf in _leaves(rule))


def _leaves(rule: Expression) -> Iterable[Expression]:
    if isinstance(rule, Choice):
        for part in (rule.then, rule.other):
            yield from _leaves(part)
    else:
        yield rule


def _whole_or_nothing(leaf: Expression) -> bool:
    if isinstance(leaf, Binary) and leaf.sign == "/" and isinstance(leaf.right, Number):
        leaf = leaf.left
    return leaf in (Name("g"), Number(0.0))


def _names(rule: Expression) -> frozenset[str]:
    def visit(part: Expression, parts: Sequence[frozenset[str]]) -> frozenset[str]:
        if isinstance(part, Name):
            return frozenset({part.name})
        # A comparison only decides; a gate that compares does not swap.
        if isinstance(part, Choice | Compare):
            return frozenset({"", "."}).union(*parts)
        return frozenset().union(*parts)

    return fold(rule, visit)
