"""What a training run is asked to do, and what it reports: values that cross to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bpstudio.engine import shapes
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import Shape
from bpstudio.errors import StudioError
from bpstudio.training.settings import Settings

BATCHED = (Kind.FEATURES, Kind.TARGET)
"""The kinds of arguments whose first axis is the batch."""

MOST_STEPS = 10_000_000
"""Where a run without an end ends: its losses alone are then 80 MB."""

Layout = tuple[tuple[str, tuple[int, ...]], ...]
"""The key and the shape of each weight, in the order of the vectors that belong to it."""


@dataclass(frozen=True, eq=False)
class Memory:
    """What an optimizer remembers between steps, such as Adam's running means.

    `vectors` are its state vectors by name, laid out for weights of this `layout`; `since` is the
    step at which they were zero, from which an optimizer counts its own steps. A memory that does
    not fit the network or the optimizer is forgotten, and the state starts at zero again.
    """

    since: int = 0
    layout: Layout = ()
    vectors: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Job:
    """A network to train: its structure, its arrays by key `node.port`, and for how long.

    `given` has the typed values, and the features and targets of the rows to train on; `test` the
    features and targets of the rows kept for testing, if there are any. `start` is how many steps
    these weights have behind them: it keys the order of the batches and all noise, so that a run
    in two jobs equals a run in one. `steps` is how many more to take, `objective` the node whose
    value is to fall (None: the graph's own objective), `run` a name for whoever asked. `watched`
    says whether the rule of the settings may end it earlier; `pace` is how many steps it may take
    in a second (None: as many as it can), which changes no number.
    """

    graph: Graph
    given: Mapping[str, Array]
    weights: Mapping[str, Array]
    settings: Settings = field(default_factory=Settings)
    test: Mapping[str, Array] = field(default_factory=dict)
    statistics: Mapping[str, Array] = field(default_factory=dict)
    classification: bool = False
    objective: str | None = None
    memory: Memory = field(default_factory=Memory)
    start: int = 0
    steps: int = MOST_STEPS
    run: str = ""
    watched: bool = False
    pace: float | None = None

    def changed(self, change: Change) -> Job:
        """The job with what was changed."""
        return replace(
            self,
            settings=self.settings if change.settings is None else change.settings,
            given=self.given if change.given is None else change.given,
            test=self.test if change.test is None else change.test,
            pace=self.pace if change.pace is None else change.pace or None,
        )

    @property
    def target(self) -> str:
        """The node whose value is to fall."""
        return self.objective or self.graph.objective

    @cached_property
    def batched_keys(self) -> tuple[str, ...]:
        """The keys of the features and targets."""
        return self.graph.keys(*BATCHED)

    @property
    def rows(self) -> int:
        """How many rows there are to train on; 1 for a network that reads no data."""
        return min(
            (len(self.given[key]) for key in self.batched_keys if key in self.given), default=1
        )

    @property
    def layout(self) -> Layout:
        """The keys and shapes of the weights, in the order of the graph."""
        return tuple(
            (key, np.shape(self.weights[key]))
            for key in self.graph.keys(Kind.WEIGHT)
            if key in self.weights
        )

    @property
    def given_shapes(self) -> dict[str, Shape]:
        """The shapes of the given arrays, those of the data with their batch axis marked."""
        batched = set(self.batched_keys)
        return {key: shapes.of(np.asarray(v), key in batched) for key, v in self.given.items()}


@dataclass(frozen=True, eq=False)
class Change:
    """What a person changes while training goes on; it holds from the next step.

    None leaves a part as it is. `stop` ends the run after the steps already taken. A `pace` of 0
    lets it go as fast as it can.
    """

    settings: Settings | None = None
    given: Mapping[str, Array] | None = None
    test: Mapping[str, Array] | None = None
    stop: bool = False
    pace: float | None = None

    @property
    def counts(self) -> bool:
        """Whether there is something in it on which the steps depend."""
        return self.settings is not None or self.given is not None or self.test is not None


MOST_CLASSES = 12
"""Of more classes it is not said how they were confused: nobody could read it."""

Confusion = tuple[tuple[int, ...], ...]
"""How many rows of each class (a line) were taken for each class (a place in the line)."""


@dataclass(frozen=True)
class Metrics:
    """How well certain weights do, over all rows and not one batch.

    `step` is how many steps these weights have behind them. A loss is the plain one; the `penalty`
    is a term of its own. An accuracy, from 0 to 1, and how the classes were confused are there for
    a classification (of not too many classes), an `error`, the root of the mean of the squared
    differences, for a regression; the test values where rows were kept for testing.
    """

    step: int
    loss: float
    accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    penalty: float = 0.0
    error: float | None = None
    test_error: float | None = None
    confusion: Confusion = ()
    test_confusion: Confusion = ()


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a run stands: what came since the last record, and the present weights.

    `step` is how many steps the weights have behind them; `losses` are those of the steps since
    the last record, each before its update. `changes` are settings with the step from which they
    held. `metrics` are there when they were measured at these very weights; the `last` record
    always has them, and the optimizer's `memory`, which others have where it is small. `rest` is
    how many seconds to wait before asking for the next one, `reached` the rule by which the run is
    over. All arrays are copies.
    """

    step: int
    losses: Array
    weights: Mapping[str, Array]
    statistics: Mapping[str, Array]
    steps_per_second: float
    changes: tuple[tuple[int, Settings], ...] = ()
    metrics: Metrics | None = None
    memory: Memory | None = None
    last: bool = False
    rest: float = 0.0
    reached: StudioError | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """What a run came to: everything needed to go on from here as if it had not stopped.

    `losses` has the loss of each step of this run, `step` counts from the start of the weights.
    """

    step: int
    losses: Array
    weights: Mapping[str, Array]
    statistics: Mapping[str, Array]
    memory: Memory
    metrics: Metrics
    steps_per_second: float
    settings: Settings
    changes: tuple[tuple[int, Settings], ...] = ()
    run: str = ""
    reached: StudioError | None = None
