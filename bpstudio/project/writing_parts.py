"""What a project file and the runs in it have in common: nodes, settings, arrays into records."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array
from bpstudio.project.records import MemoryRecord, NodeRecord, StopRecord, TrainingRecord
from bpstudio.training.job import Memory
from bpstudio.training.settings import Settings

MEMORY = "memory-"
"""What the names of an optimizer's vectors begin with: they are no key `node.port`."""


def node_record(node: Node, place: tuple[float, float] | None = None) -> NodeRecord:
    """A node, at its place on the canvas if it has one."""
    return NodeRecord(
        id=node.id,
        op=node.op.name,
        settings=dict(node.op.settings),
        sources={port: list(sources) for port, sources in node.sources.items()},
        title=node.title,
        place=place,
    )


def held_record(
    values: Mapping[str, Array], arrays: dict[str, Array], within: str = ""
) -> dict[str, float | str]:
    """Single numbers as they stand; arrays go to `arrays`, under their key after `within`."""
    held: dict[str, float | str] = {}
    for key, value in values.items():
        if value.ndim or value.dtype != np.float64:
            held[key] = name = f"{within}{key}"
            arrays[name] = value
        else:
            number = float(value)
            held[key] = number if np.isfinite(number) else str(number)
    return held


def training_record(settings: Settings) -> TrainingRecord:
    """How a network is trained."""
    return TrainingRecord(
        optimizer=settings.optimizer.name,
        settings=settings.optimizer.settings,
        batch=settings.batch,
        l2=settings.l2,
        seed=settings.seed,
        frozen=sorted(settings.frozen),
        l1=settings.l1,
        schedule=settings.schedule.name,
        schedule_settings=settings.schedule.settings,
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
        rates=dict(settings.rates),
        stop=StopRecord(**vars(settings.stop)) if settings.stop else None,
    )


def memory_record(
    memory: Memory, arrays: dict[str, Array], within: str = ""
) -> MemoryRecord | None:
    """What an optimizer remembers, if anything; its vectors go to `arrays`."""
    if not memory.vectors:
        return None
    arrays |= {f"{within}{MEMORY}{name}": vector for name, vector in memory.vectors.items()}
    return MemoryRecord(
        since=memory.since,
        layout=[(key, list(shape)) for key, shape in memory.layout],
        vectors={name: f"{within}{MEMORY}{name}" for name in memory.vectors},
    )
