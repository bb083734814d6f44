"""What keeps a training from learning: what was measured, why it matters, and what may help.

    diagnoses(Evidence(...))     what is wrong, the gravest first; nothing for a healthy training

Each diagnosis is a value with the numbers that it was made from. What would help is an `Offer`, a
name with numbers: the floor that knows projects turns it into an edit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import not_finite
from bpstudio.errors import NotFinite, StudioError
from bpstudio.language import N_
from bpstudio.training.diagnosis import (
    DEAD,
    DIVERGING,
    EXPLODING,
    IMBALANCED,
    NAN,
    SATURATED,
    SLOW,
    SYMMETRIC,
    TITLES,
    VANISHING,
    Diagnosis,
    Evidence,
    Offer,
)

WORSE = 10.0
"""So many times its first loss a training must lose at its end to count as diverged."""
LAST = 10
"""Its end are as many steps, so that one unlucky batch does not count."""
CLOSED = 0.5
"""Units of a layer that are dead to this share are said."""
STEEP = 0.05
"""A layer is saturated where its slope is this share of the steepest on average."""
SQUASHING: Mapping[str, float] = {"sigmoid": 0.25, "tanh": 1.0}
"""The gates that saturate, and the steepest slope of each."""
FADED = 1e-3
"""A gradient vanishes where an early weight gets this share of what a late one gets."""
THROWN = 1.0
"""An update longer than this share of all weights throws them about."""
STEEPEST = 100.0
"""A gradient longer than so many times the weights explodes."""
CRAWL = 1e-5
"""An update shorter than this share of the weights hardly moves them; a thousandth is usual."""
USUAL = 1e-3
WAITED = 20
"""Steps after which a training that crawls is told so."""
RARE = 5.0
"""So many times as many rows of one class as of another are out of balance."""
ENOUGH = 32
"""Of fewer rows, if there are more, nothing is said that has to hold for every row."""


def diverged(losses: Array, learning_rate: float) -> StudioError | None:
    """Why a training went the wrong way, or None for one that did not.

    `losses` has the loss of every step since the weights were drawn. A loss that is not finite
    ends a training by itself; this one finds those that stay finite, because a gate saturates,
    while the weights are thrown back and forth.
    """
    if len(losses) < 2:
        return None
    first, last = float(losses[0]), float(np.median(losses[-LAST:]))
    if not last > WORSE * abs(first):
        return None
    return StudioError(
        N_(
            "The training diverged: in {steps} steps the loss rose from {first} to {last}. "
            "Try a learning rate smaller than {rate}."
        ),
        steps=len(losses),
        first=f"{first:.4g}",
        last=f"{last:.4g}",
        rate=f"{learning_rate:g}",
    )


def diagnoses(seen: Evidence) -> tuple[Diagnosis, ...]:
    """All that is wrong, the gravest first. What follows from another is not said as well."""
    broken = tuple(_nan(seen))
    if broken:
        return broken
    found = [*_diverging(seen), *_imbalanced(seen)]
    if seen.recording is None or not seen.recording.backward:
        return tuple(found)
    with np.errstate(all="ignore"):
        own = [*_exploding(seen), *_dead(seen), *_saturated(seen), *_symmetric(seen)]
        if not any(each.kind in (DEAD, SYMMETRIC) for each in own):
            own += _vanishing(seen)
        if not own and not found:
            own += _slow(seen)
    order = list(TITLES)
    return tuple(sorted([*own, *found], key=lambda each: order.index(each.kind)))


def _nan(seen: Evidence) -> Iterator[Diagnosis]:
    """The first gate that is not finite, and at which step."""
    problem = seen.problem if isinstance(seen.problem, NotFinite) else None
    bad = seen.recording.first_non_finite() if seen.recording is not None else None
    if problem is None and bad is not None:
        problem = not_finite(seen.graph[bad.node], bad)
    if problem is None:
        return
    smaller = Offer("learning rate", value=_smaller(seen))
    yield Diagnosis(
        NAN,
        "{reason}",
        {"reason": problem},
        problem.nodes,
        (smaller, Offer("clip norm", value=1.0)),
    )


def _diverging(seen: Evidence) -> Iterator[Diagnosis]:
    if diverged(seen.losses, _rate(seen)) is None:
        return
    first, last = float(seen.losses[0]), float(np.median(seen.losses[-LAST:]))
    yield Diagnosis(
        DIVERGING,
        N_(
            "In {steps} steps the loss rose from {first} to {last}, {times} times as much. With a "
            "learning rate of {rate} a step goes beyond the valley and lands higher than before."
        ),
        {
            "steps": len(seen.losses),
            "first": f"{first:.3g}",
            "last": f"{last:.3g}",
            "times": f"{last / abs(first):.3g}" if first else "∞",
            "rate": f"{_rate(seen):g}",
        },
        offers=(
            Offer("learning rate", value=_smaller(seen)),
            Offer("clip norm", value=1.0),
        ),
    )


def _exploding(seen: Evidence) -> Iterator[Diagnosis]:
    assert seen.recording is not None
    gradients = seen.recording.weight_gradients
    weight = _norm(seen.weights[key] for key in gradients if key in seen.weights)
    gradient = _norm(gradients.values())
    moved = _norm(u.after - u.before for u in seen.recording.updates)
    if gradient <= STEEPEST * max(weight, 1.0) or moved <= THROWN * weight:
        return
    layers = _layers(seen)
    worst = max(layers, key=lambda id: layers[id], default="")
    yield Diagnosis(
        EXPLODING,
        N_(
            "The gradient is {gradient} long, the weights only {weight}: one step changes them by "
            "{share} times their size. The most of it arrives at {label}."
        ),
        {
            "gradient": f"{gradient:.3g}",
            "weight": f"{weight:.3g}",
            "share": f"{moved / weight:.3g}" if weight else "∞",
            "label": seen.graph[worst].label if worst else "–",
        },
        (worst,) if worst else (),
        (
            Offer("clip norm", value=1.0),
            Offer("initial"),
            Offer("learning rate", value=_smaller(seen)),
        ),
    )


def _dead(seen: Evidence) -> Iterator[Diagnosis]:
    assert seen.recording is not None
    if not (seen.whole or seen.rows >= ENOUGH):
        return
    for step in seen.recording.forward:
        if (
            step.op.name != "relu"
            or step.output.ndim < 2
            or step.node not in seen.recording.gradients
        ):
            continue
        units = step.output.reshape(len(step.output), -1)
        dead = int((units <= 0).all(axis=0).sum())
        if dead >= max(1.0, CLOSED * units.shape[1]):
            yield Diagnosis(
                DEAD,
                N_(
                    "{count} of the {total} units of {label} give 0 for each of the {rows} rows: "
                    "no gradient passes, so they will never learn."
                ),
                {
                    "count": dead,
                    "total": units.shape[1],
                    "label": seen.graph[step.node].label,
                    "rows": len(units),
                },
                (step.node,),
                (Offer("leaky", step.node), Offer("new weights")),
            )


def _saturated(seen: Evidence) -> Iterator[Diagnosis]:
    assert seen.recording is not None
    if not seen.struggling:
        return
    answering = _answering(seen)
    for step in seen.recording.forward:
        steepest = SQUASHING.get(step.op.name)
        if steepest is None or step.output.ndim < 2 or step.node in answering:
            continue
        y = step.output
        slopes = y * (1 - y) if step.op.name == "sigmoid" else 1 - y * y
        slope = float(np.mean(slopes)) / steepest
        if slope < STEEP:
            flat = float((slopes < STEEP * steepest).mean())
            yield Diagnosis(
                SATURATED,
                N_(
                    "{label} stands at the flat ends of its curve in {share} of the cases: on "
                    "average its slope is {slope} of the steepest, and so little gradient passes."
                ),
                {
                    "label": seen.graph[step.node].label,
                    "share": f"{flat:.0%}",
                    "slope": f"{slope:.2%}",
                },
                (step.node,),
                (Offer("initial"), Offer("standardise")),
            )


def _vanishing(seen: Evidence) -> Iterator[Diagnosis]:
    layers = _layers(seen)
    if len(layers) < 3 or not seen.struggling:
        return
    first, last = next(iter(layers)), list(layers)[-1]
    if not (layers[last] > 0 and layers[first] < FADED * layers[last]):
        return
    squashing = [
        n.id for n in seen.graph.ordered if n.op.name in SQUASHING and n.id not in _answering(seen)
    ]
    offers = [Offer("relu")] if squashing else []
    yield Diagnosis(
        VANISHING,
        N_(
            "A weight of {first} gets a gradient of {small} on average, one of {last} {large}: "
            "{times} times as much. Each layer on the way back multiplies by a slope below 1."
        ),
        {
            "first": seen.graph[first].label,
            "last": seen.graph[last].label,
            "small": f"{layers[first]:.2g}",
            "large": f"{layers[last]:.2g}",
            "times": f"{layers[last] / layers[first]:.2g}" if layers[first] else "∞",
        },
        (first,),
        (*offers, Offer("initial")),
    )


def _symmetric(seen: Evidence) -> Iterator[Diagnosis]:
    assert seen.recording is not None
    gradients = seen.recording.weight_gradients
    for key, gradient in gradients.items():
        id, _dot, port = key.partition(".")
        weight = seen.weights.get(key)
        if port != "weight" or weight is None or weight.ndim < 2 or weight.shape[-1] < 2:
            continue
        if id in _last_layers(seen) or not (_alike(weight) and _alike(gradient)):
            continue
        bias = seen.weights.get(f"{id}.bias")
        if bias is not None and not _alike(bias):
            continue
        yield Diagnosis(
            SYMMETRIC,
            N_(
                "All {total} units of {label} have the same weights and get the same gradient, so "
                "they stay twins: the layer can do no more than one unit."
            ),
            {"total": weight.shape[-1], "label": seen.graph[id].label},
            (id,),
            (Offer("initial", id),),
        )


def _slow(seen: Evidence) -> Iterator[Diagnosis]:
    assert seen.recording is not None
    if len(seen.losses) < WAITED or not seen.struggling:
        return
    updates = seen.recording.updates
    weight = _norm(update.before for update in updates)
    moved = _norm(update.after - update.before for update in updates)
    gradient = _norm(update.gradient for update in updates)
    if not (weight > 0 and moved < CRAWL * weight and gradient > USUAL * weight):
        return
    usual = type(seen.settings.optimizer)().learning_rate
    factor = USUAL * weight / moved if moved else math.inf
    better = _rounded(min(usual, _rate(seen) * factor) if _rate(seen) else usual)
    yield Diagnosis(
        SLOW,
        N_(
            "One step changes the weights by {share} of their size, where a thousandth is usual: "
            "in {steps} steps the loss went from {first} to {last}, though there is a gradient of "
            "{gradient}."
        ),
        {
            "share": f"{moved / weight:.1g}",
            "steps": len(seen.losses),
            "first": f"{float(seen.losses[0]):.4g}",
            "last": f"{float(seen.losses[-1]):.4g}",
            "gradient": f"{gradient:.2g}",
        },
        offers=(Offer("learning rate", value=max(better, _rate(seen))),),
    )


def _imbalanced(seen: Evidence) -> Iterator[Diagnosis]:
    counts = seen.counts
    if len(counts) < 2 or not min(counts) or max(counts) < RARE * min(counts):
        return
    common, rare = counts.index(max(counts)), counts.index(min(counts))
    confusion = () if seen.metrics is None else seen.metrics.confusion
    right = confusion[rare][rare] if len(confusion) == len(counts) else 0
    yield Diagnosis(
        IMBALANCED,
        N_(
            "{common} has {many} rows, {rare} only {few}. Who always says {common} is right in "
            "{share} of the cases; of the rows of {rare} the network has {right} right."
        ),
        {
            "common": seen.classes[common],
            "rare": seen.classes[rare],
            "many": max(counts),
            "few": min(counts),
            "share": f"{max(counts) / sum(counts):.0%}",
            "right": right,
        },
        offers=(Offer("balance"),),
    )


def _layers(seen: Evidence) -> dict[str, float]:
    """The root of the mean square of the gradient at a weight, by node, the first layer first.

    Of nodes with a matrix of weights alone: those that carry the depth of a network.
    """
    assert seen.recording is not None
    found: dict[str, float] = {}
    for node in seen.graph.ordered:
        gradient = seen.recording.weight_gradients.get(f"{node.id}.weight")
        if gradient is not None and gradient.ndim >= 2:
            found[node.id] = float(np.sqrt(np.square(gradient).mean()))
    return found


def _answering(seen: Evidence) -> frozenset[str]:
    """The nodes that feed the loss: to be saturated is what they are there for."""
    losses = [node for node in seen.graph.ordered if node.op.category == "loss"]
    return frozenset(source for node in losses for source in node.feeding)


def _last_layers(seen: Evidence) -> frozenset[str]:
    """The layers whose units are the answers: each has an answer of its own to learn."""
    near = _answering(seen)
    return near | {
        source
        for id in near
        if seen.graph[id].op.category in ("activation", "normalize")
        for source in seen.graph[id].feeding
    }


def _alike(array: Array) -> bool:
    """Whether all units have the same, up to rounding."""
    spread = np.abs(array - array[..., :1]).max(initial=0.0)
    return bool(spread <= 1e-12 * max(1.0, float(np.abs(array).max(initial=0.0))))


def _norm(arrays: Iterable[Array]) -> float:
    """The length of all numbers of some arrays as one vector."""
    return math.sqrt(sum(float(np.square(array).sum()) for array in arrays))


def _rate(seen: Evidence) -> float:
    return float(seen.settings.optimizer.learning_rate)


def _smaller(seen: Evidence) -> float:
    """A tenth of the learning rate, and not more than is usual."""
    usual = type(seen.settings.optimizer)().learning_rate
    return _rounded(min(_rate(seen) / 10, usual))


def _rounded(number: float) -> float:
    """A number of one figure: 0.05 for 0.0543."""
    return float(f"{number:.0e}") if number > 0 else 0.0
