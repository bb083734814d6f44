"""What is wrong with a training, as a value, and what it is concluded from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.training.job import Metrics
from bpstudio.training.settings import Settings

NAN, DIVERGING, EXPLODING, DEAD, SATURATED, VANISHING, SYMMETRIC, SLOW, IMBALANCED = (
    "nan",
    "diverging",
    "exploding",
    "dead",
    "saturated",
    "vanishing",
    "symmetric",
    "slow",
    "imbalanced",
)
TITLES: Mapping[str, str] = {
    NAN: N_("No finite number"),
    DIVERGING: N_("The loss diverges"),
    EXPLODING: N_("The gradient explodes"),
    DEAD: N_("Dead ReLUs"),
    SATURATED: N_("Saturated units"),
    VANISHING: N_("The gradient vanishes"),
    SYMMETRIC: N_("Units that are twins"),
    SLOW: N_("The learning rate is too small"),
    IMBALANCED: N_("The classes are out of balance"),
}
"""What each is called."""
GOOD = 0.9
"""From this accuracy on a network has learned, and nothing of it needs to be mended."""
NEAR = 0.5
"""So it has where its error is below this share of the spread of the answers."""


@dataclass(frozen=True)
class Offer:
    """Something that may help: what kind of change, to which node, with which number or name."""

    kind: str
    node: str = ""
    value: float | str = 0.0


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong: the sentence that says what was measured, where, and what may help."""

    kind: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def title(self) -> str:
        """What it is called, in the current language."""
        return _(TITLES[self.kind])

    @property
    def sentence(self) -> str:
        """What was measured, in the current language."""
        return _(self.template).format(**self.values)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a training shows at a step: an iteration of it, recorded over many rows.

    `whole` says whether these are all rows. `losses` has the loss of each step since the weights
    were drawn, `counts` how many rows to train on each class has, `spread` the standard deviation
    of what a regression learns. `problem` is why the training ended, if it could not go on.
    """

    graph: Graph
    recording: Recording | None
    weights: Mapping[str, Array]
    settings: Settings
    losses: Array
    metrics: Metrics | None = None
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    spread: float = 0.0
    whole: bool = True
    rows: int = 0
    problem: StudioError | None = None

    @property
    def struggling(self) -> bool:
        """Whether the network has not learned yet, as far as that can be told."""
        metrics = self.metrics
        if metrics is None:
            return True
        if metrics.accuracy is not None:
            return metrics.accuracy < GOOD
        if metrics.error is not None and self.spread > 0:
            return not metrics.error < NEAR * self.spread
        return True
