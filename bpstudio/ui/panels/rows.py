"""The project as rows: boxes and opened gates, in them nodes, in these their ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind, Port
from bpstudio.language import _, ngettext
from bpstudio.playback import describing
from bpstudio.playback.timeline import Instant
from bpstudio.project.project import Project

Held = Mapping[str, Array]
BOX, OPENED, NODE, PORT = "box", "opened", "node", "port"


@dataclass(eq=False)
class Row:
    """A row of the outline: a box, an opened gate, a node, or a port of a node.

    `id` is that of the box, the gate or the node; `port` is empty but for ports.
    """

    kind: str
    id: str
    port: str = ""
    parent: Row | None = None
    children: list[Row] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """What the row is of, whatever else there is."""
        return self.kind, self.id, self.port


def tree(project: Project) -> list[Row]:
    """The uppermost rows, those below in their `children`; nodes in the order of the run."""
    rows: dict[str, Row] = {}
    top: list[Row] = []

    def row_of(id: str) -> Row:
        if id not in rows:
            kind = OPENED if id in project.groups else BOX if id in project.boxes else NODE
            row = rows[id] = Row(kind, id)
            around = _around(project, id)
            row.parent = row_of(around) if around else None
            (top if row.parent is None else row.parent.children).append(row)
        return rows[id]

    for node in project.graph.ordered:
        row = row_of(node.id)
        row.children += [Row(PORT, node.id, port.name, row) for port in _ports(node)]
    return top


def each(rows: list[Row]) -> Iterator[Row]:
    """These rows and all below them."""
    for row in rows:
        yield row
        yield from each(row.children)


def nodes(project: Project, row: Row) -> frozenset[str]:
    """The nodes that a row stands for: its own, or those within."""
    if row.kind in (NODE, PORT):
        return frozenset({row.id})
    return frozenset(inner.id for inner in each([row]) if inner.kind == NODE)


def title(project: Project, row: Row) -> str:
    """What stands in the row."""
    if row.kind == PORT:
        return _port_words(project, row)
    if row.kind == BOX:
        return project.boxes[row.id].label
    if row.kind == OPENED:
        return _("{gate}, opened").format(gate=describing.name(project.groups[row.id].node))
    return describing.name(project.graph[row.id])


def sentence(project: Project, row: Row, held: Held, instant: Instant | None) -> str:
    """All about the row in words."""
    if row.kind == NODE:
        return describing.sentence(project, project.graph[row.id], instant)
    if row.kind == PORT:
        value, gradient = numbers(project, row, held, instant)
        parts = [title(project, row)]
        parts.append(_("value {value}").format(value=value) if value else "")
        parts.append(_("gradient {value}").format(value=gradient) if gradient else "")
        return ", ".join(part for part in parts if part) + "."
    count = len(nodes(project, row))
    words = ngettext("{name}, box with {count} node.", "{name}, box with {count} nodes.", count)
    if row.kind == OPENED:
        words = ngettext("{name}, {count} node.", "{name}, {count} nodes.", count)
    return words.format(name=title(project, row), count=count)


def numbers(
    project: Project,
    row: Row,
    held: Held,
    instant: Instant | None,
    write: Callable[[Array], str] = describing.written,
) -> tuple[str, str]:
    """The value and the gradient of a row, each empty where there is none yet.

    `held` has the weights, statistics and typed values by key `node.port`.
    """
    if row.kind == NODE:
        return describing.numbers(row.id, instant, write)
    if row.kind != PORT or instant is None:
        return "", ""
    key, recording = f"{row.id}.{row.port}", instant.timeline.recording
    sources = project.graph[row.id].sources.get(row.port, ())
    if len(sources) == 1:
        value = describing.numbers(sources[0], instant, write)[0]
    else:
        value = write(held[key]) if key in held else ""
    step = next((step for step in recording.backward if step.node == row.id), None)
    done = instant.timeline.backward_at.get(row.id)
    passed = () if step is None else step.passed.get(row.port, ())
    shown = done is not None and instant.done(done) > 0
    gradient = ", ".join(map(write, passed)) if shown else ""
    return value, gradient


def _around(project: Project, id: str) -> str:
    """The opened gate or the box in which something lies; empty at the top."""
    for outer, group in project.groups.items():
        if id in group.members:
            return outer
    for box in project.boxes.values():
        if id in box.members:
            return box.id
    if id in project.groups:
        # A box holds the parts of what was opened in it, not the opened gate itself.
        parts = [part for part in project.groups[id].members if part not in project.groups]
        return next((found for part in parts if (found := _boxed(project, part))), "")
    return ""


def _boxed(project: Project, id: str) -> str:
    return next((box.id for box in project.boxes.values() if id in box.members), "")


def _ports(node: Node) -> list[Port]:
    """The ports with something to tell: those of noise have no value of their own."""
    return [port for port in node.op.ports if port.kind is not Kind.NOISE]


def _port_words(project: Project, row: Row) -> str:
    node = project.graph[row.id]
    sources = node.sources.get(row.port, ())
    kind = next(port.kind for port in node.op.ports if port.name == row.port)
    if sources:
        names = ", ".join(describing.name(project.graph[id]) for id in sources)
        return _("{port} from {nodes}").format(port=row.port, nodes=names)
    if kind is Kind.INPUT:
        return _("{port}, open").format(port=row.port)
    key = f"{row.id}.{row.port}"
    held: dict[str, Array] = {**project.weights, **project.statistics, **project.given}
    if key in held and held[key].size > 1:
        size = " × ".join(map(str, held[key].shape))
        return _("{port}, {size} numbers").format(port=row.port, size=size)
    return row.port
