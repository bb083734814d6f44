"""Several networks of one structure trained at once, a stretch at a time, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.project import runs
from bpstudio.project.project import Project

if TYPE_CHECKING:
    from bpstudio.training.together import Carried


def further(projects: Sequence[Project], carried: Carried | None, end: int) -> Carried:
    """All of them, which differ in their weights alone, trained to step `end`."""
    from bpstudio.training.together import go_on  # with the compiled plans, for who trains here

    first = runs.job(projects[0], end)
    return go_on([replace(first, weights=project.weights) for project in projects], carried, end)


def as_of(project: Project, carried: Carried | None, number: int) -> Project:
    """One of them as it is now."""
    if carried is None:
        return project
    return replace(project, weights={**project.weights, **carried.weights[number]})


def answers(project: Project, features: Array) -> Array:
    """Its answer for each row, shape (rows,)."""
    return np.ravel(runs.predict(project, features))


def grid(low: Sequence[float], high: Sequence[float], cells: int) -> Array:
    """The middles of the cells of a plane, row by row from the top."""
    xs = np.linspace(low[0], high[0], cells)
    ys = np.linspace(high[1], low[1], cells)
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
