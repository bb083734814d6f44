"""What a lesson's step shows, and whether what it asks to be done is done.

A moment is written as

    start · end                     before the first gate; after the last step
    forward · backward · update     where that phase begins
    backward f                      once the gate f has done its step of that phase
    backward 2                      once the second step of that phase is done
    after forward                   once that phase is done

A condition is one of those in `CONDITIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bpstudio.engine.fault import Fault, Plant
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.lessons import building
from bpstudio.lessons.answers import read
from bpstudio.lessons.lesson import EVERYTHING, NOTHING, LessonStep, Predict, quantity_of
from bpstudio.playback.timeline import PHASES, Timeline
from bpstudio.playback.veil import KINDS, Quantity, Veil
from bpstudio.project import runs
from bpstudio.project.project import Project, predicting_node

HARDLY = 1e-3
"""So long before the next moment begins a phase is looked at as a whole."""


class Scene(NamedTuple):
    """What a condition looks at."""

    project: Project
    weights: Mapping[str, Array]
    recording: Recording | None
    position: float
    length: int
    selection: frozenset[str]
    facts: Mapping[str, float] = MappingProxyType({})
    projects: Mapping[str, Project] = MappingProxyType({})


def time_of(moment: str, timeline: Timeline) -> float:
    """The time of a moment in a timeline; raises StudioError where there is no such moment."""
    words = moment.split()
    match words:
        case ["start"]:
            return 0.0
        case ["end"]:
            return float(len(timeline))
        case [phase] if phase in PHASES:
            return float(timeline.span(phase)[0])
        case ["after", phase] if phase in PHASES:
            begin, end = timeline.span(phase)
            return float(end) - HARDLY if end > begin else float(end)
        case [phase, which] if phase in PHASES:
            begin, end = timeline.span(phase)
            if which.isdigit() and len(which) < 5 and begin + int(which) <= end:
                return float(begin + int(which))
            for number in range(begin, end):
                if timeline.moments[number].node == which:
                    return float(number + 1)
    raise StudioError(N_("there is no moment {moment} in this network."), moment=moment)


def veil_of(step: LessonStep, said: frozenset[Quantity]) -> Veil | None:
    """What a step hides; `said` are the numbers that were said in the lesson already."""
    asked = asked_in(step)
    hide = step.state.hide
    if hide == NOTHING:
        return None
    if hide == EVERYTHING:
        return Veil(frozenset(KINDS), said)
    kinds = frozenset(kind for kind in KINDS if hide == f"{kind}s")
    if kinds:
        return Veil(kinds, said)
    return Veil(lifted=said, only=asked) if asked else None


def plant_of(fault: str) -> Plant:
    """The fault that is written as `overwrite at q`; raises StudioError for none that there is."""
    name, _at, node = (part.strip() for part in fault.partition(" at "))
    found = next((each for each in Fault if each.value == name), None)
    if found is None or not node:
        known = ", ".join(each.value for each in Fault)
        template = N_("there is no fault {fault}; there are {known}.")
        raise StudioError(template, fault=name, known=known)
    return Plant(found, node)


def asked_in(step: LessonStep) -> frozenset[Quantity]:
    """The numbers of the shown network that a step asks for."""
    keys = [part.key for part in step.parts if isinstance(part, Predict)]
    return frozenset(filter(None, map(quantity_of, keys)))


def check_condition(condition: str) -> None:
    """Raise StudioError for a condition that is none."""
    name, _space, words = condition.partition(" ")
    if name not in CONDITIONS:
        known = ", ".join(CONDITIONS)
        template = N_("there is no condition {name}; there are {known}.")
        raise StudioError(template, name=name, known=known)
    if not words.strip():
        raise StudioError(N_("the condition {name} says nothing."), name=name)


def met(condition: str, scene: Scene) -> bool:
    """Whether a condition holds; raises StudioError for one that is none."""
    check_condition(condition)
    name, _space, words = condition.partition(" ")
    return CONDITIONS[name](words.strip(), scene)


def right_rows(project: Project, weights: Mapping[str, Array]) -> tuple[int, int] | None:
    """How many rows of the data are on their side of one half, and how many there are."""
    data = project.data
    if data is None:
        return None
    outputs = _outputs(project, weights)
    if outputs is None:
        return None
    targets = np.ravel(data.targets(1))
    if len(outputs) != len(targets):
        return None
    return int(((outputs > 0.5) == (targets > 0.5)).sum()), len(targets)


def _outputs(project: Project, weights: Mapping[str, Array]) -> Array | None:
    """What the network answers to each row, or None while it can't."""
    if project.data is None or predicting_node(project) not in project.known_shapes:
        return None
    try:
        shown = project if weights is project.weights else _with(project, weights)
        return np.ravel(runs.predict(shown, project.data.features))
    except StudioError:
        return None


def _with(project: Project, weights: Mapping[str, Array]) -> Project:
    return replace(project, weights={**project.weights, **weights})


def _has(words: str, scene: Scene) -> bool:
    return any(node.op.name == words for node in scene.project.graph.nodes.values())


def _lacks(words: str, scene: Scene) -> bool:
    return not _has(words, scene)


def _wired(words: str, scene: Scene) -> bool:
    source, _arrow, target = (part.strip() for part in words.partition("->"))
    nodes = scene.project.graph.nodes
    return target in nodes and source in nodes[target].feeding


def _selected(words: str, scene: Scene) -> bool:
    return {part.strip() for part in words.split("+")} <= scene.selection


def _number(kind: str) -> Callable[[str, Scene], bool]:
    def holds(words: str, scene: Scene) -> bool:
        node, _sign, text = (part.strip() for part in words.partition("="))
        recording = scene.recording
        if recording is None:
            return False
        found = recording.values if kind == "value" else recording.gradients
        array = found.get(node)
        return array is not None and _is(array, text)

    return holds


def _comes(words: str, scene: Scene) -> bool:
    """Whether some gate's output is that number."""
    recording = scene.recording
    if recording is None:
        return False
    computed = (step.output for step in recording.forward if step.sources)
    return any(output.size == 1 and _is(output, words) for output in computed)


def _weight(words: str, scene: Scene) -> bool:
    key, _sign, text = (part.strip() for part in words.partition("="))
    array = scene.weights.get(key)
    return array is not None and _is(array, text)


def _is(array: Array, text: str) -> bool:
    """Whether an array has these numbers: what is done is done exactly, but for rounding."""
    return bool(np.allclose(array, read(text, array.shape), rtol=1e-4, atol=1e-9))


def _at(words: str, scene: Scene) -> bool:
    if scene.recording is None or not scene.length:
        return False
    return scene.position >= time_of(words, Timeline(scene.recording))


def _right(words: str, scene: Scene) -> bool:
    found = right_rows(scene.project, scene.weights)
    return found is not None and found[0] >= int(words.split()[0])


def _outputs_are(words: str, scene: Scene) -> bool:
    outputs = _outputs(scene.project, scene.weights)
    if outputs is None:
        return False
    return bool(np.array_equal(outputs > 0.5, read(words, outputs.shape) > 0.5))


def _exhibit(words: str, scene: Scene) -> bool:
    name, sign, text = (part.strip() for part in words.partition("="))
    fact = scene.facts.get(name)
    if fact is None or not sign:
        return bool(fact)
    return bool(np.isclose(fact, float(read(text, ())), rtol=1e-4, atol=1e-9))


def _computes(words: str, scene: Scene) -> bool:
    """Whether it computes what a project of the lesson computes, however it was built."""
    wanted = scene.projects.get(words)
    return wanted is not None and not building.lacking(scene.project, wanted)


def lacking(condition: str, scene: Scene) -> str:
    """What of a condition is not there yet, as a sentence; empty where there is nothing to say."""
    name, _space, words = condition.partition(" ")
    wanted = scene.projects.get(words.strip()) if name == COMPUTES else None
    return "" if wanted is None else building.lacking(scene.project, wanted)


COMPUTES = "computes"
CONDITIONS: Mapping[str, Callable[[str, Scene], bool]] = {
    "has": _has,
    "no": _lacks,
    "wire": _wired,
    "selected": _selected,
    "value": _number("value"),
    "gradient": _number("gradient"),
    "comes": _comes,
    "weight": _weight,
    "at": _at,
    "right": _right,
    "outputs": _outputs_are,
    "exhibit": _exhibit,
    COMPUTES: _computes,
}
"""`has sigmoid` · `no exp` · `wire a -> b` · `selected a + b` · `value f = 3` · `gradient x = -4` ·
`comes 200` out of any gate · `weight dense1.bias = -0.2` · `at backward f` · `right 4` rows ·
`outputs 0 1 1 0` of the rows · `exhibit w = 2.4` · `exhibit over` of what it has come to ·
`computes chain.bps` however it was built."""
