"""What is kept from sight until somebody has said it: numbers of a recording, hidden in one place.

A hidden number is `digits.HIDDEN`, a NaN that no computation gives, in a copy of the recording.
Whatever is worked out from it is hidden as well, so canvas, captions, panels and pictures need to
know nothing of it: they write what they read, and it reads `?`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import Argument, BackwardStep, Recording, Step, Update
from bpstudio.playback.digits import HIDDEN
from bpstudio.playback.timeline import Wire

VALUE, GRADIENT = KINDS = ("value", "gradient")


@dataclass(frozen=True, order=True)
class Quantity:
    """A number, or an array, of a recording that can be asked for.

    `node` is a node, or for the gradient of a weight that a layer owns its key `dense1.weight`.
    With `wire` it is only what came back along that wire.
    """

    kind: str
    node: str
    wire: Wire | None = None

    @property
    def of(self) -> Quantity:
        """The whole gradient that a wire brings its share of."""
        return replace(self, wire=None) if self.wire else self


@dataclass(frozen=True)
class Veil:
    """Which numbers are hidden: those of these kinds, but for what was lifted.

    With `only` nothing but these are hidden, and what each wire brought of them. Typed values and
    the gradient at which the pass back begins are hidden only if they are among these.
    """

    kinds: frozenset[str] = frozenset({GRADIENT})
    lifted: frozenset[Quantity] = frozenset()
    only: frozenset[Quantity] | None = None

    def hides(self, quantity: Quantity) -> bool:
        """Whether that number is hidden."""
        if {quantity, quantity.of} & self.lifted:
            return False
        if self.only is not None:
            return bool({quantity, quantity.of} & self.only)
        return quantity.kind in self.kinds

    def without(self, *quantities: Quantity) -> Veil:
        """The veil with these numbers shown."""
        return replace(self, lifted=self.lifted | frozenset(quantities))

    def drawn_again(self) -> Veil:
        """The veil over other numbers: what was lifted is hidden again, but for a chosen few."""
        return self if self.only is not None else replace(self, lifted=frozenset())


def hidden(recording: Recording, veil: Veil) -> tuple[Quantity, ...]:
    """Everything that the veil hides, in the order in which it is computed."""
    return tuple(
        quantity for quantity in quantities(recording) if _veils(recording, veil, quantity)
    )


def quantities(recording: Recording) -> tuple[Quantity, ...]:
    """All that can be asked for: values forward, gradients backward, shares before their sum."""
    found = [Quantity(VALUE, step.node) for step in recording.forward]
    shares = forked(recording)
    for step in recording.backward:
        node = step.node
        found += [Quantity(GRADIENT, node, wire) for wire in shares.get(node, ())]
        found.append(Quantity(GRADIENT, node))
        found += [Quantity(GRADIENT, f"{node}.{port}") for port in _owned(step)]
    return tuple(found)


def forked(recording: Recording) -> Mapping[str, tuple[Wire, ...]]:
    """For each node that gets its gradient along several wires, those wires."""
    wires: dict[str, list[Wire]] = {}
    for wire in recording.contributions:
        wires.setdefault(source_of(recording, wire), []).append(wire)
    return {node: tuple(found) for node, found in wires.items() if len(found) > 1}


def source_of(recording: Recording, wire: Wire) -> str:
    """The node that a wire comes from."""
    target, port, slot = wire
    return recording.graph[target].sources[port][slot]


def array_of(recording: Recording, quantity: Quantity) -> Array | None:
    """What a quantity is in a recording; None where it has none."""
    if quantity.wire is not None:
        return recording.contributions.get(quantity.wire)
    if quantity.kind == VALUE:
        return recording.values.get(quantity.node)
    found = recording.gradients.get(quantity.node)
    return recording.weight_gradients.get(quantity.node) if found is None else found


def share_of(recording: Recording, wire: Wire) -> Quantity:
    """What a wire brings back, as it is asked for: at a fork its share, else the whole gradient."""
    source = source_of(recording, wire)
    forks = wire in forked(recording).get(source, ())
    return Quantity(GRADIENT, source, wire if forks else None)


def veiled(recording: Recording, veil: Veil) -> Recording:
    """A copy of a recording in which what the veil hides can't be read."""
    if not hidden(recording, veil):
        return recording
    forks = forked(recording)

    def value(node: str, array: Array) -> Array:
        return _blank(array) if _veils(recording, veil, Quantity(VALUE, node)) else array

    def gradient(node: str, array: Array) -> Array:
        return _blank(array) if _veils(recording, veil, Quantity(GRADIENT, node)) else array

    def passed(step: BackwardStep, port: str, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        sources = step.sources.get(port, ())
        if not sources:
            return tuple(gradient(f"{step.node}.{port}", array) for array in arrays)
        shown = []
        for slot, (source, array) in enumerate(zip(sources, arrays, strict=False)):
            wire = (step.node, port, slot)
            asked = Quantity(GRADIENT, source, wire if wire in forks.get(source, ()) else None)
            shown.append(_blank(array) if _veils(recording, veil, asked) else array)
        return tuple(shown)

    return Recording(
        recording.graph,
        tuple(_step(step, value) for step in recording.forward),
        tuple(
            replace(
                step,
                upstream=gradient(step.node, step.upstream),
                passed={port: passed(step, port, found) for port, found in step.passed.items()},
            )
            for step in recording.backward
        ),
        tuple(_update(recording, update, veil) for update in recording.updates),
    )


def _step(step: Step, value: object) -> Step:
    assert callable(value)
    arguments: dict[str, Argument] = dict(step.arguments)
    for port, sources in step.sources.items():
        read = arguments[port]
        if isinstance(read, tuple):
            pairs = zip(sources, read, strict=True)
            arguments[port] = tuple(value(source, array) for source, array in pairs)
        elif sources:
            arguments[port] = value(sources[0], read)
    return replace(step, arguments=arguments, output=value(step.node, step.output))


def _update(recording: Recording, update: Update, veil: Veil) -> Update:
    """An update tells its gradient, so both its gradient and where it leads are hidden."""
    owned = Quantity(GRADIENT, f"{update.node}.{update.port}")
    known = owned if owned.node in recording.weight_gradients else Quantity(GRADIENT, update.node)
    own_node = Quantity(GRADIENT, update.node)
    asked = own_node if recording.graph[update.node].op.category == "source" else known
    if not _veils(recording, veil, asked):
        return update
    return replace(update, gradient=_blank(update.gradient), after=_blank(update.after))


def _veils(recording: Recording, veil: Veil, quantity: Quantity) -> bool:
    if not veil.hides(quantity):
        return False
    if veil.only is not None:
        return True
    if quantity.kind == VALUE:
        return recording.graph[quantity.node].op.category != "source"
    return bool(recording.backward) and quantity.node != recording.backward[0].node


def _owned(step: BackwardStep) -> list[str]:
    """The ports of a gate whose gradients stay with it: its own weights."""
    return [
        port for port in step.passed if not step.sources.get(port) and port in step.op.initials()
    ]


def _blank(array: Array) -> Array:
    """As large as an array, and unreadable; what counts or indexes is no secret."""
    if array.dtype.kind != "f":
        return array
    blank = np.full(array.shape, HIDDEN)
    blank.flags.writeable = False
    return blank
