"""What the window shows now, as a value: weights, the iteration they give, a place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.playback.timeline import Instant, Timeline
from bpstudio.project.project import Project
from bpstudio.training.iteration import iteration

MOST_ROWS = 512
"""An iteration on the canvas runs on this many rows at most, so that an edit shows at once."""


@dataclass(frozen=True, eq=False)
class Showing:
    """The weights that are shown, the iteration recorded with them, and the place in it.

    `step` is the training step and `losses` the loss of each step so far. `recording` is None
    while the network can't run, and `problem` then says why. `position` is the time in the
    recording's timeline. `training` and `playing` say whether either is going on.
    """

    project: Project
    weights: Mapping[str, Array] = field(default_factory=dict)
    step: int = 0
    losses: Array = field(default_factory=lambda: np.zeros(0))
    recording: Recording | None = None
    problem: StudioError | None = None
    position: float = 0.0
    playing: bool = False
    training: bool = False
    steps_per_second: float = 0.0

    @cached_property
    def timeline(self) -> Timeline | None:
        """The recording as a row of moments."""
        return Timeline(self.recording) if self.recording else None

    @property
    def length(self) -> int:
        """How many moments the timeline has."""
        return len(self.timeline) if self.timeline else 0

    @property
    def instant(self) -> Instant | None:
        """Where playback is."""
        return self.timeline.at(self.position) if self.timeline else None

    @property
    def loss(self) -> float | None:
        """The loss of the iteration that is shown."""
        if self.recording is None or not self.project.graph.losses:
            return None
        value = self.recording.values.get(self.project.graph.losses[-1])
        return None if value is None else float(value.item())


def show(project: Project) -> Showing:
    """What a project gives with its own weights; every number of the iteration is seen."""
    trained = project.trained
    return run_anew(
        Showing(project, project.weights, step=trained.steps, losses=trained.losses)
    )


def run_anew(shown: Showing) -> Showing:
    """The same with its iteration recorded for its weights, shown at its end."""
    project = shown.project
    blank = replace(shown, recording=None, problem=None, position=0.0)
    if not project.graph.nodes:
        return blank
    try:
        recording = iteration(project, shown.weights, most_rows=MOST_ROWS)
    except StudioError as problem:
        return replace(blank, problem=problem)
    step = recording.first_non_finite()
    problem = None if step is None else run.not_finite(project.graph[step.node], step)
    shown = replace(shown, recording=recording, problem=problem)
    return replace(shown, position=float(shown.length))
