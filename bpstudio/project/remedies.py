"""What is wrong with a network that is being built, where it is, and what would mend it.

    problems(project)                            each problem, with the edits that mend it
    circle(project, source, target, port)        why a wire can't be, and which wires stand against

A fix is offered only after it was tried: the edit is made on the project, which is a value, and
what it gives is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind, Port, catalog
from bpstudio.engine.ops.missing import Missing
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.language import N_
from bpstudio.project import edits, wiring
from bpstudio.project.fixes import Fix, label_of, mends, of_clash, possible, source_of, wires_into
from bpstudio.project.iteration import within
from bpstudio.project.project import TYPED, Project, shapes
from bpstudio.project.wiring import Wire

MOST = 24
"""More problems than this are not looked into one by one."""
BESIDE = 110.0
"""How far left of a port a new input stands, in canvas units."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong at a node: at one of its ports, or without a port at the whole of it.

    `wires` are those that have to do with it; `fixes` the ways out, the best one first.
    """

    node: str
    error: StudioError
    port: str = ""
    slot: int = 0
    wires: tuple[Wire, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def sentence(self) -> str:
        """What is wrong, in the current language."""
        return str(self.error)

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from the other problems of its project."""
        return self.node, self.port, self.slot


def problems(project: Project) -> tuple[Problem, ...]:
    """Everything that keeps a part of the network from running, in the order of the run.

    What is only behind another problem is none of its own.
    """
    graph, known = project.graph, project.known_shapes
    if len(known) == len(graph.nodes):
        return ()
    found: list[Problem] = []
    for node in graph.ordered:
        if len(found) >= MOST:
            break
        if node.id in known:
            continue
        openings = list(_open_ports(project, node))
        found += openings
        if not openings and all(source in known for source in node.feeding):
            found += _of_node(project, node)
    return tuple(found)


def circle(project: Project, source: str, target: str, port: str) -> Problem | None:
    """What stands against a wire from a node to a port: the loop that it would close, if any.

    A fix takes one wire of the loop away, so that the new one can be.
    """
    try:
        edits.connect(project, source, target, port)
        return None
    except GraphError as error:
        refused = error
    loop = _way(project.graph, target, source)
    if loop is None:
        return None
    fixes = [
        Fix(
            N_("Remove the wire from {source} to {target}, and connect"),
            partial(_instead, wire=wire, source=source, target=target, port=port),
            {
                "source": label_of(project, source_of(project, wire)),
                "target": label_of(project, wire[0]),
            },
        )
        for wire in dict.fromkeys([*loop[:1], *loop[-1:]])
    ]
    tried = tuple(fix for fix in fixes if possible(project, fix.edit) is not None)
    return Problem(target, refused, port, wires=tuple(loop), fixes=tried)


def _open_ports(project: Project, node: Node) -> Iterator[Problem]:
    """A problem for each input that nothing feeds."""
    for port in node.op.ports:
        if port.kind is not Kind.INPUT or node.sources.get(port.name):
            continue
        error = GraphError(
            N_("{label} has nothing at its port {port}. Connect a wire to it."),
            nodes=(node.id,),
            label=node.label,
            port=port.name,
        )
        fixes = (*_near(project, node, port.name), _an_input(node, port.name))
        yield Problem(node.id, error, port.name, fixes=fixes)


def _near(project: Project, node: Node, port: str) -> Iterator[Fix]:
    """Feed the port from what feeds nothing yet, the nearest on its left."""
    x, y = project.places.get(node.id, (0.0, 0.0))
    fitting = wiring.feeds(project, node.id)
    loose = [
        id
        for id in project.graph.sinks
        if id in fitting and id in project.known_shapes and id in project.places
        if project.places[id][0] < x
    ]
    for id in sorted(loose, key=lambda id: math.dist(project.places[id], (x, y)))[:1]:
        edit = partial(edits.connect, source=id, target=node.id, port=port)
        if possible(project, edit) is not None:
            yield Fix(N_("Connect {label} to it"), edit, {"label": label_of(project, id)})


def _an_input(node: Node, port: str) -> Fix:
    return Fix(N_("Add an input"), partial(_with_input, id=node.id, port=port))


def _of_node(project: Project, node: Node) -> Iterator[Problem]:
    """The problem of a node whose inputs are all fed by what is known."""
    if isinstance(node.op, Missing):
        error = GraphError(
            N_("{label}: this version of Backprop Studio does not know the gate {gate}."),
            nodes=(node.id,),
            label=node.label,
            gate=node.op.gate,
        )
        yield Problem(node.id, error, fixes=tuple(_without(project, node)))
        return
    part = {id: each for id, each in project.graph.nodes.items() if id in project.known_shapes}
    try:
        shapes(within(project, Graph({**part, node.id: node})))
    except StudioError as error:
        wires = tuple(wires_into(node))
        clash = isinstance(error, ShapeError)
        fixes = of_clash(project, node) if clash else _of_value(project, node)
        port = "" if clash else next((p.name for p in _valueless(project, node)), "")
        yield Problem(node.id, error, port, wires=wires if clash else (), fixes=tuple(fixes))


def _without(project: Project, node: Node) -> Iterator[Fix]:
    """Do without a node."""
    if len(node.feeding) == 1 and project.graph.readers[node.id]:
        yield Fix(
            N_("Join its wires without {label}"),
            partial(_healed, id=node.id),
            {"label": node.label},
        )
    yield Fix(
        N_("Delete {label}"), partial(edits.remove_nodes, ids=(node.id,)), {"label": node.label}
    )


def _valueless(project: Project, node: Node) -> Iterator[Port]:
    """The ports whose value nobody gave."""
    for port in node.owned(*TYPED, Kind.FEATURES, Kind.TARGET):
        if f"{node.id}.{port.name}" not in project.known_given:
            yield port


def _of_value(project: Project, node: Node) -> Iterator[Fix]:
    """Ways to give a node the value, the data or the answers that it lacks."""
    fixes: list[Fix] = []
    for port in _valueless(project, node):
        if port.kind in TYPED:
            key = f"{node.id}.{port.name}"
            fixes.append(
                Fix(N_("Give it the value 1"), partial(edits.set_value, key=key, value=1.0))
            )
            continue
        if project.data is None:
            fixes.append(Fix(N_("Take the data set XOR"), _with_data))
        if port.kind is Kind.TARGET:
            fixes.append(
                Fix(
                    N_("Add an input for the right answer"),
                    partial(_with_input, id=node.id, port=port.name),
                )
            )
    yield from (fix for fix in fixes if mends(project, fix.edit, node.id))


def _healed(project: Project, id: str) -> Project:
    return edits.heal(project, id)


def _instead(project: Project, wire: Wire, source: str, target: str, port: str) -> Project:
    """A wire in the place of another one that stands against it."""
    return edits.connect(edits.disconnect(project, *wire), source, target, port)


def _with_input(project: Project, id: str, port: str) -> Project:
    """A new input that feeds a port, left of its node."""
    x, y = project.places.get(id, (0.0, 0.0))
    names = [each.name for each in project.graph[id].op.ports]
    dy = 56.0 * (names.index(port) - (len(names) - 1) / 2)
    return wiring.add_before(project, catalog["input"](), (x - BESIDE, y + dy), id, port)


def _with_data(project: Project) -> Project:
    """With the data set that shows the most with the least."""
    from bpstudio.data import toys  # for this remedy alone; opening a project does not wait for it

    return edits.set_data(project, toys.make("xor"))


def _way(graph: Graph, begin: str, end: str) -> list[Wire] | None:
    """The wires of a shortest way along which a node feeds another; none from it to itself."""
    came: dict[str, str] = {begin: ""}
    waiting = [begin]
    for id in waiting:
        if id == end:
            break
        fresh = [reader for reader in graph.readers[id] if reader not in came]
        came |= dict.fromkeys(fresh, id)
        waiting += fresh
    if end not in came:
        return None
    way: list[Wire] = []
    while came[end]:
        port, slot = next(
            (port, feeding.index(came[end]))
            for port, feeding in graph[end].sources.items()
            if came[end] in feeding
        )
        way.append((end, port, slot))
        end = came[end]
    return way[::-1]
