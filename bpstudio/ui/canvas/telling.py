"""What is said of a node in full: in its tooltip, and to those who do not see the canvas."""

from __future__ import annotations

import html
from collections.abc import Collection

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import _, ngettext
from bpstudio.playback import describing
from bpstudio.playback.captions import Caption
from bpstudio.playback.digits import size_of
from bpstudio.playback.scene import Scene
from bpstudio.ui.showing import Showing

MOST_NAMES = 8
"""So many selected nodes are named."""


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


def plain(text: str) -> str:
    """A sentence as escaped HTML, broken into lines where it is long."""
    return f"<p>{html.escape(text)}</p>"


def in_full(array: Array) -> str:
    """A number with all its figures; of an array the shape and the first entries."""
    if array.size == 1:
        return repr(float(array.item()))
    entries = np.array2string(array, precision=6, threshold=24, edgeitems=3, max_line_width=72)
    return f"({size_of(array)})\n{entries}"


def sentence(shown: Showing, scene: Scene, id: str) -> str:
    """All about a node in words: what it is, its shapes, its wires, its value and gradient."""
    body = scene.bodies[id]
    if body.box:
        told = _("{box}: a folded box of {count}. Enter opens it.")
        return told.format(box=body.title, count=body.subtitle)
    return " ".join(
        describing.sentence(shown.project, node, shown.instant)
        for node in (body.node, body.docked)
        if node is not None
    )


def selected(shown: Showing, scene: Scene, ids: Collection[str]) -> str:
    """What is selected, in words."""
    graph = shown.project.graph
    chosen = [id for id in graph.order if id in ids]
    if not chosen:
        count = len(scene.each)
        words = ngettext("{count} node, none selected.", "{count} nodes, none selected.", count)
        return words.format(count=count)
    if len(chosen) == 1 and chosen[0] in scene.bodies:
        return _("Selected: {node}").format(node=sentence(shown, scene, chosen[0]))
    names = ", ".join(describing.name(graph[id]) for id in chosen[:MOST_NAMES])
    more = ", …" if len(chosen) > MOST_NAMES else ""
    return _("Selected: {node}").format(node=f"{names}{more}.")


def spoken(caption: Caption) -> str:
    """A caption as one sentence after the other."""
    lines = ["".join(span.text for span in line) for line in caption.lines]
    return ". ".join(part for part in (caption.title, caption.words, *lines) if part)
