"""Two inputs out of many: which are looked at, and at which values the others are held."""

from __future__ import annotations

from bpstudio.language import _
from bpstudio.playback.plots.plot import Choice, Look
from bpstudio.training.probes import Plane, Unseen, plane_of, slice_of

MOST_INPUTS = 64
"""Of rows of more numbers no slice is looked at."""
MOST_HELD = 6
"""So many of the others can be held at a value of one's own; the rest stay at their means."""


def slice_choices(look: Look) -> tuple[Choice, ...]:
    """The two inputs, and a number for each of the others; none where there are two at most."""
    data = look.project.data
    if data is None or data.features.ndim != 2 or not 2 < data.features.shape[1] <= MOST_INPUTS:
        return ()
    names = [(str(i), name) for i, name in enumerate(data.feature_names)]
    across = Choice("across", _("across"), tuple(names))
    first = look.choice(across)
    up = Choice("up", _("up"), tuple(name for name in names if name[0] != first))
    low, high = data.features.min(axis=0).tolist(), data.features.max(axis=0).tolist()
    means = data.features.mean(axis=0).tolist()
    others = [i for i in range(len(names)) if str(i) not in (first, look.choice(up))]
    return (
        across,
        up,
        *(
            Choice(f"held{i}", names[i][1], (), low[i], high[i], means[i])
            for i in others[:MOST_HELD]
        ),
    )


def sliced(look: Look, cells: int) -> Plane | Unseen:
    """The plane that is looked at, of the data of the project."""
    data = look.project.data
    assert data is not None
    choices = slice_choices(look)
    if not choices:
        return plane_of(data.features, cells)
    across, up, *held = choices
    axes = (int(look.choice(across)), int(look.choice(up)))
    values = {int(choice.name[4:]): look.number(choice) for choice in held}
    return slice_of(data.features, axes, values, cells)
