"""A recording as a row of moments: where playback is at a time t.

A moment is one gate forward, the clearing of all gradients, one gate backward, or one parameter's
update. Time is counted in moments: at t = 12.5 the thirteenth is half done. `at` is a pure
function, so a timeline can be scrubbed both ways and read without a screen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bpstudio.engine.run import BackwardStep, Recording, Step, Update
from bpstudio.engine.unfold import Group
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.easing import TRAVEL, settled, travelled

FORWARD, CLEAR, BACKWARD, UPDATE = PHASES = ("forward", "clear", "backward", "update")
GATE, LAYER, PHASE, ITERATION = UNITS = ("gate", "layer", "phase", "iteration")
"""How far one step goes: one moment, all of a layer or of what stands opened, or a phase."""

Wire = tuple[str, str, int]
"""A wire by where it ends: target node, port, slot."""


def phase_name(phase: str) -> str:
    """The phase in the current language."""
    names = {
        FORWARD: _("forward"),
        CLEAR: _("clear"),
        BACKWARD: _("backward"),
        UPDATE: _("update"),
    }
    return names[phase]


@dataclass(frozen=True)
class Clear:
    """All gradients back to zero, before the pass back adds new ones up.

    `keys` are the weights that an optimizer would else move by old gradients as well.
    """

    keys: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Moment:
    """One thing that happens: its phase, its number among all (from 1), and what was recorded."""

    phase: str
    number: int
    step: Step | BackwardStep | Update | Clear

    @property
    def node(self) -> str:
        """The node at which it happens; the empty string where it happens everywhere at once."""
        return "" if isinstance(self.step, Clear) else self.step.node

    @property
    def weight(self) -> str:
        """The key `node.port` of the weight that it updates, else the empty string."""
        step = self.step
        return f"{step.node}.{step.port}" if isinstance(step, Update) else ""


@dataclass(frozen=True, eq=False)
class Pulse:
    """Something on its way along a wire; `place` is 0 at the wire's source and 1 at its target."""

    wire: Wire
    place: float
    phase: str


@dataclass(frozen=True, eq=False)
class Instant:
    """Where playback is: the moment that is going on, and how far it is.

    Between two phases, and where nothing ever happens, no moment is going on.
    """

    timeline: Timeline
    t: float
    phase: str
    moment: Moment | None
    progress: float

    @property
    def returning(self) -> bool:
        """Whether the pass back has begun, so that there are gradients to be seen."""
        return self.phase in (BACKWARD, UPDATE)

    @property
    def pulses(self) -> tuple[Pulse, ...]:
        """What travels now: values to the gate forward, gradients away from it backward."""
        moment = self.moment
        if moment is None or self.progress > TRAVEL:
            return ()
        place = travelled(self.progress)
        back = isinstance(moment.step, BackwardStep)
        return tuple(
            Pulse(wire, 1.0 - place if back else place, moment.phase)
            for wire in self.timeline.moved_by(moment)
        )

    def done(self, number: float) -> float:
        """How visible the result of moment `number` is, 0 to 1."""
        if number <= math.floor(self.t):
            return 1.0
        return settled(self.progress) if self.moment and number == self.moment.number else 0.0

    def value(self, node: str) -> float:
        """How visible the node's value is, 0 to 1."""
        number = self.timeline.known_at.get(node)
        return 0.0 if number is None else self.done(number)

    def passed(self, wire: Wire) -> float:
        """How visible is what came back along the wire, 0 to 1."""
        number = self.timeline.passed_at.get(wire)
        return 0.0 if number is None else self.done(number)

    def gradient(self, node: str) -> float:
        """How visible the node's whole gradient is: once all its wires have brought theirs."""
        number = self.timeline.arrived_at.get(node)
        return 0.0 if number is None or not self.returning else self.done(number)

    def cleared(self, key: str) -> float:
        """How visible it is that the gradient of a weight is 0, until the new one is there."""
        number = self.timeline.cleared_at.get(key)
        if number is None:
            return 0.0
        return self.done(number) - self.done(self.timeline.gained_at.get(key, math.inf))

    def weight_gradients(self, node: str) -> float:
        """How visible the gradients of the weights are that the node owns, 0 to 1."""
        number = self.timeline.backward_at.get(node)
        return 0.0 if number is None else self.done(number)

    def updated(self, key: str) -> float:
        """How visible the new value of the weight `node.port` is, 0 to 1."""
        number = self.timeline.updated_at.get(key)
        return 0.0 if number is None else self.done(number)

    @property
    def label(self) -> str:
        """Where this is, in words: `backward · 13 of 19`."""
        if self.moment is None:
            return phase_name(self.phase)
        return _("{phase} · {number} of {count}").format(
            phase=phase_name(self.moment.phase),
            number=self.moment.number,
            count=len(self.timeline.moments),
        )


@dataclass(frozen=True, eq=False)
class Timeline:
    """The moments of one recorded iteration, in the order in which they happen.

    `groups` are the gates that stand opened: stepping by layers passes each in one step.
    """

    recording: Recording
    groups: Mapping[str, Group] = field(default_factory=dict)

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """Each gate forward, clearing, each gate backward, each parameter's update.

        Sources (typed values, parameters, data) do not compute, so they have no moments. Where
        nothing is updated there are no gradients to clear either.
        """
        recording = self.recording
        happening: list[tuple[str, Step | BackwardStep | Update | Clear]] = []
        happening += [(FORWARD, step) for step in recording.forward if _computes(step)]
        if recording.updates:
            keys = tuple(f"{update.node}.{update.port}" for update in recording.updates)
            happening.append((CLEAR, Clear(keys)))
        happening += [(BACKWARD, step) for step in recording.backward if _computes(step)]
        happening += [(UPDATE, update) for update in recording.updates]
        return tuple(
            Moment(phase, number, step) for number, (phase, step) in enumerate(happening, 1)
        )

    def __len__(self) -> int:
        return len(self.moments)

    def at(self, t: float) -> Instant:
        """Where playback is at time t, from 0 (nothing has happened) to `len` (all has)."""
        if not self.moments:
            return Instant(self, 0.0, FORWARD, None, 0.0)
        t = min(max(t, 0.0), float(len(self.moments)))
        index = min(math.floor(t), len(self.moments) - 1)
        moment = self.moments[index]
        return Instant(self, t, moment.phase, moment, t - index)

    def rest(self, phase: str) -> Instant:
        """The moment of quiet after a phase: all of it has happened, and nothing moves."""
        return Instant(self, float(self.span(phase)[1]), phase, None, 0.0)

    def next(self, t: float, unit: str = GATE) -> float:
        """One step on: the time at which the unit that is going on is done."""
        return float(next((stop for stop in self.stops(unit) if stop > t), len(self.moments)))

    def previous(self, t: float, unit: str = GATE) -> float:
        """One step back: the time at which the unit that is going on, or was last, began."""
        return float(next((stop for stop in reversed(self.stops(unit)) if stop < t), 0))

    def stops(self, unit: str) -> tuple[int, ...]:
        """The times between two units of that kind, the beginning and the end among them."""
        found = self._stops.get(unit)
        if found is None:
            units = [self._unit(moment, unit) for moment in self.moments]
            pairs = enumerate(itertools.pairwise(units), 1)
            between = [time for time, (before, after) in pairs if before != after]
            found = self._stops[unit] = (0, *between, len(self.moments))
        return found

    @cached_property
    def _stops(self) -> dict[str, tuple[int, ...]]:
        return {}

    def _unit(self, moment: Moment, unit: str) -> tuple[str, object]:
        if unit == GATE:
            return moment.phase, moment.number
        if unit == LAYER:
            return moment.phase, self.layers.get(moment.node, moment.node)
        return (moment.phase if unit == PHASE else "", "")

    @cached_property
    def layers(self) -> Mapping[str, str]:
        """For each node of a layer that layer: an activation is part of the layer before it, and
        a gate of what was opened into it."""
        whole: dict[str, str] = {}
        for node in self.recording.graph.nodes.values():
            before = [self.recording.graph[id] for id in node.feeding]
            if node.op.category == "activation" and [n.op.category for n in before] == ["layer"]:
                whole[node.id] = before[0].id
            elif node.op.category == "layer":
                whole[node.id] = node.id
        for id, group in self.groups.items():
            whole |= dict.fromkeys(group.members, id)
        for id in whole:
            while whole[id] != whole.get(whole[id], whole[id]):
                whole[id] = whole[whole[id]]
        return whole

    def span(self, phase: str) -> tuple[int, int]:
        """The times at which a phase begins and ends; equal where it has no moments."""
        order = PHASES.index(phase)
        begin = sum(PHASES.index(moment.phase) < order for moment in self.moments)
        return begin, begin + sum(moment.phase == phase for moment in self.moments)

    def still(self, phase: str, number: int | None = None) -> Instant:
        """What one picture of a phase shows: its end, or its moment with that number.

        A moment is shown while its pulses are on their way. Raises StudioError for a number that
        is not there.
        """
        if number is None:
            return self.rest(phase)
        return self._moving(number, *self.span(phase))

    def still_at(self, number: int) -> Instant:
        """What one picture of the moment with that number shows, whatever its phase."""
        return self._moving(number, 0, len(self.moments))

    def _moving(self, number: int, begin: int, end: int) -> Instant:
        if not begin < number <= end:
            raise StudioError(
                N_("There is no step {number} here. Choose one from {first} to {last}."),
                number=number,
                first=min(begin + 1, end),
                last=end,
            )
        # Beyond the middle of their wires, seen from the source, pulses cover no number.
        share = 0.42 if self.moments[number - 1].phase == BACKWARD else 0.58
        return self.at(number - 1 + share * TRAVEL)

    @cached_property
    def steps(self) -> Mapping[str, Step]:
        """Each node's step forward."""
        return {step.node: step for step in self.recording.forward}

    @cached_property
    def known_at(self) -> Mapping[str, int]:
        """For each node the number of the moment that gives its value; 0 for a source."""
        known = {step.node: 0 for step in self.recording.forward}
        known |= {m.node: m.number for m in self.moments if m.phase == FORWARD}
        return known

    @cached_property
    def backward_at(self) -> Mapping[str, int]:
        """For each gate that a gradient reaches the number of its backward moment."""
        return {m.node: m.number for m in self.moments if m.phase == BACKWARD}

    @cached_property
    def updated_at(self) -> Mapping[str, int]:
        """For each updated weight `node.port` the number of the moment."""
        return {m.weight: m.number for m in self.moments if m.weight}

    @cached_property
    def cleared_at(self) -> Mapping[str, int]:
        """For each weight that will be updated the number of the moment that clears it."""
        begin, end = self.span(CLEAR)
        return dict.fromkeys(self.updated_at, end) if begin < end else {}

    @cached_property
    def gained_at(self) -> Mapping[str, int]:
        """For each weight that will be updated the number of the moment that gives its gradient."""
        found = {}
        for key in self.updated_at:
            node = key.partition(".")[0]
            number = self.backward_at.get(node) or self.arrived_at.get(node)
            if number is not None:
                found[key] = number
        return found

    @cached_property
    def passed_at(self) -> Mapping[Wire, int]:
        """For each wire that a gradient comes back along the number of the moment."""
        return {
            wire: self.backward_at[wire[0]]
            for wire in self.recording.contributions
            if wire[0] in self.backward_at
        }

    @cached_property
    def dark(self) -> frozenset[Wire]:
        """The wires along which nothing comes back, though a gradient arrived at their gate."""
        backward = {step.node: step for step in self.recording.backward}
        contributions = self.recording.contributions
        return frozenset(
            wire
            for wire in self.passed_at
            if not contributions[wire].any() and backward[wire[0]].upstream.any()
        )

    @cached_property
    def arrived_at(self) -> Mapping[str, int]:
        """For each node the number of the moment after which its whole gradient is known."""
        arrived: dict[str, int] = {}
        for (target, port, slot), number in self.passed_at.items():
            source = self.recording.graph[target].sources[port][slot]
            arrived[source] = max(arrived.get(source, 0), number)
        # Where no wire brings it, the pass starts: it is there once the forward pass is over.
        begin = self.span(BACKWARD)[0]
        return {node: arrived.get(node, begin) for node in self.recording.gradients}

    @cached_property
    def forks(self) -> Mapping[str, tuple[Wire, ...]]:
        """For each node that gets its gradient along several wires, those wires."""
        wires: dict[str, list[Wire]] = {}
        for wire in self.passed_at:
            source = self.recording.graph[wire[0]].sources[wire[1]][wire[2]]
            wires.setdefault(source, []).append(wire)
        return {node: tuple(found) for node, found in wires.items() if len(found) > 1}

    def moved_by(self, moment: Moment) -> tuple[Wire, ...]:
        """The wires along which something travels in a moment."""
        step = moment.step
        if isinstance(step, Update | Clear):
            return ()
        wires = (
            (step.node, port, slot)
            for port, sources in step.sources.items()
            for slot in range(len(sources))
        )
        if isinstance(step, BackwardStep):
            return tuple(wire for wire in wires if wire in self.passed_at)
        return tuple(wires)


def at(recording: Recording, t: float) -> Instant:
    """Where playback of a recording is at time t; see `Timeline.at`."""
    return Timeline(recording).at(t)


def _computes(step: Step | BackwardStep) -> bool:
    return step.op.category != "source"
