"""Gradients checked by nudging: of every parameter, and of every wire and gate.

The lecture's two ways to a gradient stand side by side here: the numeric one, slow and a little
wrong but hard to get wrong, and the analytic one, which takes a single backward pass.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bpstudio.engine import shapes
from bpstudio.engine.differences import STEP
from bpstudio.engine.graph import Graph
from bpstudio.engine.kinks import Kink
from bpstudio.engine.nudging import Counted, Entry, Nudged, Total, entry_by_nudging
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.places import Place, place_of, value_at
from bpstudio.engine.plan import compile_predictor
from bpstudio.engine.rerun import Rerun
from bpstudio.engine.reverse_mode import gradients
from bpstudio.engine.run import Randomness, Recording, Step, backward, forward
from bpstudio.errors import StudioError
from bpstudio.language import N_

WORTH_A_PLAN = 50
"""From so many numbers on it pays to compile the forward pass."""


@dataclass(frozen=True, eq=False)
class Check:
    """What a gradient check found, and what it cost beside one backward pass.

    `entries` has the weights and typed values by key. Where wires were checked too, `wires` has
    what came back along each, by (target, port, slot), and `nodes` what arrived at each node, in
    the order of the backward pass; `sources` says which node feeds each wire. A pass that runs
    only what follows the nudge counts as one.
    """

    entries: Mapping[str, Entry]
    forward_passes: int
    numeric_seconds: float
    backward_seconds: float
    wires: Mapping[Place, Entry] = field(default_factory=dict)
    nodes: Mapping[str, Entry] = field(default_factory=dict)
    sources: Mapping[Place, str] = field(default_factory=dict)

    @property
    def worst(self) -> Entry | None:
        """The tensor with the largest error; none where there was nothing to check."""
        return _worst(self.entries)

    @property
    def worst_wire(self) -> Place | None:
        """The wire with the largest error; none where no wires were checked."""
        entry = _worst(self.wires)
        return next((wire for wire, own in self.wires.items() if own is entry), None)

    @property
    def max_relative_error(self) -> float:
        """The error of the worst tensor."""
        return self.worst.error if self.worst else 0.0

    @property
    def kinks(self) -> tuple[tuple[Entry, Kink], ...]:
        """Every kink that was met, with the tensor it is in."""
        every = (*self.entries.values(), *self.wires.values(), *self.nodes.values())
        return tuple((entry, kink) for entry in every for kink in entry.kinks)

    @cached_property
    def errors(self) -> Mapping[str, float]:
        """For each node the largest error of what arrived at it and of what it passed on."""
        found: dict[str, float] = {}
        for id, entry in (*self.nodes.items(), *self._passed):
            error = np.inf if np.isnan(entry.error) else entry.error
            found[id] = max(found.get(id, 0.0), error)
        return found

    @cached_property
    def blamed(self) -> tuple[str, ...]:
        """The nodes where a gradient goes wrong, rather than arriving wrong already.

        A gate at which the right gradient arrives and which passes on a wrong one; and a node at
        which a wrong one arrives, although each wire out of it brings back the right one.
        """
        passes_wrong = {id for id, entry in self._passed if entry.wrong}
        explained = {self.sources[wire] for wire, entry in self.wires.items() if entry.wrong}
        found = [
            id
            for id, arrived in self.nodes.items()
            if (id not in explained if arrived.wrong else id in passes_wrong)
        ]
        return tuple(dict.fromkeys(origin for id in found for origin in self._origins(id)))

    def _origins(self, id: str) -> list[str]:
        """The node itself, or where what it was given comes from a kink: there all passes muster,
        until what comes back along several wires is added up."""
        kinked = [
            wire[0]
            for wire, entry in self.wires.items()
            if self.sources[wire] == id and entry.kinks
        ]
        return [origin for next in kinked for origin in self._origins(next)] or [id]

    @property
    def _passed(self) -> list[tuple[str, Entry]]:
        """Each node with each of the gradients that it passed on."""
        owned = [(key.partition(".")[0], entry) for key, entry in self.entries.items()]
        return owned + [(id, entry) for (id, _, _), entry in self.wires.items()]


def gradient_check(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    step: float = STEP,
    of: str | None = None,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
    wires: bool = False,
    most: int | None = None,
) -> Check:
    """Check every weight and every typed value that the objective, or node `of`, depends on.

    With `randomness` gates do what they do in training, and each nudge sees the same noise. Of an
    output of many numbers the gradient of their sum is checked. `wires` checks what came back
    along every wire and arrived at every node too; `most` is how many numbers of each tensor are
    nudged, evenly chosen (None: all). Raises as `run.forward`.
    """
    return _finished(
        gradient_checking(
            graph,
            given,
            weights,
            step=step,
            of=of,
            statistics=statistics,
            randomness=randomness,
            wires=wires,
            most=most,
        )
    )


def gradient_checking(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    step: float = STEP,
    of: str | None = None,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
    wires: bool = False,
    most: int | None = None,
) -> Generator[Nudged, None, Check]:
    """The same number by number; what was found is what the generator returns."""
    target = of or graph.objective
    steps = tuple(
        forward(
            graph,
            given,
            weights,
            statistics=statistics,
            randomness=randomness,
            ancestors_of=target,
        )
    )
    started = time.perf_counter()
    back = tuple(backward(steps, {target: np.ones(())}))
    backward_seconds = time.perf_counter() - started
    fast = None
    if randomness is None and sum(at.size for at in _owned(steps).values()) >= WORTH_A_PLAN:
        fast = _compiled(graph, given, weights, statistics or {}, target)
    return (
        yield from checking(
            Recording(graph, steps, back),
            step=step,
            wires=wires,
            most=most,
            fast=fast,
            backward_seconds=backward_seconds,
        )
    )


def check_recording(
    recording: Recording,
    *,
    step: float = STEP,
    wires: bool = True,
    most: int | None = None,
    fast: Total | None = None,
    backward_seconds: float = 0.0,
) -> Check:
    """Check what a recording's backward pass says against nudging its forward pass.

    The backward pass may be another than the right one (`fault.py`): what it says is checked. Its
    first step is where it started. `fast` is a quicker way to what is checked, for the weights and
    typed values.
    """
    return _finished(
        checking(
            recording,
            step=step,
            wires=wires,
            most=most,
            fast=fast,
            backward_seconds=backward_seconds,
        )
    )


def checking(
    recording: Recording,
    *,
    step: float = STEP,
    wires: bool = True,
    most: int | None = None,
    fast: Total | None = None,
    backward_seconds: float = 0.0,
) -> Generator[Nudged, None, Check]:
    """The same number by number; what was found is what the generator returns."""
    steps, start = recording.forward, recording.backward[0]
    by_node = {own.node: own for own in steps}
    again = Rerun(steps, start.node, start.upstream)
    total = float(np.sum(start.upstream * recording.values[start.node]))
    slopes = gradients(recording.backward)
    owned, sources = _owned(steps), _wires(steps) if wires else {}
    keys = [*owned, *(".".join(map(str, wire)) for wire in sources)]
    keys += reversed(by_node) if wires else ()
    places = [place_of(key) for key in keys]
    sizes = [value_at(by_node, place).size for place in places]
    numbers = sum(size if most is None else min(size, most) for size in sizes)
    done, passes, found = 0, 0, list[Entry]()
    began = time.perf_counter()
    for key, place in zip(keys, places, strict=True):
        at = np.array(value_at(by_node, place), dtype=np.float64)
        calls = Counted((fast or again) if key in owned else again, place)
        analytic = slopes.get(place, np.zeros(at.shape))
        nudges = entry_by_nudging(key, analytic, at, calls, step, most, total)
        while True:
            try:
                next(nudges)
            except StopIteration as end:
                found.append(end.value)
                break
            done += 1
            yield Nudged(done, numbers, passes + calls.count)
        passes += calls.count
    seconds = time.perf_counter() - began
    rest = iter(found)
    entries = {key: next(rest) for key in owned}
    along = {wire: next(rest) for wire in sources}
    arriving = {id: next(rest) for id in (reversed(by_node) if wires else ())}
    return Check(entries, passes, seconds, backward_seconds, along, arriving, sources)


def of_kink(graph: Graph, entry: Entry, kink: Kink) -> StudioError:
    """The sentence for a number at which there is no slope to check."""
    id, port, _ = place_of(entry.key)
    where = port + (f"[{', '.join(map(str, kink.place))}]" if kink.place else "")
    return StudioError(
        N_(
            "{label}{where} is at a kink: moved down its slope is {below}, moved up {above}. The "
            "backward pass takes {taken}, which is a convention and no mistake."
        ),
        nodes=(id,),
        label=graph[id].label,
        where=f" ({where})" if where else "",
        below=f"{kink.below:.6g}",
        above=f"{kink.above:.6g}",
        taken=f"{kink.taken:.6g}",
    )


def _finished(nudges: Generator[Nudged, None, Check]) -> Check:
    while True:
        try:
            next(nudges)
        except StopIteration as end:
            found: Check = end.value
            return found


def _compiled(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    statistics: Mapping[str, Array],
    target: str,
) -> Total | None:
    """The sum of the target's numbers with one argument changed, by a compiled forward pass."""
    rows = [len(given[key]) for key in graph.keys(Kind.FEATURES) if key in given]
    known = shapes.of_arrays(graph, given)
    try:
        predictor = compile_predictor(
            graph, known, target, rows=rows[0] if rows else 1, dtype=np.float64
        )
    except StudioError:
        return None

    changed = predictor.nudged(weights, given, statistics)

    def total(place: Place, value: Array) -> float:
        return float(changed(f"{place[0]}.{place[1]}", value).sum())

    return total


def _owned(steps: Sequence[Step]) -> dict[str, Array]:
    """The weights and typed values of a run by key."""
    return {
        f"{step.node}.{port.name}": np.asarray(step.arguments[port.name])
        for step in steps
        for port in step.op.ports
        if port.kind in (Kind.WEIGHT, Kind.GIVEN) and not step.sources.get(port.name)
    }


def _wires(steps: Sequence[Step]) -> dict[Place, str]:
    """Every wire that a gradient may come back along, and the node that feeds it."""
    return {
        (step.node, port.name, slot): source
        for step in reversed(steps)
        for port in step.op.ports
        if port.kind is not Kind.INDEX
        for slot, source in enumerate(step.sources.get(port.name, ()))
    }


def _worst(entries: Mapping[Any, Entry]) -> Entry | None:
    # A gradient that is not a number is worse than any that is.
    return max(
        entries.values(),
        key=lambda entry: np.inf if np.isnan(entry.error) else entry.error,
        default=None,
    )
