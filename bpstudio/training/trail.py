"""What training did on the way: a few numbers of a step for each of some hundred steps.

A trail is bounded: when it is full, that glance is left out which is missed least, so its steps lie
about evenly and the whole way stays in sight, however long it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.training.job import Metrics

MOST = 240
"""How many glances a trail has at most."""
HEAVY = 50_000
"""Of networks with fewer weights than this they are kept themselves: 48 MB at most."""
SHARES = np.linspace(0.0, 1.0, 21)
"""The shares of the numbers below each entry of a `Spread`."""
FLAT = 0.05
"""An activation with a slope smaller than this passes hardly any gradient."""


@dataclass(frozen=True, eq=False)
class Spread:
    """How numbers are spread: their quantiles at `SHARES`, and the root of the sum of squares."""

    quantiles: Array
    norm: float

    def counts(self, edges: Array) -> Array:
        """The share of the numbers between each two edges, as far as the quantiles tell."""
        low, high = float(self.quantiles[0]), float(self.quantiles[-1])
        if not np.isfinite(self.quantiles).all():
            return np.zeros(len(edges) - 1)
        if low == high:
            found, _ = np.histogram([low], bins=edges)
            return found.astype(float)
        # Equal quantiles are a jump, which needs a width to be seen.
        steps = self.quantiles + np.arange(len(SHARES)) * 1e-9 * (high - low)
        below = np.interp(edges, steps, SHARES, left=0.0, right=1.0)
        shares: Array = np.diff(below)
        return shares


@dataclass(frozen=True, eq=False)
class Activity:
    """What an activation gave: how its outputs are spread, and how much gradient it lets through.

    `flat` is the share of the outputs at which its slope is smaller than `FLAT`, `dead` the share
    of its units of which that holds in every row.
    """

    outputs: Spread
    flat: float
    dead: float


@dataclass(frozen=True, eq=False)
class Glance:
    """What is kept of one step: by weight key its values, its gradient and its update, by node
    what each activation did. `vector` has all weights one after the other, where they are few."""

    step: int
    weights: Mapping[str, Spread]
    gradients: Mapping[str, Spread]
    updates: Mapping[str, Spread]
    activities: Mapping[str, Activity]
    metrics: Metrics | None = None
    vector: Array | None = None


@dataclass(frozen=True)
class Trail:
    """Glances in the order of their steps, at most `MOST`."""

    glances: tuple[Glance, ...] = ()

    def __len__(self) -> int:
        return len(self.glances)

    @property
    def steps(self) -> Array:
        """The steps of the glances, (n,)."""
        return np.array([glance.step for glance in self.glances], dtype=float)

    def taken(self, glance: Glance) -> Trail:
        """The trail with one more; glances from that step on give way to it."""
        kept = [*(each for each in self.glances if each.step < glance.step), glance]
        if len(kept) > MOST:
            steps = np.array([each.step for each in kept])
            del kept[1 + int((steps[2:] - steps[:-2]).argmin())]
        return Trail(tuple(kept))

    def until(self, step: int) -> Trail:
        """The part up to that step."""
        return Trail(tuple(each for each in self.glances if each.step <= step))

    def widest_gap(self, step: int) -> int:
        """The most steps that lie between two glances, from the start to `step`."""
        edges = [0, *(each.step for each in self.glances if each.step <= step), step]
        return max(later - before for before, later in itertools.pairwise(edges))


def glance(
    recording: Recording,
    step: int,
    weights: Mapping[str, Array],
    metrics: Metrics | None = None,
    *,
    stepped: bool = True,
) -> Glance:
    """What is kept of an iteration that was recorded at that step.

    `stepped` says whether its updates are those that training makes; an optimizer whose memory
    was not known makes others.
    """
    size = sum(weight.size for weight in weights.values())
    keys = {f"{update.node}.{update.port}": update for update in recording.updates}
    return Glance(
        step=step,
        weights={key: spread(weight) for key, weight in weights.items()},
        gradients={key: spread(update.gradient) for key, update in keys.items()},
        updates={k: spread(u.after - u.before) for k, u in keys.items() if stepped},
        activities={
            each.node: found
            for each in recording.forward
            if each.op.category == "activation" and len(each.arguments) == 1
            if (found := activity(each)) is not None
        },
        metrics=metrics,
        vector=_laid_out(weights) if 0 < size < HEAVY else None,
    )


def spread(values: Array) -> Spread:
    """How the numbers of an array are spread."""
    with np.errstate(all="ignore"):
        quantiles = np.quantile(values, SHARES) if values.size else np.zeros(len(SHARES))
        return Spread(quantiles, float(np.sqrt(np.square(values).sum())))


def activity(step: run.Step) -> Activity | None:
    """What an activation of one argument did in a step, from its own backward rule.

    None for one in which every output depends on other inputs too, such as softmax: it has no
    slope at one place.
    """
    ones = np.ones_like(step.output)
    signs = np.where(np.arange(ones.size).reshape(ones.shape) % 2, -1.0, 1.0)
    slope, turned = (next(iter(run.pull_back(step, g).values()))[0] for g in (ones, signs))
    if slope.shape != ones.shape or not np.array_equal(turned, signs * slope, equal_nan=True):
        return None
    flat = np.abs(slope) < FLAT
    rows = flat.reshape(len(flat), -1) if flat.ndim > 1 else flat.reshape(-1, 1)
    return Activity(spread(step.output), float(flat.mean()), float(rows.all(axis=0).mean()))


def ratio(glance: Glance, key: str) -> float:
    """How large a weight's update is beside the weight; not a number where either is not known.

    About a thousandth is usual (Karpathy, CS231n, "ratio of weights:updates").
    """
    if key not in glance.updates or not glance.weights[key].norm:
        return float("nan")
    return glance.updates[key].norm / glance.weights[key].norm


def _laid_out(weights: Mapping[str, Array]) -> Array:
    vector = np.concatenate([np.ravel(weight) for weight in weights.values()])
    return vector.astype(np.float32)
