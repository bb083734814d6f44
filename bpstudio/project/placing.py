"""Where new nodes stand, and formulas put onto a canvas where there is something already."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from bpstudio.data.dataset import Dataset
from bpstudio.engine.formula import Formula, build
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind, catalog
from bpstudio.errors import GraphError
from bpstudio.language import N_
from bpstudio.project import edits
from bpstudio.project.arrange import arrange
from bpstudio.project.project import TYPED, Project, complete, frozen

Place = tuple[float, float]
Wire = tuple[str, str, int]
"""A wire by where it ends: target node, port, slot."""
Sizes = Mapping[str, tuple[float, float]]

USUAL = (70.0, 54.0)
"""The width and height of a node whose size nobody says."""
ACROSS, DOWN = 56.0, 24.0
"""The room that is left between nodes."""


def free_place(
    project: Project,
    beside: Iterable[str] = (),
    *,
    size: tuple[float, float] = USUAL,
    sizes: Sizes | None = None,
) -> Place:
    """Where the centre of a new node may stand: right of these nodes, else below everything.

    `sizes` are the widths and heights of the nodes that are there. Where something stands
    already, it is looked for further down.
    """
    boxes = {
        id: (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for id, (x, y) in project.places.items()
        for w, h in [(sizes or {}).get(id, USUAL)]
        if w and h
    }
    if not boxes:
        return 0.0, 0.0
    near = [boxes[id] for id in beside if id in boxes]
    if near:
        right = max(near, key=lambda box: box[2])
        x, y = right[2] + ACROSS + size[0] / 2, (right[1] + right[3]) / 2
    else:
        x = min(box[0] for box in boxes.values()) + size[0] / 2
        y = max(box[3] for box in boxes.values()) + 2 * DOWN + size[1] / 2
    for box in sorted(boxes.values(), key=lambda box: box[1]):
        level = abs((box[0] + box[2]) / 2 - x) < (box[2] - box[0] + size[0]) / 2 + DOWN / 2
        if level and box[1] - DOWN / 2 < y + size[1] / 2 and y - size[1] / 2 < box[3] + DOWN / 2:
            y = box[3] + DOWN + size[1] / 2
    return float(round(x)), float(round(y))


def add_formula(
    project: Project,
    text: str,
    place: Place | None = None,
    *,
    source: str = "",
    end: Wire | None = None,
    measure: Callable[[Project], Sizes] | None = None,
) -> Project:
    """The gates of a formula beside what is there, in one edit.

    `place` is the left end of the new network, at half its height, or where only the result is
    connected its right end; without one it stands below everything. A name that is taken gets
    another number; a name's value starts as 1.

    The node `source` stands for the name that `joined` says, and feeds what would read it; the
    result feeds the port `end`, and takes the place of the wire there. `measure` says how much room
    each of the new nodes takes, for whoever knows what they look like. Raises FormulaError for a
    formula that can't be read, and GraphError for one without a name for the source.
    """
    formula = build(text)
    taken = {*project.graph.nodes, *project.groups}
    entry = joined(project, formula, source) if source else ""
    made = [node for node in formula.graph.nodes.values() if node.id != entry]
    new = {**free_names(taken, [node.id for node in made]), **({entry: source} if entry else {})}
    sizes = measure(Project(graph=formula.graph)) if measure is not None else None
    at = {id: xy for id, xy in arrange(formula.graph, sizes).items() if id != entry}
    xs, middle = [x for x, _ in at.values()], _middle(y for _, y in at.values())
    side = max(xs) if end and not source else min(xs)
    x, y = place or _below(project, max(y for _, y in at.values()) - middle)
    nodes = dict(project.graph.nodes)
    for node in made:
        sources = {port: tuple(new[s] for s in ids) for port, ids in node.sources.items()}
        nodes[new[node.id]] = Node(new[node.id], node.op, sources, node.title)
    ones = {
        f"{new[node.id]}.{port.name}": frozen(1.0) for node in made for port in node.owned(*TYPED)
    }
    places = {new[id]: (nx - side + x, ny - middle + y) for id, (nx, ny) in at.items()}
    added = complete(
        replace(
            project,
            graph=Graph(nodes),
            given={**project.given, **ones},
            places={**project.places, **places},
        )
    )
    return added if end is None else _led_to(added, new[formula.output], end)


def joined(project: Project, formula: Formula, source: str) -> str:
    """The name in a formula that a node stands for: its own id or title, else the first.

    Raises GraphError where the formula has no name at all.
    """
    node = project.graph[source]
    if not formula.variables:
        raise GraphError(
            N_("The formula has no name that {label} could stand for. Write one, as in x + 1."),
            nodes=(source,),
            label=node.label,
        )
    own = (name for name in (node.title, node.id) if name in formula.variables)
    return next(own, formula.variables[0])


def _led_to(project: Project, result: str, end: Wire) -> Project:
    """A wire from a result to a port, in the place of the one that is there."""
    target, port, slot = end
    if slot < len(project.graph[target].sources.get(port, ())):
        graph = edits.rewired(project.graph, *end, (result,))
        return complete(replace(project, graph=graph))
    return edits.connect(project, result, target, port)


def use_data(project: Project, data: Dataset, place: Place) -> Project:
    """The data set in the place of the one there was, with a node that reads it at `place` if
    none does yet."""
    chosen = edits.set_data(project, data)
    if project.graph.keys(Kind.FEATURES):
        return chosen
    return edits.add_node(chosen, catalog["data"](), place)


def free_names(taken: Collection[str], ids: Iterable[str]) -> dict[str, str]:
    """For each id of new nodes one that is free: itself, else with another number."""
    wanted = list(ids)
    used, numbers = {*taken, *wanted}, dict[str, int]()
    names = {}
    for id in wanted:
        names[id] = id
        if id in taken:
            stem = re.sub(r"\d+$", "", id)
            number = numbers.get(stem, 1)
            while f"{stem}{number}" in used:
                number += 1
            names[id], numbers[stem] = f"{stem}{number}", number + 1
            used.add(names[id])
    return names


def _below(project: Project, half: float) -> Place:
    if not project.places:
        return 0.0, 0.0
    left = min(x for x, _ in project.places.values())
    lowest = max(y for _, y in project.places.values())
    return left, lowest + half + 3 * USUAL[1]


def _middle(values: Iterable[float]) -> float:
    found = list(values)
    return (min(found) + max(found)) / 2
