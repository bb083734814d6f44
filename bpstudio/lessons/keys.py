"""What a lesson's answers are computed from, so that no number in a lesson has to be believed.

gradient q · gradient x via f.a · value f      a number of the network that is shown
value s with x1 = 1, x2 = 0                    the same with other typed values
formula 0.5 * x + b with x = [0, 1], b = 1     something reckoned
best line xor                                  how many points one line can get right
positive sines 4096                            for how many i = 1 … 4096 sin(i) is positive
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from bpstudio.data import toys
from bpstudio.engine.expression import evaluate, parse
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.lessons.answers import read
from bpstudio.lessons.lesson import Key, quantity_of
from bpstudio.playback.veil import array_of
from bpstudio.project import edits
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project

_SLOPES = np.linspace(-2.0, 2.0, 41)
_LONGEST_LIST = 64
_MOST_SINES = 100_000


def computed(key: Key, project: Project | None) -> Array:
    """The true answer; raises StudioError where it can't be computed."""
    return _KINDS[key.kind](key, project)


def recording_of(project: Project) -> Recording:
    """One iteration of a project with its own weights."""
    return iteration(project, step=project.trained.steps)


def _of_network(key: Key, project: Project | None) -> Array:
    if project is None:
        raise StudioError(N_("{kind} {of}: the step shows no project."), kind=key.kind, of=key.of)
    for name, text in key.given:
        project = edits.set_value(project, f"{name}.value", _value(text))
    quantity = quantity_of(replace(key, given=()))
    assert quantity is not None
    array = array_of(recording_of(project), quantity)
    if array is None:
        known = ", ".join(project.graph.nodes)
        template = N_("{kind} {of}: the network has no such number. Its nodes: {known}.")
        raise StudioError(template, kind=key.kind, of=key.of, known=known)
    return np.asarray(array, dtype=float)


def _reckoned(key: Key, _project: Project | None) -> Array:
    names = {name: _value(text) for name, text in key.given}
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(evaluate(parse(key.of), names), dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        template = N_("formula {of} can't be reckoned: {reason}.")
        raise StudioError(template, of=key.of, reason=error) from error
    if not np.isfinite(result).all():
        raise StudioError(N_("formula {of} gives no finite number."), of=key.of)
    return result


def _best_line(key: Key, _project: Project | None) -> Array:
    """The most points of a set of two classes that lie on their own side of any straight line."""
    data = toys.make(key.of)
    points = data.features[:, :2]
    wanted = np.ravel(data.targets(1)) > 0.5
    slopes = np.array([w for w in itertools.product(_SLOPES, _SLOPES) if any(w)])
    sums = slopes @ points.T
    # For each direction it is enough to try a line between any two neighbours, and outside.
    order = np.sort(sums, axis=1)
    between = (order[:, 1:] + order[:, :-1]) / 2
    cuts = np.concatenate([order[:, :1] - 1, between, order[:, -1:] + 1], axis=1)
    above = sums[:, None, :] > cuts[:, :, None]
    return np.asarray(float((above == wanted).sum(axis=2).max()))


def _positive_sines(key: Key, _project: Project | None) -> Array:
    """For how many of the first so many whole numbers the sine is positive."""
    if not key.of.isdigit() or int(key.of) > _MOST_SINES:
        raise StudioError(N_("up to {most} sines can be counted."), most=_MOST_SINES)
    return np.asarray(float((np.sin(np.arange(1, int(key.of) + 1)) > 0).sum()))


def _value(text: str) -> Array:
    if text.startswith("["):
        count = len([part for part in text.strip("[]").split(",") if part.strip()])
        if count > _LONGEST_LIST:
            raise StudioError(N_("A list has {most} numbers at most."), most=_LONGEST_LIST)
        return read(text, (count,))
    return read(text, ())


_KINDS: Mapping[str, Callable[[Key, Project | None], Array]] = {
    "value": _of_network,
    "gradient": _of_network,
    "formula": _reckoned,
    "best line": _best_line,
    "positive sines": _positive_sines,
}
