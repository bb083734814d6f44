"""One entry of a gradient as the sum that it is: upstream times local, for all that it moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.forward_mode import push_forward
from bpstudio.engine.places import Place, value_at
from bpstudio.engine.run import BackwardStep, Recording, Step, pull_back
from bpstudio.language import ngettext
from bpstudio.playback import digits
from bpstudio.playback.equations import Spans, merged, plain
from bpstudio.playback.timeline import Timeline, Wire
from bpstudio.playback.why import Index, gradient_at

SHOWN = 3
"""So many terms are written out on one line."""


@dataclass(frozen=True)
class Term:
    """What one number of a gate's output gives back: its gradient, times the local one."""

    wire: Wire
    entry: Index
    upstream: float
    local: float

    @property
    def product(self) -> float:
        """What it brings."""
        return self.upstream * self.local


def terms(recording: Recording, place: Place, entry: Index = ()) -> tuple[Term, ...]:
    """Everything that adds up to one entry of a gradient, the strongest first.

    The place is a node, a wire or a weight; a node's gradient is brought by all of its wires.
    Raises StudioError for a gate whose local gradients can't be had one by one.
    """
    backward = {step.node: step for step in recording.backward}
    forward = {step.node: step for step in recording.forward}
    node, port, _slot = place
    wires = (
        [place] if port else [w for w in recording.contributions if _source(recording, w) == node]
    )
    found = [
        term
        for wire in wires
        for term in _of_wire(forward[wire[0]], backward[wire[0]], wire, entry)
    ]
    return tuple(sorted(found, key=lambda term: -abs(np.nan_to_num(term.product))))


def expansion(
    timeline: Timeline, place: Place, entry: Index = (), most: int = SHOWN
) -> tuple[Spans, ...]:
    """The sum with its numbers, `most` terms of it, as one line or a few."""
    recording = timeline.recording
    gradient = gradient_at(recording, place)
    if gradient is None:
        return ()
    every = terms(recording, place, entry)
    if not every:
        return ()
    shown, others = every[:most], every[most:]
    rest = sum(term.product for term in others)
    numbers = [gradient[entry].item()]
    numbers += [number for term in shown for number in (term.upstream, term.local)]
    texts = digits.agreeing(numbers + [rest] * bool(others), _law(len(shown)))
    spans: list[Spans] = [
        (plain(named(recording, place, entry), "gradient"), plain(" = ")) if entry else (plain(""),)
    ]
    spans.append((plain(texts[0], "gradient"), plain(" = ")))
    for number in range(len(shown)):
        upstream, local = texts[1 + 2 * number], texts[2 + 2 * number]
        first = plain(bracketed(upstream) if number else upstream, "upstream")
        joined = (plain(" + "),) if number else ()
        spans.append((*joined, first, plain(" × "), plain(bracketed(local), "local")))
    if others:
        words = ngettext("{count} other", "{count} others", len(others)).format(count=len(others))
        spans.append((plain(" + "), plain(bracketed(texts[-1]), "gradient"), plain(f" ({words})")))
    return (merged([span for part in spans for span in part]),)


def named(recording: Recording, place: Place, entry: Index) -> str:
    """An entry of a gradient in words: `∂weight[2, 1]`, counted from 1."""
    node, port, _slot = place
    inner = ", ".join(str(i + 1) for i in entry)
    return f"∂{port or recording.graph[node].label}" + (f"[{inner}]" if entry else "")


def bracketed(text: str) -> str:
    """A number behind a sign: in brackets if it is negative."""
    return f"({text})" if text.startswith(digits.MINUS) else text


def _law(count: int) -> digits.Law:
    def left_over(n: Sequence[float]) -> float:
        pairs = sum(n[1 + 2 * i] * n[2 + 2 * i] for i in range(count))
        return n[0] - pairs - sum(n[1 + 2 * count :])

    return left_over


def _source(recording: Recording, wire: Wire) -> str:
    return recording.graph[wire[0]].sources[wire[1]][wire[2]]


def _of_wire(step: Step, back: BackwardStep, wire: Wire, entry: Index) -> Iterator[Term]:
    node, port, slot = wire
    value = value_at({node: step}, wire)
    if value.size == 1 and step.output.size == 1:
        local = pull_back(step, np.ones_like(step.output))[port][slot]
        first = (0,) * step.output.ndim
        yield Term(wire, first, float(back.upstream.item()), float(local.item()))
        return
    argument = step.arguments[port]
    several = argument if isinstance(argument, tuple) else (argument,)
    moved = [np.zeros(each.shape) for each in several]
    moved[slot][entry] = 1.0
    locals_ = push_forward(step, {port: tuple(moved)})
    for place in np.argwhere(locals_ != 0).tolist():
        at = tuple(place)
        yield Term(wire, at, float(back.upstream[at]), float(locals_[at]))
