"""A network built from nothing, compared with the one that was asked for.

It is right when it computes the same: from the same typed values the same number at its end and
the same gradients at its inputs, for other values too. How it is wired, what its gates are called
and in which order they were made is free.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from bpstudio.engine import formula
from bpstudio.engine.op import Array
from bpstudio.engine.ops.source import Input, Parameter
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons.solutions import written
from bpstudio.playback.digits import MINUS
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project

MOST_GATES, MOST_NUMBERS = 14, 16
"""Nobody is asked to build more gates than that, or to type more numbers into an input."""
TRIED = 3
"""For so many other values of the inputs both networks are run."""
MOST_ORDERS = 120
CLOSE = 1e-9

Typed = dict[str, Array]


def buildable(project: Project) -> bool:
    """Whether it can be asked for: gates alone, few of them, that a formula can say."""
    try:
        inputs, end = typed(project), end_of(project)
        formula.text_of(project.graph, end)
    except (StudioError, ValueError):
        return False
    gates = len(project.graph.nodes) - len(inputs)
    small = all(0 < array.size <= MOST_NUMBERS for array in inputs.values())
    return 0 < gates <= MOST_GATES and bool(inputs) and small


def said(project: Project) -> str:
    """The network as a formula, and what its inputs are: `f = (x + y) · z` and `x = −2, …`."""
    end = end_of(project)
    text = formula.text_of(project.graph, end).replace("*", " · ").replace("-", MINUS)
    return f"{end} = {text}"


def values_said(project: Project) -> str:
    """What its inputs are, as `x = −2, y = 5`."""
    return ", ".join(f"{name} = {_written(array)}" for name, array in typed(project).items())


def typed(project: Project) -> Typed:
    """The values that a person types, by the id of their node."""
    found: Typed = {}
    for id, node in project.graph.nodes.items():
        known = project.given if isinstance(node.op, Input) else project.weights
        if isinstance(node.op, Input | Parameter) and f"{id}.value" in known:
            found[id] = np.asarray(known[f"{id}.value"], dtype=float)
    return found


def end_of(project: Project) -> str:
    """The one node that feeds nothing; raises ValueError where there is none or more than one."""
    fed = {source for node in project.graph.nodes.values() for source in node.feeding}
    (end,) = [id for id in project.graph.nodes if id not in fed]
    return end


def lacking(built: Project, wanted: Project) -> str:
    """What a built network still lacks, as a sentence; empty where it computes the same."""
    if not built.graph.nodes:
        return _("There is nothing yet.")
    fed = {source for node in built.graph.nodes.values() for source in node.feeding}
    ends = [node for id, node in built.graph.nodes.items() if id not in fed]
    if len(ends) != 1:
        names = ", ".join(node.label for node in ends)
        text = _("There must be one gate at the end. Here these lead nowhere: {names}.")
        return text.format(names=names)
    missing = _missing(built, wanted)
    if missing:
        return missing
    orders = itertools.islice(_matches(built, wanted), MOST_ORDERS)
    troubles = [_apart(built, wanted, names) for names in orders]
    return troubles[0] if all(troubles) else ""


def _missing(built: Project, wanted: Project) -> str:
    left = list(typed(built).values())
    for name, array in typed(wanted).items():
        place = next((n for n, other in enumerate(left) if np.array_equal(other, array)), None)
        if place is None:
            text = _("An input is missing, or has another value: {name} = {value}.")
            return text.format(name=name, value=_written(array))
        left.pop(place)
    return ""


def _matches(built: Project, wanted: Project) -> Iterator[Mapping[str, str]]:
    """Which input of the wanted network each of the built one may be: by name, or else by value."""
    ours, theirs = typed(wanted), typed(built)
    called = {built.graph[id].label.casefold(): id for id in theirs}
    called |= {id.casefold(): id for id in theirs}
    if len(ours) == len(theirs) and all(name.casefold() in called for name in ours):
        yield {name: called[name.casefold()] for name in ours}
    for order in itertools.permutations(theirs, len(ours)):
        pairs = dict(zip(ours, order, strict=True))
        if all(np.array_equal(ours[name], theirs[id]) for name, id in pairs.items()):
            yield pairs


def _apart(built: Project, wanted: Project, names: Mapping[str, str]) -> str:
    """Where the two differ when their inputs are matched in that way; empty where they do not."""
    there, end = end_of(built), end_of(wanted)
    runs: list[tuple[Recording, Recording]] = []
    for number in range(TRIED + 1):
        values = _others(wanted, number) if number else typed(wanted)
        mine = _run(built, {names[name]: array for name, array in values.items()})
        true = _run(wanted, values)
        if mine is None or true is None or there not in mine.values:
            return _("It can't be run yet: look for a gate whose inputs are open.")
        found = mine.values[there]
        if not _same(found, true.values[end]) and number:
            return _("The number at the end is right, but only for these values of the inputs.")
        if not _same(found, true.values[end]):
            text = _("At the end comes {number}; that is not it yet.")
            return text.format(number=_written(found))
        runs.append((mine, true))
    for mine, true in runs:
        for name, id in names.items():
            if not _same(mine.gradients.get(id), true.gradients.get(name)):
                text = _("The number is right, but the gradient at {name} is not yet.")
                return text.format(name=name)
    return ""


def _others(wanted: Project, number: int) -> Typed:
    """Other values, each of the same sign, so that what had a logarithm still has one."""
    chance = np.random.default_rng(number)
    values = typed(wanted).items()
    return {
        name: (array + 0.1 * (array == 0)) * (1.0 + 0.4 * chance.random(array.shape))
        for name, array in values
    }


def _run(project: Project, values: Mapping[str, Array]) -> Recording | None:
    given, weights = dict(project.given), dict(project.weights)
    for id, array in values.items():
        kept = given if isinstance(project.graph[id].op, Input) else weights
        kept[f"{id}.value"] = array
    try:
        with np.errstate(all="ignore"):
            return iteration(replace(project, given=given, weights=weights))
    except StudioError:
        return None


def _same(one: Array | None, other: Array | None) -> bool:
    """Whether two arrays agree but for rounding; what no gradient reaches has none."""
    if one is None or other is None:
        left = other if one is None else one
        return left is None or not np.any(left)
    if one.size != other.size:
        return False
    return bool(np.allclose(np.ravel(one), np.ravel(other), rtol=CLOSE, atol=CLOSE))


def _written(array: Array) -> str:
    if array.ndim:
        return "[" + ", ".join(_written(entry) for entry in array) + "]"
    return written(float(array))
