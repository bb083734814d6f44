"""What a glance at a node should tell: frozen, a tie, dead units, saturation, ∞, out of reach.

Badges are read from a project and the recording of one of its iterations. Each has a sentence for
its tooltip and for those who do not see the canvas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.engine.run import Recording, Step
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.bodies import Body, docked
from bpstudio.playback.marks import Box, Discs, Ink, Line, Mark, Rect
from bpstudio.playback.scene import Scene
from bpstudio.project.project import Project, loss_node
from bpstudio.training.diagnosis import Diagnosis

FROZEN, TIE, DEAD, SATURATED, NOT_FINITE, UNREACHED, WARNED = (
    "frozen",
    "tie",
    "dead",
    "saturated",
    "not finite",
    "unreached",
    "warned",
)
LASTING = frozenset({FROZEN, UNREACHED, WARNED})
"""What holds whatever the numbers are."""
INKS: Mapping[str, str] = {
    FROZEN: "accent",
    TIE: "local",
    DEAD: "update",
    SATURATED: "update",
    NOT_FINITE: "gradient",
    UNREACHED: "muted",
    WARNED: "update",
}
"""The colour of each; its sign tells them apart as well."""
STEEPEST: Mapping[str, float] = {"sigmoid": 0.25, "tanh": 1.0}
"""The gates that saturate, and the steepest slope of each."""
FLAT = 0.02
"""A gate is saturated where its slope is below this share of its steepest."""
SAID = frozenset({"dead", "saturated", "nan"})
"""The diagnoses that have badges of their own."""
RADIUS, PITCH = 8.0, 19.0


@dataclass(frozen=True)
class Badge:
    """One thing to know about a node, with the sentence that says it."""

    kind: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What it means, in the current language."""
        return _(self.template).format(**self.values)


def badges(
    project: Project,
    recording: Recording | None,
    ids: Iterable[str] | None = None,
    diagnoses: Iterable[Diagnosis] = (),
) -> dict[str, tuple[Badge, ...]]:
    """The badges of each node that has any: of all nodes, or of these.

    Without a recording nothing runs, and only what holds without numbers is known. A diagnosis
    stands where it speaks of, unless the node has a badge that says the same.
    """
    wanted = project.graph.nodes.keys() if ids is None else set(ids)
    found: dict[str, list[Badge]] = {}
    for id in project.training.frozen & wanted:
        found[id] = [*_frozen(project, id)]
    for diagnosis in diagnoses:
        for id in wanted & set(diagnosis.nodes) if diagnosis.kind not in SAID else ():
            warned = Badge(WARNED, "{sentence}", {"sentence": diagnosis.sentence})
            found.setdefault(id, []).append(warned)
    judged = loss_node(project) is not None
    for step in recording.forward if recording is not None else ():
        if recording is None or step.node not in wanted or _unremarkable(recording, step, judged):
            continue
        if not _hidden(step):
            own = [
                *_of_values(project, step),
                *_of_gradients(project, recording, step.node, judged),
            ]
            if own:
                found.setdefault(step.node, []).extend(own)
    return {id: tuple(own) for id, own in found.items() if own}


def _frozen(project: Project, id: str) -> Iterator[Badge]:
    node = project.graph[id]
    if id in project.training.frozen and node.owned(Kind.WEIGHT):
        words = N_("{label} is frozen: training leaves its weights as they are.")
        yield Badge(FROZEN, words, {"label": node.label})


def _unremarkable(recording: Recording, step: Step, judged: bool) -> bool:
    """Whether nothing can be said of a gate, seen at a glance: most are plain numbers."""
    if step.output.size != 1:
        return False
    value, name = step.output.item(), step.op.name
    if not math.isfinite(value) or (name == "relu" and value <= 0):
        return False
    if name in ("max", "min"):
        first, second = step.arguments.values()
        if not isinstance(first, np.ndarray) or not isinstance(second, np.ndarray):
            return False
        if first.size != 1 or second.size != 1 or first.item() == second.item():
            return False
    elif name in STEEPEST and _slope(name, value) < FLAT * STEEPEST[name]:
        return False
    gradient = recording.gradients.get(step.node)
    if gradient is None:
        return not recording.backward or not judged
    return gradient.size == 1 and math.isfinite(gradient.item())


def _hidden(step: Step) -> bool:
    """Whether a number that the gate read or gave is kept from sight."""
    return any(map(_veiled, (step.output, *step.values)))


def _veiled(array: Array) -> bool:
    if array.size == 1:
        return digits.is_hidden(array.item())
    return any(map(digits.is_hidden, array[np.isnan(array)].tolist()))


def _of_values(project: Project, step: Step) -> Iterator[Badge]:
    """What the numbers say that a gate read and gave."""
    label = project.graph[step.node].label
    if not _finite(step.output):
        yield Badge(
            NOT_FINITE,
            N_("{label} gives {what}: {count} of its {total} numbers are not finite."),
            _counted(label, ~np.isfinite(step.output)) | {"what": _what(step.output)},
        )
    name = step.op.name
    if name in ("max", "min"):
        first, second = step.values
        tied = np.equal(*np.broadcast_arrays(first, second))
        if tied.any():
            yield _tie(label, tied)
    elif name == "relu":
        dead = _units(project, step.output <= 0)
        if dead.all() and dead.size == 1:
            words = N_("{label} is closed: its input is not above 0, so no gradient passes.")
            yield Badge(DEAD, words, {"label": label})
        elif dead.any():
            words = N_(
                "{label}: {count} of {total} units give 0 for every row, so no gradient passes "
                "through them."
            )
            yield Badge(DEAD, words, _counted(label, dead))
    elif name in STEEPEST:
        flat = _units(project, _slope(name, step.output) < FLAT * STEEPEST[name])
        if flat.all() and flat.size == 1:
            words = N_(
                "{label} is saturated: its curve is so flat here that hardly any gradient passes."
            )
            yield Badge(SATURATED, words, {"label": label})
        elif flat.any():
            words = N_(
                "{label}: {count} of {total} units are saturated for every row, so hardly any "
                "gradient passes through them."
            )
            yield Badge(SATURATED, words, _counted(label, flat))


def _tie(label: str, tied: Array) -> Badge:
    if tied.size == 1:
        words = N_("{label} has a tie: both inputs are equal, so each gets half of the gradient.")
        return Badge(TIE, words, {"label": label})
    words = N_(
        "{label} has {count} ties among {total} numbers: there each input gets half of the "
        "gradient."
    )
    return Badge(TIE, words, _counted(label, tied))


def _of_gradients(project: Project, recording: Recording, id: str, judged: bool) -> Iterator[Badge]:
    if not recording.backward:
        return
    label, gradient = project.graph[id].label, recording.gradients.get(id)
    if gradient is None:
        if judged and not _only_shows(project, id):
            words = N_("{label} is out of the loss's reach: no gradient comes back to it.")
            yield Badge(UNREACHED, words, {"label": label})
    elif gradient.size == 1 and math.isfinite(gradient.item()):
        return
    elif not _finite(gradient) and _finite(recording.values[id]) and not _veiled(gradient):
        yield Badge(
            NOT_FINITE,
            N_("The gradient at {label} holds {what}: {count} of {total} numbers."),
            _counted(label, ~np.isfinite(gradient)) | {"what": _what(gradient)},
        )


def _only_shows(project: Project, id: str) -> bool:
    """Whether a node is there to be looked at, as a softmax beside the loss of the same logits."""
    activation = project.graph[id].op.category == "activation"
    return activation and id in project.graph.sinks and id in docked(project)


def _finite(array: Array) -> bool:
    return math.isfinite(array.item()) if array.size == 1 else bool(np.isfinite(array).all())


def _what(array: Array) -> str:
    return "NaN" if np.isnan(array).any() else "∞"


def _slope(name: str, output: Any) -> Any:
    """The slope where a gate stands, from what it gave: of a number or of an array."""
    return output * (1 - output) if name == "sigmoid" else 1 - output * output


def _units(project: Project, holds: Array) -> Array:
    """For each unit whether something holds for it in every row."""
    return np.all(holds, axis=0) if project.graph.has_batch and holds.ndim else holds


def _counted(label: str, which: Array) -> dict[str, object]:
    """Which of some numbers, counted for a sentence."""
    return {"label": label, "count": int(which.sum()), "total": which.size}


def places(scene: Scene, found: Mapping[str, tuple[Badge, ...]]) -> list[tuple[Rect, Badge]]:
    """Where each badge stands."""
    bodies = {scene.bodies[id].node.id: scene.bodies[id] for id in found if id in scene.bodies}
    return placed(bodies.values(), found)


def placed(
    bodies: Iterable[Body], found: Mapping[str, tuple[Badge, ...]]
) -> list[tuple[Rect, Badge]]:
    """Where the badges of some bodies stand: at the right upper corner, from right to left."""
    standing = []
    for body in bodies:
        own = [badge for id in body.ids for badge in found.get(id, ())]
        radius, pitch = RADIUS * body.type, PITCH * body.type
        x, y = body.rect.right - (3.0 if not body.round else 6.0), body.rect.y + 3.0
        for index, badge in enumerate(dict.fromkeys(b.kind for b in own)):
            chosen = next(b for b in own if b.kind == badge)
            left = x - index * pitch - radius
            standing.append((Rect(left, y - radius, 2 * radius, 2 * radius), chosen))
    return standing


def marks(standing: Iterable[tuple[Rect, Badge]]) -> Iterator[Mark]:
    """Badges as they are drawn: a disc with a sign."""
    for rect, badge in standing:
        ink = Ink(INKS[badge.kind])
        radius = rect.width / 2
        yield Box(rect, radius, Ink("node"), ink, 0.17 * radius)
        yield from _sign(badge.kind, rect, ink)


_LOOP = (
    (0.0, 0.0),
    (0.16, -0.24),
    (0.4, -0.28),
    (0.58, 0.0),
    (0.4, 0.28),
    (0.16, 0.24),
    (0.0, 0.0),
)
SIGNS: Mapping[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    FROZEN: (
        ((0.0, -0.62), (0.0, 0.62)),
        ((-0.54, -0.31), (0.54, 0.31)),
        ((-0.54, 0.31), (0.54, -0.31)),
    ),
    TIE: (((-0.42, -0.2), (0.42, -0.2)), ((-0.42, 0.2), (0.42, 0.2))),
    DEAD: (
        ((-0.6, 0.32), (0.6, 0.32)),
        ((-0.26, -0.46), (0.26, 0.06)),
        ((-0.26, 0.06), (0.26, -0.46)),
    ),
    SATURATED: (
        ((-0.62, 0.38), (-0.3, 0.34), (-0.1, 0.15), (0.1, -0.15), (0.3, -0.34), (0.62, -0.38)),
    ),
    NOT_FINITE: (_LOOP, tuple((-x, y) for x, y in _LOOP)),
    WARNED: (((0.0, -0.6), (0.0, 0.12)), ((0.0, 0.44), (0.0, 0.5))),
    UNREACHED: (
        ((-0.66, 0.0), (-0.22, 0.0)),
        ((0.22, 0.0), (0.66, 0.0)),
        ((-0.12, 0.36), (0.12, -0.36)),
    ),
}
"""The lines of each sign on a disc of radius 1, y downwards: a snowflake, an equals sign, a flat
line with a cross, a flattened curve, a lying eight, an exclamation mark, a broken wire."""


def _sign(kind: str, rect: Rect, ink: Ink) -> Iterator[Mark]:
    x, y = rect.centre
    radius = rect.width / 2
    for points in SIGNS[kind]:
        yield Line(np.array(points) * radius + (x, y), ink, 0.19 * radius)
    if kind == SATURATED:
        yield Discs(np.array([[x + 0.58 * radius, y - 0.38 * radius]]), 0.2 * radius, ink)
