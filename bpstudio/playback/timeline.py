"""A recording as a row of moments: where playback is at a time t.

A moment is one gate forward, one gate backward, or one parameter's update. Time is counted in
moments: at t = 12.5 the thirteenth is half done. `at` is a pure function, so a timeline can be
scrubbed both ways and read without a screen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bpstudio.engine.run import BackwardStep, Recording, Step, Update
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.easing import TRAVEL, settled, travelled

FORWARD, BACKWARD, UPDATE = PHASES = ("forward", "backward", "update")

Wire = tuple[str, str, int]
"""A wire by where it ends: target node, port, slot."""


def phase_name(phase: str) -> str:
    """The phase in the current language."""
    names = {FORWARD: _("forward"), BACKWARD: _("backward"), UPDATE: _("update")}
    return names[phase]


@dataclass(frozen=True, eq=False)
class Moment:
    """One thing that happens: its phase, its number among all (from 1), and what was recorded."""

    phase: str
    number: int
    step: Step | BackwardStep | Update

    @property
    def node(self) -> str:
        """The node at which it happens."""
        return self.step.node


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
    def pulses(self) -> tuple[Pulse, ...]:
        """What travels now: values to the gate forward, gradients away from it backward."""
        moment = self.moment
        if moment is None or self.progress > TRAVEL or isinstance(moment.step, Update):
            return ()
        place = travelled(self.progress)
        back = isinstance(moment.step, BackwardStep)
        return tuple(
            Pulse(wire, 1.0 - place if back else place, moment.phase)
            for wire in self.timeline.moved_by(moment)
        )

    def done(self, number: int) -> float:
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
        return 0.0 if number is None or self.phase == FORWARD else self.done(number)

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
    """The moments of one recorded iteration, in the order in which they happen."""

    recording: Recording

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """Each gate forward, each gate backward, each parameter's update.

        Sources (typed values, parameters, data) do not compute, so they have no moments.
        """
        recording = self.recording
        happening: list[tuple[str, Step | BackwardStep | Update]] = []
        happening += [(FORWARD, step) for step in recording.forward if _computes(step)]
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

    def next(self, t: float) -> float:
        """One step on: the time at which the moment that is going on is done."""
        return float(min(math.floor(t) + 1, len(self.moments)))

    def previous(self, t: float) -> float:
        """One step back: the time at which the moment that is going on, or was last, began."""
        return float(max(math.ceil(t) - 1, 0))

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
        return {
            f"{m.node}.{m.step.port}": m.number for m in self.moments if isinstance(m.step, Update)
        }

    @cached_property
    def passed_at(self) -> Mapping[Wire, int]:
        """For each wire that a gradient comes back along the number of the moment."""
        return {
            wire: self.backward_at[wire[0]]
            for wire in self.recording.contributions
            if wire[0] in self.backward_at
        }

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
        if isinstance(step, Update):
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
