"""The loss around some weights, over a plane through them: two directions, a grid of points.

Directions are drawn at random and scaled to the weights they change, filter by filter (Li, Xu,
Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets", 2018, section 4), or
they are those in which the path of a training went furthest (its first two principal directions).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.op import Array
from bpstudio.training.job import Job

RANDOM, PATH = "random", "path"
"""The two ways to choose directions."""
MARGIN = 0.35
"""How much more than the path is looked at, as a share of its width, on every side."""


@dataclass(frozen=True, eq=False)
class Directions:
    """A plane in the space of weights: a point and two directions, vectors of all weights.

    `share` is how much of the path's way lies in the plane, from 0 to 1; not a number without one.
    """

    centre: Array
    first: Array
    second: Array
    share: float = float("nan")

    def places(self, vectors: Array) -> Array:
        """Where weight vectors (n, weights) lie in the plane, seen straight from above, (n, 2)."""
        basis = np.stack([self.first, self.second], axis=1)
        found, *_ = np.linalg.lstsq(basis, (vectors - self.centre).T, rcond=None)
        return np.asarray(found.T)


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss over a plane: `losses` (cells, cells) from the lowest line up, over `x` and `y`.

    Lines that are not computed yet are not a number. `path` (n, 2) is the way that was walked,
    `plane` says where other weights lie.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    losses: Array
    path: Array
    share: float
    plane: Directions | None = None

    @property
    def done(self) -> float:
        """How much of it is computed, from 0 to 1."""
        lines = ~np.isnan(self.losses).all(axis=1)
        return float(lines.mean())


def random_directions(weights: Mapping[str, Array], seed: int) -> Directions:
    """Two directions of normal numbers, each column of a matrix as long as the weights' own.

    A bias has no filter to be scaled to and stays as it is, as in the paper; in a network of
    biases alone they are scaled as one.
    """
    draw = np.random.default_rng(seed)
    only = all(weight.ndim < 2 for weight in weights.values())

    def direction() -> Array:
        pieces = []
        for weight in weights.values():
            piece: Array = np.asarray(draw.standard_normal(weight.shape))
            if weight.ndim < 2 and not only:
                piece = np.zeros(weight.shape)
            else:
                axes = tuple(range(weight.ndim - 1)) if weight.ndim > 1 else None
                length = np.sqrt(np.square(piece).sum(axis=axes, keepdims=True))
                wanted = np.sqrt(np.square(weight).sum(axis=axes, keepdims=True))
                piece = piece * (wanted / np.where(length > 0, length, 1.0))
            pieces.append(piece.ravel())
        return np.concatenate(pieces)

    first, second = direction(), direction()
    return Directions(_vector(weights), first, second)


def path_directions(weights: Mapping[str, Array], path: Array, seed: int) -> Directions:
    """The two directions in which a path (n, weights) went furthest from where it ended.

    A path along a line, or none, gets random directions for what it lacks.
    """
    centre = _vector(weights)
    away = path.astype(float) - centre
    _, sizes, rows = np.linalg.svd(away, full_matrices=False)
    whole = float(np.square(sizes).sum())
    kept = [row for size, row in zip(sizes[:2], rows[:2], strict=True) if size > 1e-9]
    other = random_directions(weights, seed)
    for spare in (other.first, other.second)[len(kept) :]:
        rest = spare - sum((row * (row @ spare) for row in kept), np.zeros_like(spare))
        kept.append(rest / (np.linalg.norm(rest) or 1.0))
    share = float(np.square(sizes[:2]).sum()) / whole if whole else float("nan")
    return Directions(centre, kept[0], kept[1], share)


def surveying(
    job: Job, path: Array, kind: str, seed: int, cells: int = 33
) -> Generator[Landscape, None, Landscape]:
    """The loss of the job's network around its weights, line after line.

    `path` (n, weights) is the way that was walked, by weight vectors in the job's layout. The loss
    is the plain one over all rows to train on. Raises what `run.forward` raises.
    """
    weights = {key: job.weights[key] for key, _ in job.layout}
    along = kind == PATH and len(path) > 1
    plane = path_directions(weights, path, seed) if along else random_directions(weights, seed)
    places = plane.places(path) if len(path) else np.zeros((0, 2))
    x, y = _range(places[:, 0], along), _range(places[:, 1], along)
    found = Landscape(x, y, np.full((cells, cells), np.nan), places, plane.share, plane)
    across, up = np.linspace(*x, cells), np.linspace(*y, cells)
    for line in range(cells):
        losses = found.losses.copy()
        for column in range(cells):
            vector = plane.centre + across[column] * plane.first + up[line] * plane.second
            losses[line, column] = loss_at(job, vector)
        found = replace(found, losses=losses)
        yield found
    return found


def loss_at(job: Job, vector: Array) -> float:
    """The loss with the weights of this vector, infinite where it is not a number."""
    weights, begin = dict(job.weights), 0
    for key, shape in job.layout:
        size = int(np.prod(shape))
        weights[key] = vector[begin : begin + size].reshape(shape)
        begin += size
    output = np.zeros(())
    with np.errstate(all="ignore"):
        for step in run.forward(
            job.graph, job.given, weights, statistics=job.statistics, ancestors_of=job.target
        ):
            output = step.output
        loss = float(output.sum())
    return loss if np.isfinite(loss) else float("inf")


def _vector(weights: Mapping[str, Array]) -> Array:
    return np.concatenate([np.ravel(weight) for weight in weights.values()]).astype(float)


def _range(places: Array, along: bool) -> tuple[float, float]:
    """From where to where a direction is looked at; the middle is 0."""
    if not along or not len(places):
        return -1.0, 1.0
    low, high = min(0.0, float(places.min())), max(0.0, float(places.max()))
    room = MARGIN * (high - low) or 1.0
    return low - room, high + room
