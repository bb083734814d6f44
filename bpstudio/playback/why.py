"""Why a gradient is what it is: the paths from the loss to it, with their products and their sum.

Every path multiplies the local gradients that it passes, and the gradient is the sum over all
paths: the chain rule, multiplied out. There can be more paths than anybody could list, so they are
counted, and only the strongest are found, by one walk back from the loss in which each number
keeps its strongest few. Magnitudes multiply, so the strongest paths of a number lead through the
strongest paths of those that it moves.

A place is a node's output, a wire's end or a weight (see `engine/places.py`), and an entry of it
one of its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.places import Place, value_at
from bpstudio.engine.run import Recording, Step, pull_back
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.playback.timeline import Wire

SHOWN = 6
"""So many paths are written out."""
MOST_SLOPES = 1_000_000
"""So many local gradients may lie between a number and the loss: it takes less than a second."""
Index = tuple[int, ...]


class Question(NamedTuple):
    """What is asked about: an entry of the gradient at a place."""

    place: Place
    entry: Index = ()


@dataclass(frozen=True)
class Hop:
    """One gate that a path passes: by which wire, out at which entry, and its local gradient."""

    wire: Wire
    entry: Index
    local: float


@dataclass(frozen=True)
class Path:
    """One way from the loss to a number: what the pass back starts with, and what it meets.

    `hops` begin at the loss and end at the gate that the number feeds.
    """

    start: float
    hops: tuple[Hop, ...]

    @cached_property
    def product(self) -> float:
        """What this path brings: the start times all local gradients."""
        product = self.start
        for hop in self.hops:
            product *= hop.local
        return product

    @property
    def wires(self) -> tuple[Wire, ...]:
        """The wires that it runs along, from the loss on; a weight's own port is none of them."""
        return tuple(hop.wire for hop in self.hops)


@dataclass(frozen=True, eq=False)
class Why:
    """A gradient and the paths that it is the sum of, the strongest first.

    `gradient` is what the pass back gave, `total` the sum over all paths, `count` how many there
    are.
    """

    place: Place
    entry: Index
    gradient: float
    total: float
    count: int
    paths: tuple[Path, ...]

    @property
    def others(self) -> int:
        """How many paths are not written out."""
        return self.count - len(self.paths)

    @property
    def rest(self) -> float:
        """What these bring together."""
        return self.total - sum(path.product for path in self.paths) if self.others else 0.0


@dataclass(frozen=True, eq=False)
class _Slopes:
    """The local gradients from entries of one node to entries of another, along one wire."""

    wire: Wire
    sources: Array
    targets: Array
    locals: Array


@dataclass(frozen=True, eq=False)
class _Best:
    """Of each reached entry of a node: the sum over its paths, their number, the strongest few.

    `products` has shape (entries, most) with 0 where there are no more, `slopes` and `ranks` say
    with which slope, and which path beyond it, each goes on; -1 where it starts, -2 for none.
    """

    entries: Array
    totals: Array
    counts: Array
    products: Array
    slopes: Array
    ranks: Array
    wires: tuple[_Slopes, ...]
    begins: tuple[int, ...]


def why(recording: Recording, place: Place, entry: Index = (), most: int = SHOWN) -> Why:
    """The paths to one number of a node, a wire or a weight.

    Raises StudioError where no gradient reaches the place, or where more numbers lie between it and
    the loss than can be followed.
    """
    gradient = gradient_at(recording, place)
    if gradient is None:
        raise StudioError(
            N_("No gradient reaches {label}. Choose something that the loss depends on."),
            nodes=(place[0],),
            label=recording.graph[place[0]].label,
        )
    flat = int(np.ravel_multi_index(entry, gradient.shape)) if gradient.shape else 0
    found = _walked(recording, place, flat, most)
    paths = tuple(_path(recording, found, place, rank) for rank in range(_known(found[""], 0)))
    best = found[""]
    return Why(
        place,
        entry,
        float(gradient.flat[flat]),
        float(best.totals[0]),
        int(best.counts[0]),
        paths,
    )


def gradient_at(recording: Recording, place: Place) -> Array | None:
    """The gradient of a node's output, or what came back along a wire or to a weight."""
    node, port, slot = place
    if not port:
        return recording.gradients.get(node)
    step = next((step for step in recording.backward if step.node == node), None)
    passed = () if step is None else step.passed.get(port, ())
    return passed[slot] if slot < len(passed) else None


def strongest(gradient: Array) -> Index:
    """The entry that is largest, whatever its sign."""
    flat = int(np.argmax(np.abs(np.nan_to_num(gradient))))
    return tuple(int(i) for i in np.unravel_index(flat, gradient.shape))


def _walked(recording: Recording, place: Place, flat: int, most: int) -> dict[str, _Best]:
    """The strongest paths of every number that the one at the place moves; `""` is itself."""
    steps = {step.node: step for step in recording.forward}
    reached: dict[str, Array] = {}
    slopes: dict[str, list[_Slopes]] = {"": []}
    room = MOST_SLOPES
    for wire, source in _wires_from(recording, place, reached):
        entries = np.array([flat]) if not source else reached[source]
        step = steps[wire[0]]
        found = _slopes(step, wire, entries)
        room -= len(found.locals)
        if room < 0:
            raise _too_many(recording, place)
        slopes.setdefault(source, []).append(found)
        before = reached.get(wire[0], np.zeros(0, dtype=int))
        reached[wire[0]] = np.union1d(before, found.targets)
    starts = _starts(recording)
    best: dict[str, _Best] = {}
    order = [step.node for step in recording.forward if step.node in reached]
    for node in reversed(order):
        best[node] = _best(reached[node], slopes.get(node, ()), best, starts.get(node), most)
    own = starts.get(place[0]) if not place[1] else None
    best[""] = _best(np.array([flat]), slopes[""], best, own, most)
    return best


def _wires_from(
    recording: Recording, place: Place, reached: dict[str, Array]
) -> Sequence[tuple[Wire, str]]:
    """The wires that lead on from a place, each after all that lead to its source.

    The source of those that leave the place itself is the empty string. What is reached by the
    wires before is looked up while one walks along.
    """
    node, port, slot = place
    moved = {node} if not port else set()
    wires: list[tuple[Wire, str]] = [((node, port, slot), "")] if port else []
    known = {node} if port else set()
    for step in recording.forward:
        if step.node not in recording.gradients:
            continue
        for name, sources in step.sources.items():
            for number, source in enumerate(sources):
                wire = (step.node, name, number)
                if wire in recording.contributions and source in moved | known:
                    wires.append((wire, "" if source in moved else source))
                    known.add(step.node)
    return wires


def _slopes(step: Step, wire: Wire, entries: Array) -> _Slopes:
    """The local gradients from these entries of what a wire brings to the gate's output."""
    node, port, slot = wire
    value = value_at({node: step}, wire)
    nothing = np.zeros(0, dtype=int)
    if not len(entries):
        return _Slopes(wire, nothing, nothing, np.zeros(0))
    if value.size == 1 and step.output.size == 1:
        local = pull_back(step, np.ones_like(step.output))[port][slot]
        return _Slopes(wire, np.array([0]), np.array([0]), local.astype(float).reshape(1))
    from bpstudio.engine.jacobian import structure_of  # much is imported with it, for arrays alone

    found = structure_of([step], node, f"{node}.{port}.{slot}")
    pattern = found.pattern
    rows = pattern.reached
    columns = pattern.classed(np.arange(value.size).reshape(value.shape))
    if not rows.size:
        return _Slopes(wire, nothing, nothing, np.zeros(0))
    columns = columns[pattern.classes.ravel()[rows]]
    locals_ = np.asarray(found.slopes[rows], dtype=float)
    chosen = np.isin(columns, entries) & (locals_ != 0)
    targets = np.broadcast_to(rows[:, None], columns.shape)
    return _Slopes(wire, columns[chosen], targets[chosen], locals_[chosen])


def _starts(recording: Recording) -> dict[str, Array]:
    """The gradient with which the pass back begins, at each node where none came by a wire."""
    brought = {
        recording.graph[node].sources[port][slot] for node, port, slot in recording.contributions
    }
    return {node: g for node, g in recording.gradients.items() if node not in brought}


def _best(
    entries: Array,
    wires: Sequence[_Slopes],
    best: dict[str, _Best],
    start: Array | None,
    most: int,
) -> _Best:
    """Of each of these entries of a node the sum, the number and the strongest of its paths."""
    count = len(entries)
    begins = np.cumsum([0, *(len(each.locals) for each in wires)])
    counts = np.full(count, 0, dtype=object)
    totals = np.zeros(count)
    products = np.zeros((count, most))
    slopes, ranks = (np.full((count, most), -2) for _each in range(2))
    if start is not None:
        totals[:] = products[:, 0] = start.ravel()[entries]
        counts[:], slopes[:, 0] = 1, -1
    kept = _Best(
        entries, totals, counts, products, slopes, ranks, tuple(wires), tuple(begins.tolist())
    )
    if not begins[-1]:
        return kept
    rows = np.concatenate([np.searchsorted(entries, each.sources) for each in wires])
    locals_ = np.concatenate([each.locals for each in wires])
    places = [np.searchsorted(best[w.wire[0]].entries, w.targets) for w in wires]
    beyond = [best[each.wire[0]] for each in wires]
    after = np.concatenate([b.products[p] for b, p in zip(beyond, places, strict=True)])
    there = np.concatenate([b.slopes[p] != -2 for b, p in zip(beyond, places, strict=True)])
    with np.errstate(all="ignore"):
        sums = np.concatenate([b.totals[p] for b, p in zip(beyond, places, strict=True)])
        np.add.at(totals, rows, locals_ * sums)
        candidates = locals_[:, None] * after
    np.add.at(
        counts, rows, np.concatenate([b.counts[p] for b, p in zip(beyond, places, strict=True)])
    )
    edge, rank = np.nonzero(there)
    product = candidates[edge, rank]
    row = rows[edge]
    order = np.lexsort((rank, edge, -np.nan_to_num(np.abs(product), nan=0.0), row))
    row, edge, rank, product = row[order], edge[order], rank[order], product[order]
    turn = np.arange(len(row)) - np.searchsorted(row, row, side="left")
    first = turn < most
    at = row[first], turn[first]
    products[at], slopes[at], ranks[at] = product[first], edge[first], rank[first]
    return kept


def _known(best: _Best, row: int) -> int:
    return int((best.slopes[row] != -2).sum())


def _path(recording: Recording, best: dict[str, _Best], place: Place, rank: int) -> Path:
    """The path of that rank to the place itself, read from the pointers."""
    values = recording.values
    hops: list[Hop] = []
    node, row = "", 0
    while (slope := int(best[node].slopes[row, rank])) >= 0:
        here = best[node]
        number = int(np.searchsorted(here.begins, slope, side="right")) - 1
        each, offset = here.wires[number], slope - here.begins[number]
        target, flat = each.wire[0], int(each.targets[offset])
        entry = tuple(int(i) for i in np.unravel_index(flat, values[target].shape))
        hops.append(Hop(each.wire, entry, float(each.locals[offset])))
        rank = int(here.ranks[row, rank])
        node, row = target, int(np.searchsorted(best[target].entries, flat))
    return Path(float(best[node].products[row, rank]), tuple(reversed(hops)))


def _too_many(recording: Recording, place: Place) -> StudioError:
    return StudioError(
        N_(
            "More than {count} numbers lie between {label} and the loss, too many to follow each "
            "path. Look at one example instead of the whole batch."
        ),
        nodes=(place[0],),
        count=f"{MOST_SLOPES:,}",
        label=recording.graph[place[0]].label,
    )
