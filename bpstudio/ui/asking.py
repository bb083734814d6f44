"""What one asks about who asks why a gradient is so: a wire, a node, or the present gate."""

from __future__ import annotations

from bpstudio.engine.places import Place
from bpstudio.playback.timeline import Wire
from bpstudio.playback.why import Index, Question, gradient_at, strongest
from bpstudio.ui.showing import Showing


def about(shown: Showing, wire: Wire | None, selection: frozenset[str]) -> Question | None:
    """The question about the selected wire, the selected node, or where playback is."""
    if wire is not None:
        return asked(shown, wire)
    if len(selection) == 1:
        return asked(shown, (next(iter(selection)), "", 0))
    moment = shown.instant.moment if shown.instant is not None else None
    return None if moment is None or not moment.node else asked(shown, (moment.node, "", 0))


def asked(shown: Showing, place: Place, entry: Index | None = None) -> Question | None:
    """The question about a place, if a gradient has come there by now.

    Without an entry it is the strongest of an array.
    """
    instant, recording = shown.instant, shown.recording
    if recording is None or instant is None or not instant.returning:
        return None
    gradient = gradient_at(recording, place)
    if gradient is None:
        return None
    node, port, _slot = place
    if not port:
        there = instant.gradient(node) > 0
    elif recording.graph[node].sources.get(port):
        there = instant.passed(place) > 0
    else:
        there = instant.weight_gradients(node) > 0
    return Question(place, strongest(gradient) if entry is None else entry) if there else None
