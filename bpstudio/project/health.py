"""How the training of a project fares: what is wrong with it, and the edits that may mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array, Kind
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import edits, gates, tuning
from bpstudio.project.fixes import Fix, possible
from bpstudio.project.iteration import iteration, runnable
from bpstudio.project.project import Project
from bpstudio.training.diagnose import diagnoses
from bpstudio.training.diagnosis import Diagnosis, Evidence, Offer
from bpstudio.training.job import Memory, Metrics

MOST_ROWS = 256
"""An iteration that is looked at for its health runs on so many rows at most."""
MOST_WORK = 4_000_000
"""So many weights times rows at most, so that nobody waits for it."""


def examined(
    project: Project,
    weights: Mapping[str, Array] | None = None,
    *,
    step: int | None = None,
    losses: Array | None = None,
    metrics: Metrics | None = None,
    memory: Memory | None = None,
    problem: StudioError | None = None,
) -> tuple[Diagnosis, ...]:
    """What is wrong with the training of a project at these weights; its own where none are given.

    Nothing for a network that can't be run yet: what it lacks is said elsewhere.
    """
    trained = project.trained
    weights = project.weights if weights is None else weights
    step = trained.steps if step is None else step
    data = project.data if project.graph.keys(Kind.TARGET) else None
    chosen, whole = _rows(project, data)
    try:
        recording = iteration(
            project, weights, step=step, memory=memory or trained.memory, rows=chosen
        )
    except StudioError:
        recording = None
    return diagnoses(
        Evidence(
            graph=runnable(project)[0],
            recording=recording,
            weights=weights,
            settings=project.training,
            losses=trained.losses if losses is None else losses,
            metrics=metrics,
            classes=() if data is None else data.classes,
            counts=() if data is None else _counts(data),
            spread=_spread(data),
            whole=whole,
            rows=0 if chosen is None else len(chosen),
            problem=problem,
        )
    )


def remedies(project: Project, diagnosis: Diagnosis) -> tuple[Fix, ...]:
    """The edits that may help, each tried on the project."""
    found = (fix for offer in diagnosis.offers for fix in [_remedy(project, offer)] if fix)
    return tuple(fix for fix in found if possible(project, fix.edit) not in (None, project))


def _remedy(project: Project, offer: Offer) -> Fix | None:
    """An offer as an edit; None where it would change nothing."""
    settings = project.training
    if offer.kind == "learning rate":
        rate = float(offer.value)
        optimizer = gates.changed(settings.optimizer, "learning_rate", rate)
        edit = partial(tuning.begun_anew, settings=replace(settings, optimizer=optimizer))
        return Fix(N_("Learning rate {rate}, from the start"), edit, {"rate": f"{rate:g}"})
    if offer.kind == "clip norm" and settings.clip_norm is None:
        bound = float(offer.value)
        edit = partial(tuning.begun_anew, settings=replace(settings, clip_norm=bound))
        return Fix(N_("Clip the gradient to {bound}"), edit, {"bound": f"{bound:g}"})
    if offer.kind == "initial":
        name = tuning.suiting(project)
        edit = partial(tuning.set_initial, name=name)
        return Fix(N_("Draw the weights anew: {name}"), edit, {"name": tuning.title_of(name)})
    if offer.kind == "leaky":
        label = project.graph[offer.node].label
        edit = partial(edits.replace_op, id=offer.node, op=gates.gate("leaky_relu"))
        return Fix(N_("Leaky ReLU for {label}"), edit, {"label": label})
    if offer.kind == "relu":
        return Fix(N_("ReLU in the hidden layers"), partial(tuning.set_activation, name="relu"))
    if offer.kind == "new weights":
        return Fix(N_("New weights"), partial(edits.new_weights, seed=settings.seed + 1))
    if offer.kind == "standardise" and project.data is not None:
        if _standard(project.data):
            return None
        return Fix(N_("Standardise the inputs"), tuning.standardised)
    if offer.kind == "balance" and project.data is not None:
        return Fix(N_("Repeat rows of the rare classes"), tuning.balanced)
    return None


def _rows(project: Project, data: Dataset | None) -> tuple[Array | None, bool]:
    """Rows to look at, evenly chosen, and whether they are all."""
    if data is None:
        return None, True
    size = sum(weight.size for weight in project.weights.values())
    rows = data.training_rows
    most = max(8, min(MOST_ROWS, MOST_WORK // max(1, size)))
    if len(rows) <= most:
        return rows, True
    return rows[np.linspace(0, len(rows) - 1, most).astype(int)], False


def _counts(data: Dataset) -> tuple[int, ...]:
    if not data.classification:
        return ()
    counts = np.bincount(data.answers[data.training_rows], minlength=len(data.classes))
    return tuple(int(count) for count in counts)


def _spread(data: Dataset | None) -> float:
    if data is None or data.classification or not len(data.training_rows):
        return 0.0
    with np.errstate(over="ignore"):
        return float(data.answers[data.training_rows].std())


def _standard(data: Dataset) -> bool:
    """Whether the inputs are about as large as a network wants them."""
    rows = data.features[data.training_rows]
    return bool(np.abs(rows.mean(axis=0)).max() < 1.0 and rows.std(axis=0).max() < 2.0)
