"""Places in a recorded run: a node's output, or one of its arguments."""

from __future__ import annotations

from collections.abc import Mapping

from bpstudio.engine.op import Array
from bpstudio.engine.run import Step
from bpstudio.errors import GraphError
from bpstudio.language import N_

Place = tuple[str, str, int]
"""The node, its port, and which of several at a variadic one; no port is the node's output."""


def place_of(key: str) -> Place:
    """A node's id as (id, "", 0), a key `node.port` or `node.port.slot` as an argument."""
    id, _, rest = key.partition(".")
    port, _, slot = rest.partition(".")
    return id, port, int(slot or 0)


def value_at(steps: Mapping[str, Step], place: Place) -> Array:
    """The value of a node that ran, or of one of its arguments; raises GraphError for another."""
    id, port, slot = place
    if id not in steps:
        raise GraphError(N_("{id} did not run, so that nothing is known of it."), id=id)
    if not port:
        return steps[id].output
    argument = steps[id].arguments.get(port)
    several = argument if isinstance(argument, tuple) else (argument,)
    found = several[slot] if slot < len(several) else None
    if found is None:
        raise GraphError(
            N_("{label} has no port called {port}."),
            nodes=(id,),
            label=id,
            port=port if argument is None else f"{port}.{slot}",
        )
    return found
