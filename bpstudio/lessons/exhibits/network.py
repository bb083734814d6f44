"""The network of a step, run again with other numbers."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.lessons import keys
from bpstudio.project import edits
from bpstudio.project.project import Project


def needed(project: Project | None) -> Project:
    """The project of the step; raises StudioError where it shows none."""
    if project is None:
        raise StudioError(N_("this exhibit needs a project in the step's state."))
    return project


def with_value(project: Project, node: str, value: float | Array) -> Project:
    """The project with another typed value."""
    return edits.set_value(project, f"{node}.value", np.asarray(value, dtype=float))


def run(project: Project, node: str = "", value: float = 0.0) -> Recording:
    """One iteration, with one typed value another if a node is named."""
    return keys.recording_of(with_value(project, node, value) if node else project)


def typed(project: Project, node: str) -> float:
    """A typed number; raises KeyError where there is no such node."""
    return float(project.given[f"{node}.value"].item())


def places(project: Project) -> dict[str, tuple[float, float]]:
    """Where each node lies in a picture, as on the canvas."""
    nodes = list(project.graph.nodes)
    spots = [project.places.get(node, (0.0, 0.0)) for node in nodes]
    xs, ys = [x for x, _y in spots], [y for _x, y in spots]
    wide, high = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    return {
        node: (0.1 + 0.8 * (x - min(xs)) / wide, 0.12 + 0.76 * (y - min(ys)) / high)
        for node, (x, y) in zip(nodes, spots, strict=True)
    }
