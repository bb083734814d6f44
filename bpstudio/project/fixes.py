"""Edits that may mend a clash of shapes; offered are those that were tried and help."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Kind, Op
from bpstudio.engine.ops.reshape import Flatten, Reshape, Transpose
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.language import N_, _
from bpstudio.project import edits
from bpstudio.project.project import Project
from bpstudio.project.wiring import Wire

Edit: TypeAlias = Callable[[Project], Project]

MOST = 4
"""So many ways out of one clash are offered, the last of them to do without a wire."""


@dataclass(frozen=True)
class Fix:
    """One way out: what it does in words, and the edit that does it."""

    template: str
    edit: Edit
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it does, in the current language."""
        return _(self.template).format(**self.values)


def of_clash(project: Project, node: Node) -> Iterator[Fix]:
    """Ways out of a clash of shapes: those that were tried and help, then to do without a wire."""
    found = 0
    seen: set[str] = set()
    for fix in _candidates(project, node):
        if found < MOST - 1 and fix.label not in seen and mends(project, fix.edit, node.id):
            found += 1
            seen.add(fix.label)
            yield fix
    for wire in list(wires_into(node))[-1:]:
        values = {"label": label_of(project, source_of(project, wire))}
        target, port, slot = wire
        edit = partial(edits.disconnect, target=target, port=port, slot=slot)
        yield Fix(N_("Remove the wire from {label}"), edit, values)


def mends(project: Project, edit: Edit, id: str) -> bool:
    """Whether after the edit the node runs, and nothing else has stopped running."""
    after = possible(project, edit)
    if after is None or (id not in after.known_shapes):
        return False
    return _unknown(after) < _unknown(project)


def possible(project: Project, edit: Edit) -> Project | None:
    """The project after an edit; None where it can't be made."""
    try:
        return edit(project)
    except StudioError:
        return None


def _candidates(project: Project, node: Node) -> Iterator[Fix]:
    """What may help where shapes clash, the likeliest first."""
    known = project.known_shapes
    wires = list(wires_into(node))
    fed = {wire: known[source_of(project, wire)] for wire in wires}
    widths = _wanted_widths(project, fed.values())
    for wire in wires:
        yield from _other_units(project, source_of(project, wire), widths)
    for wire, shape in fed.items():
        if len(shape.features) > 1:
            flat = Flatten(keep=1 if shape.batched else 0)
            yield _inserted(project, N_("Flatten what {label} gives"), flat, wire)
    for wire, shape in fed.items():
        for size in _other_sizes(shape, (other for w, other in fed.items() if w != wire)):
            laid = Reshape(size=size, keep=1 if shape.batched else 0)
            words = N_("Reshape what {label} gives to {size}")
            yield _inserted(project, words, laid, wire, size=" × ".join(map(str, size)))
    for wire, other in itertools.pairwise(wires):
        yield Fix(N_("Exchange the two wires"), partial(_exchanged, one=wire, other=other))
    for wire, shape in fed.items():
        if len(shape.features) > 1:
            yield _inserted(project, N_("Transpose what {label} gives"), Transpose(), wire)
    yield from _other_parameters(project, node)


def _wanted_widths(project: Project, others: Iterable[Shape]) -> list[int]:
    """How many units may have been meant: as many as something else has, or the data asks for."""
    widths = [shape.features[-1] for shape in others if shape.features]
    data = project.data
    if data is not None:
        if data.classification:
            widths += [1, len(data.classes)]
        else:
            widths.append(data.answers.shape[1])
        widths.append(data.features.shape[-1])
    return list(dict.fromkeys(widths))


def _other_units(project: Project, source: str, widths: Iterable[int]) -> Iterator[Fix]:
    """Another number of units for the layer that decides how wide a source is."""
    graph = project.graph
    while "units" not in graph[source].op.settings:
        if len(graph[source].feeding) != 1 or graph[source].op.category in ("layer", "reshape"):
            return
        source = graph[source].feeding[0]
    for units in widths:
        if graph[source].op.settings["units"] != units:
            edit = partial(edits.set_setting, id=source, setting="units", value=units)
            values = {"label": label_of(project, source), "units": units}
            yield Fix(N_("Set the units of {label} to {units}"), edit, values)


def _other_sizes(shape: Shape, others: Iterable[Shape]) -> Iterator[tuple[int, ...]]:
    """Axes along which the same numbers may be laid: another's, or those of a square picture."""
    count = math.prod(shape.features)
    for other in others:
        if other.features != shape.features and math.prod(other.features) == count:
            yield other.features
    side = math.isqrt(count)
    if len(shape.features) == 1 and side * side == count and side > 1:
        yield side, side, 1


def _other_parameters(project: Project, node: Node) -> Iterator[Fix]:
    """Another shape for a parameter that feeds a weight."""
    known = project.known_shapes
    inputs = {
        port.name: known[node.sources[port.name][0]]
        for port in node.op.ports
        if port.kind is Kind.INPUT and not port.variadic and node.sources.get(port.name)
    }
    try:
        needed = node.op.weight_shapes(**inputs)
    except (ShapeError, TypeError):
        return
    for port, size in needed.items():
        for source in node.sources.get(port, ()):
            if "size" in project.graph[source].op.settings:
                edit = partial(edits.set_setting, id=source, setting="size", value=size)
                shape = " × ".join(map(str, size)) or "1"
                values = {"label": label_of(project, source), "size": shape}
                yield Fix(N_("Give {label} the shape {size}"), edit, values)


def _inserted(project: Project, words: str, op: Op, wire: Wire, **values: object) -> Fix:
    """A gate put into a wire, half way."""
    source = source_of(project, wire)
    (x0, y0), (x1, y1) = (project.places.get(id, (0.0, 0.0)) for id in (source, wire[0]))
    target, port, slot = wire
    edit = partial(
        edits.insert_node,
        op=op,
        place=((x0 + x1) / 2, (y0 + y1) / 2),
        target=target,
        port=port,
        slot=slot,
    )
    return Fix(words, edit, {"label": label_of(project, source), **values})


def _exchanged(project: Project, one: Wire, other: Wire) -> Project:
    """What feeds the one fed to the other, and the other way round."""
    first, second = source_of(project, one), source_of(project, other)
    if one[1] == other[1]:
        raise GraphError(N_("The two wires end at the same port."))
    return edits.connect(edits.connect(project, second, *one[:2]), first, *other[:2])


def _unknown(project: Project) -> int:
    return len(project.graph.nodes) - len(project.known_shapes)


def wires_into(node: Node) -> Iterator[Wire]:
    """The wires into a node, by where they end."""
    for port, sources in node.sources.items():
        for slot in range(len(sources)):
            yield node.id, port, slot


def source_of(project: Project, wire: Wire) -> str:
    return project.graph[wire[0]].sources[wire[1]][wire[2]]


def label_of(project: Project, id: str) -> str:
    return project.graph[id].label
