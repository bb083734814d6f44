"""What the window shows now, as a value: weights, the iteration they give, a place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bpstudio.engine import fault, run
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.playback.timeline import GATE, Instant, Moment, Timeline, Wire
from bpstudio.playback.tint import Tint
from bpstudio.playback.veil import Veil, veiled
from bpstudio.playback.why import Question, gradient_at
from bpstudio.project import runs
from bpstudio.project.iteration import iteration, runnable, within
from bpstudio.project.project import Project, loss_node, shapes
from bpstudio.training.diagnosis import Diagnosis
from bpstudio.training.job import Memory, Metrics

MOST_ROWS = 512
"""An iteration on the canvas runs on this many rows at most, so that an edit shows at once."""


class Past(NamedTuple):
    """A moment of a training: the run, what else it had there, and the step that is sought."""

    run: str
    asked: int
    statistics: Mapping[str, Array]
    memory: Memory


@dataclass(frozen=True, eq=False)
class Showing:
    """The weights that are shown, the iteration recorded with them, and the place in it.

    `step` is the training step and `losses` the loss of each step so far. `timeline` is None
    while nothing of the network can run, and `problem` says what keeps all of it from running.
    `position` is the time in the timeline. `training` and `playing` say whether either is going
    on. `measured` is what training last found out about how good the weights are. `tint` colours
    each node by how wrong its gradient is; it holds as long as the numbers do.

    `veil` hides numbers in what the timeline shows, of which `whole` is the recording with nothing
    hidden. `plant` is a fault in its backward pass, put there to be found.

    `foretells` says whether the updates are those that training makes next: while it goes on, the
    memory of an optimizer is not known of large networks.

    `past` is the moment of a training that was gone back to; the project stays as it is meanwhile.

    `row` is the row of the data that is looked at alone, None for the whole batch, and `unit` how
    far one step goes. `question` is the gradient that is asked about, and `lit` the wires that are
    lit for it.
    """

    project: Project
    weights: Mapping[str, Array] = field(default_factory=dict)
    step: int = 0
    losses: Array = field(default_factory=lambda: np.zeros(0))
    timeline: Timeline | None = None
    problem: StudioError | None = None
    position: float = 0.0
    playing: bool = False
    training: bool = False
    steps_per_second: float = 0.0
    measured: Metrics | None = None
    whole: Recording | None = None
    veil: Veil | None = None
    plant: fault.Plant | None = None
    tint: Tint | None = None
    row: int | None = None
    unit: str = GATE
    question: Question | None = None
    lit: frozenset[Wire] = frozenset()
    past: Past | None = None
    foretells: bool = True
    diagnoses: tuple[Diagnosis, ...] = ()

    @property
    def recording(self) -> Recording | None:
        """The iteration that the timeline shows."""
        return self.timeline.recording if self.timeline is not None else None

    @property
    def length(self) -> int:
        """How many moments the timeline has."""
        return len(self.timeline) if self.timeline is not None else 0

    @property
    def instant(self) -> Instant | None:
        """Where playback is."""
        return self.timeline.at(self.position) if self.timeline is not None else None

    @property
    def goal(self) -> str | None:
        """The node at which the pass back begins: the loss, or without one the last result."""
        return runnable(self.project)[1]

    @property
    def loss(self) -> float | None:
        """The loss of the iteration that is shown, over its rows."""
        loss = loss_node(self.project)
        recording = self.whole or self.recording
        value = None if loss is None or recording is None else recording.values.get(loss)
        return None if value is None else float(value.item())

    @property
    def metrics(self) -> Metrics | None:
        """How good the weights are over all rows of the data, as far as that is known."""
        if self.measured is not None or self.training or self.past is not None:
            return self.measured
        return _measured(self.project)


def show(project: Project, before: Showing | None = None) -> Showing:
    """What a project gives with its own weights.

    It is shown where `before` was in its timeline, if both have as many moments, else at its end.
    Where a gate was opened or closed in between, it is shown at the same step.
    """
    trained = project.trained
    here = before or Showing(project)
    shown = replace(
        here,
        project=project,
        weights=project.weights,
        step=trained.steps,
        losses=trained.losses,
        measured=None,
        training=False,
        diagnoses=(),
        past=None,
        veil=None if here.veil is None else here.veil.drawn_again(),
    )
    made = run_anew(shown, trained.memory)
    if before is None or before.timeline is None or made.timeline is None:
        return made
    if before.project.groups is project.groups or len(made.timeline) == len(before.timeline):
        return made
    position = position_in(made.timeline, before.timeline, before.position)
    return replace(made, position=position, playing=before.playing)


def position_in(after: Timeline, before: Timeline, position: float) -> float:
    """The place in a timeline at which the same has happened as at a place in another one.

    Of steps that there are in one of them alone, none is half done.
    """
    if position >= len(before):
        return float(len(after))
    now = before.at(position)
    numbers = {_what(moment): moment.number for moment in after.moments}
    if now.moment is None:
        return position
    same = numbers.get(_what(now.moment))
    if same is not None:
        return same - 1 + now.progress
    done = [numbers.get(_what(moment), 0) for moment in before.moments[: now.moment.number - 1]]
    return float(max([after.span(now.phase)[0], *done]))


def _what(moment: Moment) -> tuple[str, str, str]:
    """What a moment is, whatever else happens: its phase, its node, and the weight it updates."""
    return moment.phase, moment.node, moment.weight


def run_anew(shown: Showing, memory: Memory | None = None) -> Showing:
    """The same with its iteration recorded anew for its weights and its project.

    `memory` is what the optimizer remembers of the steps before.
    """
    project, of = shown.project, shown.project
    if shown.past is not None:
        memory = shown.past.memory
        of = replace(of, statistics={**of.statistics, **shown.past.statistics})
    row = shown.row if shown.row in rows_to_choose(project) else None
    foretells = memory is not None or not project.training.optimizer.state
    shown = replace(shown, tint=None, row=row, lit=frozenset(), foretells=foretells)
    blank = replace(shown, timeline=None, whole=None, problem=None, position=0.0, playing=False)
    if not project.graph.nodes:
        return blank
    try:
        recording = iteration(
            of,
            shown.weights,
            step=shown.step,
            memory=memory,
            most_rows=MOST_ROWS,
            rows=None if row is None else np.array([row]),
        )
    except StudioError as problem:
        return replace(blank, problem=problem)
    if not recording.forward:
        return replace(blank, problem=_problem(project, recording))
    if shown.plant is not None and shown.plant in fault.plantable(recording):
        recording = fault.planted(recording, shown.plant)
    seen = recording if shown.veil is None else veiled(recording, shown.veil)
    timeline = Timeline(seen, project.groups)
    kept = len(timeline) == shown.length and shown.position < shown.length
    return replace(
        shown,
        timeline=timeline,
        whole=recording,
        problem=_problem(project, recording),
        question=_still_there(shown.question, recording),
        position=shown.position if kept else float(len(timeline)),
        playing=shown.playing and kept,
    )


def under(shown: Showing, veil: Veil | None) -> Showing:
    """The same with other numbers hidden, or none."""
    if shown.whole is None:
        return replace(shown, veil=veil)
    recording = shown.whole if veil is None else veiled(shown.whole, veil)
    return replace(shown, veil=veil, timeline=Timeline(recording, shown.project.groups))


def rows_to_choose(project: Project) -> range:
    """The rows of the data that can be looked at alone; none where the network reads no data."""
    reads = project.data is not None and project.graph.has_batch
    return range(len(project.data) if reads and project.data is not None else 0)


def _still_there(question: Question | None, recording: Recording) -> Question | None:
    """What is asked about, if its gradient is there and has that entry."""
    if question is None or question.place[0] not in recording.graph.nodes:
        return None
    gradient = gradient_at(recording, question.place)
    if gradient is None or len(question.entry) != gradient.ndim:
        return None
    inside = all(i < n for i, n in zip(question.entry, gradient.shape, strict=True))
    return question if inside else None


def _problem(project: Project, recording: Recording) -> StudioError | None:
    """What keeps a network from running as a whole, or the first value that is not finite."""
    if len(recording.graph.nodes) < len(project.graph.nodes):
        try:
            shapes(project)
        except StudioError as problem:
            return problem
    step = recording.first_non_finite()
    return None if step is None else run.not_finite(project.graph[step.node], step)


@lru_cache(maxsize=1)
def _measured(project: Project) -> Metrics | None:
    """How good a project's own weights are; None for one without a loss, or not whole yet."""
    part, goal = runnable(project)
    if goal is None or loss_node(project) != goal:
        return None
    try:
        return runs.measured(within(project, part))
    except StudioError:
        # What is wrong is said where it is run for the canvas.
        return None
