"""A project: everything that a person made, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array
from bpstudio.training.settings import Settings


@dataclass(frozen=True, eq=False)
class Trained:
    """How far the weights were trained: the number of steps, and the loss of each."""

    steps: int = 0
    losses: Array = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, eq=False)
class Project:
    """A network with its values, its data, its training, and where things stand on the canvas.

    Arrays are read-only and shared between versions. `given` holds typed values, `weights` the
    parameters and `statistics` the lasting state, each by key `node.port`; `places` the centre of
    each node on the canvas, in canvas units. `unknown` is what a file of a newer version held and
    this one does not know: it is written back unchanged.
    """

    graph: Graph = field(default_factory=Graph)
    given: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    statistics: Mapping[str, Array] = field(default_factory=dict)
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    data: Dataset | None = None
    training: Settings = field(default_factory=Settings)
    trained: Trained = field(default_factory=Trained)
    title: str = ""
    note: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)
