"""The gate of a name that this version does not know: shown, inert, saved back unchanged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bpstudio.engine.op import Array, Kind, Op, Port, setting
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, ShapeError
from bpstudio.language import N_

_SENTENCE = N_(
    "this version of Backprop Studio does not know the gate {gate}, so nothing runs through it. "
    "Install a newer version or the plugin that has it, or put another gate in its place."
)


class Missing(Op, hidden=True):
    """A gate that a file names and this version does not know.

    It keeps its place, its wires, its settings and its arrays, so that saving the file again
    loses nothing; what it computes nobody here knows, so a run stops at it with a sentence.
    """

    gate: str = setting("")
    """Its name in files."""
    kept: str = setting("{}")
    """Its settings as JSON text, so that the gate stays a value that can be compared."""
    sockets: tuple[tuple[str, str, bool], ...] = setting(())
    """Its ports as far as the file tells: name, kind, whether variadic."""

    symbol, category = "?", "missing"

    def __post_init__(self) -> None:
        """Take on the name and the ports that the file gives, in place of the class's own."""
        super().__post_init__()
        ports = tuple(Port(name, Kind(kind), variadic) for name, kind, variadic in self.sockets)
        object.__setattr__(self, "name", self.gate)
        object.__setattr__(self, "title", self.gate.replace("_", " ").capitalize())
        object.__setattr__(self, "ports", ports)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as the file had them."""
        settings: dict[str, Any] = json.loads(self.kept)
        return settings

    def shape(self, *_: Any, **shapes: Any) -> Shape:
        """Refuse: what comes out is not known."""
        raise ShapeError(_SENTENCE, gate=self.gate)

    def forward(self, *arguments: Any, **named: Any) -> Array:
        """Refuse: what it computes is not known."""
        raise GraphError(_SENTENCE, gate=self.gate)


def missing(gate: str, settings: Mapping[str, Any], ports: Sequence[Port]) -> Missing:
    """The stand-in for a gate of that name, with the settings and ports that a file gives it."""
    sockets = tuple((port.name, port.kind.value, port.variadic) for port in ports)
    return Missing(gate=gate, kept=json.dumps(settings, sort_keys=True), sockets=sockets)
