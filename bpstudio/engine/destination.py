"""Where a value must lie at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bpstudio.engine.calls import Call, Form, Value
from bpstudio.engine.listing import Thing


@dataclass(frozen=True)
class Destination:
    """Where a value must lie at the end; `replaces` is the leaf that lay there before."""

    value: int
    place: Thing
    replaces: int | None = None


def behind_views(
    wanted: Destination, makers: Mapping[int, Call], values: Sequence[Value]
) -> Destination:
    """Where what a view shows must lie so that the view lies where it is wanted.

    What is computed can then be written there, which a view can't be. It is the same destination
    where that can't be said: of a part, of what is no result of a call, of a place whose memory
    has another order than a product can write.
    """
    made, place = makers.get(wanted.value), wanted.place
    while made is not None and made.form is Form.VIEW and wanted.replaces is None:
        (source,) = made.inputs
        if made.function == "transpose":
            (axes,) = made.parameters
            back = tuple(axes.index(axis) for axis in range(len(axes)))
            place = place.then(partial(np.transpose, axes=back))
        elif made.function == "reshape" and place.value.flags.c_contiguous:
            place = place.then(partial(np.reshape, shape=values[source].shape))
        else:
            return wanted
        made = makers.get(source)
        if made is not None and made.form is not Form.VIEW:
            flags = place.value.flags
            if made.form is Form.PRODUCT and not (flags.c_contiguous or flags.f_contiguous):
                return wanted
            return Destination(source, place)
    return wanted
