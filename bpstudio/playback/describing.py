"""A node in words, for those who do not see the canvas."""

from __future__ import annotations

import re
from collections.abc import Callable

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind
from bpstudio.language import _
from bpstudio.playback import badges, digits
from bpstudio.playback.timeline import Instant
from bpstudio.project.project import Project

MOST = 4
"""So many names are said one by one, and so many numbers."""


def name(node: Node) -> str:
    """What a node is called, and what it is: `Dense 1`; `hidden, Dense`; `x, Input`."""
    gate = _(node.op.title)
    if node.title:
        return f"{node.title}, {gate}"
    made = re.fullmatch(rf"(?:{node.op.name}|{node.op.category})(\d*)", node.id)
    return f"{gate} {made[1]}".strip() if made else f"{node.id}, {gate}"


def sentence(project: Project, node: Node, instant: Instant | None) -> str:
    """All about a node: `Dense 1, 2 to 4, feeds Tanh 1, value …, gradient ….`"""
    parts = [name(node), shape(project, node), *_wires(project, node)]
    value, gradient = numbers(node.id, instant)
    parts.append(_("value {value}").format(value=value) if value else "")
    parts.append(_("gradient {value}").format(value=gradient) if gradient else "")
    said = ", ".join(part for part in parts if part) + "."
    return " ".join([said, *_badges(project, node, instant)])


def _badges(project: Project, node: Node, instant: Instant | None) -> list[str]:
    """What the badges of a node mean, once its numbers are there."""
    recording = instant.timeline.recording if instant is not None else None
    there = instant is not None and instant.value(node.id) > 0
    own = badges.badges(project, recording, [node.id]).get(node.id, ())
    return [each.sentence for each in own if there or each.kind in badges.LASTING]


def shape(project: Project, node: Node) -> str:
    """How many numbers of a row go in and come out, as far as that is known: `2 to 4`."""
    shapes = project.known_shapes
    if node.id not in shapes:
        return ""
    out = shapes[node.id].features
    size = _axes(out)
    first = next((source for source in node.feeding if source in shapes), None)
    if node.op.category == "layer" and first is not None:
        inputs = _axes(shapes[first].features)
        return _("{inputs} to {outputs}").format(inputs=inputs, outputs=size)
    return _("shape {shape}").format(shape=size) if out else ""


def numbers(
    id: str, instant: Instant | None, write: Callable[[Array], str] | None = None
) -> tuple[str, str]:
    """A node's value and its gradient, each empty until playback has come to it."""
    write = write or written
    if instant is None:
        return "", ""
    recording = instant.timeline.recording
    value, gradient = recording.values.get(id), recording.gradients.get(id)
    return (
        "" if value is None or not instant.value(id) else write(value),
        "" if gradient is None or not instant.gradient(id) else write(gradient),
    )


def written(array: Array) -> str:
    """One number or a few as they are; of many how they are laid out and between what they lie."""
    if array.size <= MOST:
        return ", ".join(map(digits.significant, array.ravel().tolist()))
    low, high = digits.significant(float(array.min())), digits.significant(float(array.max()))
    return _("{size} numbers from {low} to {high}").format(
        size=digits.size_of(array), low=low, high=high
    )


def short(array: Array) -> str:
    """One number as it is; of several how they are laid out."""
    return digits.significant(array.item()) if array.size == 1 else digits.size_of(array)


def _wires(project: Project, node: Node) -> list[str]:
    """What feeds a node, what it feeds, and which of its ports are open."""
    graph = project.graph
    needed = [port.name for port in node.op.ports if port.kind is Kind.INPUT]
    said = [
        _("port {port} is open").format(port=port) for port in needed if not node.sources.get(port)
    ]
    readers = [name(graph[id]) for id in graph.readers[node.id]]
    if readers:
        more = ", …" if len(readers) > MOST else ""
        listed = _(" and ").join(readers[:MOST]) + more
        said.append(_("feeds {nodes}").format(nodes=listed))
    elif node.op.category != "loss":
        said.append(_("feeds nothing"))
    return said


def _axes(axes: tuple[int, ...]) -> str:
    return " × ".join(map(str, axes)) or "1"
