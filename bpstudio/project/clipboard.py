"""Nodes as text, to be pasted elsewhere: into this studio, another one, a mail.

The text is a document of JSON: what is copied as a small project, written and read as a file is,
so that nothing that is pasted can be what a file could not. Any other text is taken for a formula.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array
from bpstudio.engine.unfold import Group
from bpstudio.errors import FileError, StudioError
from bpstudio.language import N_
from bpstudio.project import boxes
from bpstudio.project.container import MOST_JSON_BYTES, Parts, array_of, npy
from bpstudio.project.groups import renamed
from bpstudio.project.placing import Sizes, add_formula, free_names
from bpstudio.project.project import Project, complete
from bpstudio.project.reading import NewerFormat, project_of
from bpstudio.project.records import decoded
from bpstudio.project.writing import parts_of

MARK = "backprop-studio"
"""The first name in the text, by which it is recognised."""
VERSION = 1
LONGEST = 2 * MOST_JSON_BYTES
"""No text of more characters is pasted."""
STEP = 32.0
"""How far a copy stands below and to the right of what it was made from, in canvas units."""

Place = tuple[float, float]
Value = TypeVar("Value")


class _Copied(msgspec.Struct, forbid_unknown_fields=True, rename={"version": MARK}):
    """The text: its version, a project, and its arrays as files of NumPy in base64."""

    version: int
    project: msgspec.Raw
    arrays: dict[str, str]


def text_of(project: Project, ids: Iterable[str]) -> str:
    """Some nodes and notes as text, with the wires among them, their values and weights, and the
    boxes and opened gates that they fill. Raises FileError for what a file could not hold."""
    parts = parts_of(part(project, ids))
    arrays = {name: base64.b64encode(npy(a)).decode() for name, a in sorted(parts.arrays.items())}
    written = json.dumps(json.loads(parts.document), ensure_ascii=False)
    return f'{{"{MARK}": {VERSION}, "project": {written}, "arrays": {json.dumps(arrays)}}}'


def is_copied(text: str) -> bool:
    """Whether a text claims to be something that a studio copied."""
    return re.match(rf'\s*\{{\s*"{MARK}"', text) is not None


def paste(
    project: Project,
    text: str,
    place: Place | None = None,
    *,
    measure: Callable[[Project], Sizes] | None = None,
) -> Project:
    """The project with what a text holds: nodes copied by a studio, or the gates of a formula.

    `place` is where the middle of it comes to stand; without one, copied nodes stand beside where
    they were. `measure` is for a formula, as in `add_formula`. Raises StudioError for a text that
    is neither.
    """
    if len(text) > LONGEST:
        raise StudioError(
            N_("What was copied has {count} characters; there is room for {most}."),
            count=len(text),
            most=LONGEST,
        )
    if is_copied(text):
        return join(project, read(text), place)
    return add_formula(project, text.strip(), place, measure=measure)


def duplicate(project: Project, ids: Iterable[str]) -> Project:
    """The project with a copy of some nodes and notes beside them."""
    return join(project, part(project, ids))


def read(text: str) -> Project:
    """The small project in a copied text; raises FileError for one that is none."""
    try:
        decoded(text.encode("utf-8", "surrogatepass"))
        copied = msgspec.json.decode(text, type=_Copied)
        arrays = {
            name: array_of(f"arrays.{name}"[:300], base64.b64decode(content, validate=True))
            for name, content in copied.arrays.items()
        }
        return project_of(Parts(bytes(copied.project), arrays))
    except NewerFormat:
        raise
    except (msgspec.DecodeError, ValueError) as error:
        raise _refused(StudioError("{reason}.", reason=error)) from None
    except StudioError as error:
        raise _refused(error) from None


def part(project: Project, ids: Iterable[str]) -> Project:
    """Some nodes and notes as a project of their own, with what belongs to them alone."""
    chosen = frozenset(ids)
    graph = project.graph
    names = {graph[id].id for id in chosen if id not in project.notes}
    nodes = {id: _alone(node, names) for id, node in graph.nodes.items() if id in names}
    alone = Graph(nodes)
    return Project(
        graph=alone,
        given=_of(project.given, alone),
        weights=_of(project.weights, alone),
        statistics=_of(project.statistics, alone),
        places={id: place for id, place in project.places.items() if id in names},
        training=replace(Project().training, frozen=project.training.frozen & names),
        groups=_groups_within(project.groups, names),
        boxes=boxes.covered(project.boxes, chosen),
        notes={id: note for id, note in project.notes.items() if id in chosen},
    )


def join(project: Project, other: Project, place: Place | None = None) -> Project:
    """The project with all nodes, boxes and notes of another one, under ids that are free.

    `place` is where the middle of them comes to stand; without one they stand a step beside where
    they were, or as many steps as it takes to stand free.
    """
    if not other.graph.nodes and not other.notes:
        return project
    taken = {*project.graph.nodes, *project.groups}
    names = free_names(taken, [*other.graph.nodes, *other.groups])
    names |= _numbered(project.boxes, other.boxes, "box")
    names |= _numbered(project.notes, other.notes, "note")
    dx, dy = _shift(project, other, place)
    nodes = {}
    for node in other.graph.nodes.values():
        sources = {port: tuple(names[s] for s in ids) for port, ids in node.sources.items()}
        nodes[names[node.id]] = replace(node, id=names[node.id], sources=sources)
    frozen = project.training.frozen | {names[id] for id in other.training.frozen}
    training = project.training
    return complete(
        replace(
            project,
            graph=Graph({**project.graph.nodes, **nodes}),
            given={**project.given, **_keyed(other.given, names)},
            weights={**project.weights, **_keyed(other.weights, names)},
            statistics={**project.statistics, **_keyed(other.statistics, names)},
            places={
                **project.places,
                **{names[id]: (x + dx, y + dy) for id, (x, y) in _places(other).items()},
            },
            training=training if frozen == training.frozen else replace(training, frozen=frozen),
            groups={
                **project.groups,
                **{names[id]: renamed(group, names) for id, group in other.groups.items()},
            },
            boxes={
                **project.boxes,
                **{
                    names[id]: replace(
                        box, id=names[id], members=tuple(names[member] for member in box.members)
                    )
                    for id, box in other.boxes.items()
                },
            },
            notes={
                **project.notes,
                **{
                    names[id]: replace(
                        note, id=names[id], place=(note.place[0] + dx, note.place[1] + dy)
                    )
                    for id, note in other.notes.items()
                },
            },
        )
    )


def _alone(node: Node, names: Collection[str]) -> Node:
    """The node with the wires from these nodes alone."""
    kept = {port: tuple(s for s in ids if s in names) for port, ids in node.sources.items()}
    kept = {port: ids for port, ids in kept.items() if ids}
    return node if kept == node.sources else replace(node, sources=kept)


def _of(held: Mapping[str, Array], graph: Graph) -> dict[str, Array]:
    return {key: array for key, array in held.items() if key.partition(".")[0] in graph.nodes}


def _groups_within(groups: Mapping[str, Group], names: Collection[str]) -> dict[str, Group]:
    """The opened gates all of whose members are among these."""
    within = dict(groups)
    while outside := [
        id
        for id, group in within.items()
        if any(member not in names and member not in within for member in group.members)
    ]:
        for id in outside:
            del within[id]
    return within


def _numbered(taken: Collection[str], ids: Iterable[str], stem: str) -> dict[str, str]:
    names: dict[str, str] = {}
    used = set(taken)
    for id in ids:
        names[id] = id if id not in used else boxes.free_id(used, stem)
        used.add(names[id])
    return names


def _keyed(held: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    split = ((*key.partition(".")[::2], value) for key, value in held.items())
    return {f"{names[id]}.{port}": value for id, port, value in split}


def _places(project: Project) -> dict[str, Place]:
    return {id: project.places.get(id, (0.0, 0.0)) for id in project.graph.nodes}


def _shift(project: Project, other: Project, place: Place | None) -> Place:
    points = [*_places(other).values(), *(note.place for note in other.notes.values())]
    if not points:
        return 0.0, 0.0
    if place is not None:
        xs, ys = zip(*points, strict=True)
        return place[0] - (min(xs) + max(xs)) / 2, place[1] - (min(ys) + max(ys)) / 2
    there = {
        (round(x), round(y))
        for x, y in (*project.places.values(), *(note.place for note in project.notes.values()))
    }
    steps = 0
    while any((round(x + steps * STEP), round(y + steps * STEP)) in there for x, y in points):
        steps += 1
    return steps * STEP, steps * STEP


def _refused(problem: StudioError) -> FileError:
    return FileError(N_("What was copied can't be pasted. {problem}"), problem=problem)
