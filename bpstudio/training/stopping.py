"""When a run that was not given a number of steps ends by itself.

A rule is looked at after fixed numbers of steps and never after a time, so the same run stops at
the same step on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.job import Job, Metrics
from bpstudio.training.settings import StopRule

LOOKED = 50
"""So many steps, made up to whole epochs, lie between two looks."""
BETTER = 1e-4
"""A loss has improved where it has fallen by this share at least."""


class Watch:
    """Looks after a run: `next_look` says when, `look` whether it is over."""

    def __init__(self, rule: StopRule, epoch: int, start: int) -> None:
        self._rule, self._epoch = rule, epoch
        self._every = epoch * math.ceil(LOOKED / epoch)
        self._best, self._best_at = math.inf, start

    def next_look(self, step: int) -> int | None:
        """The step, after this one, at which to look; None where there is nothing to look for."""
        looks = [] if self._rule.steps is None else [max(step + 1, self._rule.steps)]
        if self._rule.loss is not None or self._rule.accuracy is not None or self._rule.patience:
            looks.append((step // self._every + 1) * self._every)
        return min(looks, default=None)

    def look(self, step: int, measured: Callable[[], Metrics]) -> StudioError | None:
        """Why the run is over at this step, if it is."""
        rule = self._rule
        if rule.steps is not None and step >= rule.steps:
            return StudioError(
                N_("Stopped by the rule: step {step} is reached. Change the rule to go on."),
                step=step,
            )
        if step % self._every:
            return None
        metrics = measured()
        if rule.loss is not None and metrics.loss < rule.loss:
            return StudioError(
                N_(
                    "Stopped by the rule at step {step}: the loss {loss} is below {bound}. "
                    "Change the rule to go on."
                ),
                step=step,
                loss=f"{metrics.loss:.4g}",
                bound=f"{rule.loss:g}",
            )
        if rule.accuracy is not None and (metrics.accuracy or 0.0) >= rule.accuracy:
            return StudioError(
                N_(
                    "Stopped by the rule at step {step}: an accuracy of {accuracy} is reached. "
                    "Change the rule to go on."
                ),
                step=step,
                accuracy=f"{metrics.accuracy or 0.0:.1%}",
            )
        return self._lost_patience(step, metrics) if rule.patience else None

    def _lost_patience(self, step: int, metrics: Metrics) -> StudioError | None:
        loss = metrics.loss if metrics.test_loss is None else metrics.test_loss
        if loss < self._best - BETTER * abs(self._best if math.isfinite(self._best) else 0.0):
            self._best, self._best_at = loss, step
            return None
        epochs = (step - self._best_at) // self._epoch
        if epochs < (self._rule.patience or 0):
            return None
        return StudioError(
            N_(
                "Stopped by the rule at step {step}: epochs without improvement: {epochs}. The "
                "best loss was {best}, at step {at}. Change the rule to go on."
            ),
            step=step,
            epochs=epochs,
            best=f"{self._best:.4g}",
            at=self._best_at,
        )


def watch(job: Job, epoch: int, step: int) -> Watch:
    """What looks after a job from this step on; `epoch` is how many steps see every row once."""
    return Watch(job.settings.stop if job.watched else StopRule(), epoch, step)
