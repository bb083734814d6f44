"""The rule of a gate, drawn while it happens: what rides along, crosses over, or adds up.

Whatever a gate hands back rides along its wires as a number, so that one sees a distributor send
the same along each. Where inputs swap, each one's value crosses over to the other. A wire that
gets nothing goes dark (see `flow.py`), and where wires meet again their gradients add up: a plus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from bpstudio.engine.expression import parse
from bpstudio.engine.op import Array
from bpstudio.engine.run import BackwardStep, Step
from bpstudio.playback import digits
from bpstudio.playback.bodies import NUMBER
from bpstudio.playback.easing import smooth
from bpstudio.playback.equations import spelled
from bpstudio.playback.marks import Curves, Discs, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import CAP_HEIGHT, MONO
from bpstudio.playback.patterns import swapped
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Instant, Moment, Timeline
from bpstudio.playback.wires import Path

MOST_RIDING = 8
"""So many pulses of a moment carry their numbers; more would cover each other."""
MOST_BADGES = 60
"""Where more wires than this fork, the signs of all of them tell nothing any more."""
CROSSED = 0.3
"""The part of a moment after which values have crossed over."""
BADGE = 7.0
_NEAR, _FAR = 9.0, 46.0
"""Where a crossing line ends on a wire and where it begins, from the gate."""


def drawn(
    scene: Scene, instant: Instant, standing: Callable[[], Sequence[tuple[Rect, float]]]
) -> Iterator[Mark]:
    """What is drawn of the rule of the gate where something happens.

    `standing` gives the numbers that may stand about the gate, and how visible each is now: none
    is covered. It is asked where something is drawn that could.
    """
    moment = instant.moment
    if moment is not None and isinstance(moment.step, BackwardStep):
        factors: list[Text] = []
        crosses = instant.progress > 0 and any(swapped(moment.step.op))
        if not crosses and not instant.pulses:
            return
        taken = standing()
        yield from _crossing(scene, instant, moment, [rect for rect, _shown in taken], factors)
        seen = [rect for rect, shown in taken if shown > 0]
        yield from _riding(scene, instant, [*seen, *(text.rect for text in factors)])


def _riding(scene: Scene, instant: Instant, taken: Sequence[Rect]) -> Iterator[Mark]:
    """The number of each gradient, below the pulse that carries it."""
    contributions = instant.timeline.recording.contributions
    size = NUMBER * scene.theme.type
    found: list[Text] = []
    for pulse in instant.pulses:
        path, gradient = scene.by_wire.get(pulse.wire), contributions[pulse.wire]
        if path is None or path.weight or gradient.size != 1:
            continue
        ((x, y),) = path.at(pulse.place).tolist()
        spans = (Span(digits.fixed(gradient.item()), "gradient", MONO, 700),)
        text = Text(x, y + 8.0 + CAP_HEIGHT * size, spans, size, "middle", "canvas")
        if not any(text.rect.meets(rect) for rect in [*taken, *(each.rect for each in found)]):
            found.append(text)
    if len(found) <= MOST_RIDING:
        yield from found


def _crossing(
    scene: Scene,
    instant: Instant,
    moment: Moment,
    taken: Sequence[Rect],
    factors: list[Text],
) -> Iterator[Mark]:
    """Where inputs swap: from each wire a line to the other, and what it is multiplied by.

    What it is multiplied by is put into `factors` as well.
    """
    step = moment.step
    assert isinstance(step, BackwardStep)
    forward = instant.timeline.steps[step.node]
    share = smooth(instant.progress / CROSSED)
    if share <= 0:
        return
    for port, other in swapped(step.op):
        mine, theirs = (scene.by_wire.get((step.node, name, 0)) for name in (port, other))
        if mine is None or theirs is None or mine.weight or theirs.weight:
            continue
        begin, end = _before(theirs, _FAR), _before(mine, _NEAR)
        reached = begin + share * (end - begin)
        line = np.stack([begin, begin + (reached - begin) / 3, begin + (reached - begin) / 1.5])
        curve = np.concatenate([line, reached[None]])[None]
        width = np.full(1, 1.6 * scene.theme.wire**0.5)
        yield Curves(curve, Ink("local", 0.9), width, (3.0, 3.0))
        yield Discs(reached[None], 3.2 * scene.theme.wire**0.5, Ink("local"))
        placed = _factors(scene, instant.timeline, moment)
        if port not in placed:
            around = [*taken, *(each.rect for each in factors)]
            placed[port] = _factor(scene, step, forward, (port, other), around)
        text = placed[port]
        if text is not None:
            factors.append(text)
            yield text


@lru_cache(maxsize=4)
def _factors(_scene: Scene, _timeline: Timeline, _moment: Moment) -> dict[str, Text | None]:
    """What stands beside a gate in one moment, by port: found once, for nothing there moves."""
    return {}


def _factor(
    scene: Scene,
    step: BackwardStep,
    forward: Step,
    ports: tuple[str, str],
    taken: Sequence[Rect],
) -> Text | None:
    """What the upstream gradient is multiplied by for one input: above its gate, or below.

    None where there is no room for it.
    """
    size, body = NUMBER * scene.theme.type, scene.bodies[step.node]
    port, other = ports
    places = body.inputs()
    upper = places[port, 0][1] < places[other, 0][1]
    value = forward.arguments[other]
    if isinstance(value, np.ndarray) and value.size == 1 and step.upstream.size == 1:
        written = f"× {digits.fixed(value.item())}"
    else:
        written = "".join(span.text for span in spelled(parse(step.op.gradients[port]), {}))
    spans = (Span(written, "local", MONO, 700),)
    high = CAP_HEIGHT * size
    filled = np.concatenate([np.array(taken, dtype=float).reshape(-1, 4), _rects(scene)])
    for gap in (7.0, 23.0, 38.0):
        y = body.rect.y - gap if upper else body.rect.bottom + gap + high
        middle = body.rect.centre[0]
        for x, align in ((middle - 4, "end"), (middle, "middle"), (body.rect.x + 2, "end")):
            text = Text(x, y, spans, 0.95 * size, align, "canvas")
            if not _meets(text.rect, filled):
                return text
    return None


@lru_cache(maxsize=2)
def _rects(scene: Scene) -> Array:
    """Left, top, width and height of each body, (n, 4)."""
    return np.array([body.rect for body in scene.each], dtype=float).reshape(-1, 4)


def _meets(rect: Rect, others: Array) -> bool:
    """Whether it overlaps any of the others (n, 4), as `Rect.meets` has it."""
    left, top, width, height = others.T
    across = np.minimum(left + width, rect.right) - np.maximum(left, rect.x)
    down = np.minimum(top + height, rect.bottom) - np.maximum(top, rect.y)
    return bool(((across > 0.01) & (down > 0.01)).any())


def met_again(scene: Scene, instant: Instant) -> tuple[str, ...]:
    """The forks at which a plus stands, for something has come back to them."""
    timeline = instant.timeline
    if not instant.returning or len(timeline.forks) > MOST_BADGES:
        return ()
    bodies = ((id, scene.bodies.get(id)) for id in timeline.forks)
    seen = (id for id, body in bodies if body and not body.tiles and body.last.id == id)
    return tuple(
        id for id in seen if any(instant.passed(wire) >= 0.5 for wire in timeline.forks[id])
    )


def pluses(scene: Scene, forks: Iterable[str]) -> Iterator[Mark]:
    """A plus at each of these forks."""
    ends = [scene.bodies[id].output for id in forks]
    if not ends:
        return
    places = np.array(ends) + np.array([BADGE + 2.5, 0.0])
    grown = scene.theme.wire**0.4
    radius, arm = BADGE * grown, 3.6 * grown
    yield Discs(places, radius, Ink("panel"), Ink("gradient"), 1.5 * grown)
    across = np.array([[-arm, 0.0], [-arm / 3, 0.0], [arm / 3, 0.0], [arm, 0.0]])
    both = np.concatenate([places[:, None] + across, places[:, None] + across[:, ::-1]])
    yield Curves(both, Ink("gradient"), np.full(len(both), 1.8 * grown))


def _before(path: Path, distance: float) -> Array:
    """The point that lies so far before the end of a wire, but not before its middle."""
    steps = np.hypot(*np.diff(path.points[0], axis=0).T)
    whole = float(steps.sum())
    point: Array = path.at(max(0.5, 1.0 - distance / whole) if whole else 1.0)[0]
    return point
