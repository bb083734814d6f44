"""Freezing: nodes whose weights training leaves as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bpstudio.engine.op import Kind
from bpstudio.errors import GraphError
from bpstudio.language import N_
from bpstudio.project import edits
from bpstudio.project.project import Project


def trained(project: Project, ids: Iterable[str]) -> frozenset[str]:
    """Those of these nodes that hold weights."""
    nodes = project.graph.nodes
    return frozenset(id for id in ids if id in nodes and nodes[id].owned(Kind.WEIGHT))


def are_frozen(project: Project, ids: Iterable[str]) -> bool:
    """Whether there are weights in these nodes, and all of them are frozen."""
    held = trained(project, ids)
    return bool(held) and held <= project.training.frozen


def freeze(project: Project, ids: Iterable[str], frozen: bool = True) -> Project:
    """These nodes' weights frozen, or trained again. Raises GraphError where they hold none."""
    held = trained(project, [project.graph[id].id for id in ids])
    if not held:
        raise GraphError(N_("Only nodes with weights can be frozen. Select a layer."))
    now = project.training.frozen | held if frozen else project.training.frozen - held
    return edits.set_training(project, replace(project.training, frozen=now))
