"""What is said of a node in full: in its tooltip, and to those who do not see the canvas."""

from __future__ import annotations

import html

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback.captions import Caption
from bpstudio.playback.digits import size_of
from bpstudio.ui.showing import Showing


def tip(shown: Showing, id: str) -> str:
    """Title, gate, value and gradient of a node with all their figures, as escaped HTML."""
    node = shown.project.graph[id]
    lines = [f"{node.label} · {_(node.op.title)}"]
    recording, instant = shown.recording, shown.instant
    if recording is not None and instant is not None:
        if instant.value(id) > 0 and id in recording.values:
            lines.append(_("value {value}").format(value=in_full(recording.values[id])))
        if instant.gradient(id) > 0 and id in recording.gradients:
            lines.append(_("gradient {value}").format(value=in_full(recording.gradients[id])))
    text = html.escape("\n".join(lines))
    return f"<p style='white-space:pre'>{text}</p>"


def in_full(array: Array) -> str:
    """A number with all its figures; of an array the shape and the first entries."""
    if array.size == 1:
        return repr(float(array.item()))
    entries = np.array2string(array, precision=6, threshold=24, edgeitems=3, max_line_width=72)
    return f"({size_of(array)})\n{entries}"


def spoken(caption: Caption) -> str:
    """A caption as one sentence after the other."""
    lines = ["".join(span.text for span in line) for line in caption.lines]
    return ". ".join(part for part in (caption.title, caption.words, *lines) if part)
