"""What follows the passes of a step: penalties on the gradients, then the optimizer's update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpstudio.engine import backprop, rewrite, scalars
from bpstudio.engine.clipping import Clipping
from bpstudio.engine.destination import Destination
from bpstudio.engine.layout import Fused, Layout
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.memory import Pool
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import Optimizer
from bpstudio.engine.trace import Tape
from bpstudio.engine.vectors import Vectors


def add_pull(code: Code, vectors: Vectors, strength: Array, *, signs: bool) -> None:
    """Strength · w, or strength · sign(w), added to the gradient of every weight."""
    gradients, weights = Thing(vectors.gradients), Thing(vectors.parameters)
    pull = np.zeros_like(vectors.parameters)
    if signs:
        code.add(np.sign, [weights], Thing(pull))
    pulling = Thing(pull) if signs else weights
    code.add(np.multiply, [Thing(strength), pulling], Thing(pull))
    code.add(np.add, [gradients, Thing(pull)], gradients)


def add_update(
    code: Code,
    vectors: Vectors,
    optimizer: Optimizer,
    clipping: Clipping,
    dtype: np.dtype[Any],
    *,
    many: bool,
) -> None:
    """The optimizer over the whole vectors, for one learning rate or for `many`."""
    tape = Tape(dtype)
    places: Mapping[str, Array] = {"w": vectors.parameters, **vectors.state}
    leaves = {name: tape.leaf(array.shape) for name, array in places.items()}
    g, t = tape.leaf(vectors.gradients.shape), tape.leaf(())
    rate = tape.leaf(vectors.parameters.shape if many else ())
    state = [leaves[name] for name in vectors.state]
    cut: Any = clipping.applied
    updated = backprop.twice(
        tape, lambda: optimizer.update(leaves["w"], cut(g, rate), rate, t, *state)
    )
    changed = {k: v.index for k, v in updated.items() if v.index != leaves[k].index}
    calls, instead = rewrite.keep_leaves(tape, tape.calls, changed.values())
    destinations = [
        Destination(instead.get(value, value), Thing(places[name]), leaves[name].index)
        for name, value in changed.items()
    ]
    calls = rewrite.live(calls, [d.value for d in destinations])
    known = {t.index: "t"} if many else {t.index: "t", rate.index: "rate"}
    steady, rest = scalars.split(tape, calls, known)
    things = {leaves[name].index: Thing(array) for name, array in places.items()}
    things[g.index] = Thing(vectors.gradients)
    things |= scalars.emit(code, tape, steady, rest, known)
    if many:
        things[rate.index] = Thing(np.zeros_like(vectors.parameters))
        code.take(things[rate.index], "rate")
    Layout(tape, rest, things, destinations, Fused(), code, Pool()).run()
