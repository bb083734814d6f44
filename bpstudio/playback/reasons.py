"""Why a gradient is what it is, in words and numbers: a title, the paths, and their sum."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpstudio.language import _, ngettext
from bpstudio.playback import digits
from bpstudio.playback.chain import label_of
from bpstudio.playback.equations import Spans, merged, plain
from bpstudio.playback.terms import bracketed
from bpstudio.playback.timeline import Timeline
from bpstudio.playback.why import Index, Path, Question, Why, gradient_at

HERE = " ← "


def title(timeline: Timeline, question: Question) -> str:
    """The question, with the number that it is about."""
    (node, port, slot), entry = question
    recording = timeline.recording
    gradient = gradient_at(recording, question.place)
    number = 0.0 if gradient is None else gradient[entry].item()
    tiny = 0.0 < abs(number) < 0.005
    value = digits.significant(number) if tiny else digits.fixed(number)
    found = recording.graph[node]
    sources = found.sources.get(port, ())
    if not port:
        name = label_of(timeline, node) + _inner(entry)
        return _("Why is the gradient of {name} {value}?").format(name=name, value=value)
    if not sources:
        name = f"{found.label}.{port}{_inner(entry)}"
        return _("Why is the gradient of {name} {value}?").format(name=name, value=value)
    template = _("Why does {value} come back from {gate} to {name}?")
    name = label_of(timeline, sources[slot]) + _inner(entry)
    return template.format(value=value, gate=label_of(timeline, node), name=name)


def route(timeline: Timeline, why: Why, path: Path) -> str:
    """The way of a path from the loss to the number: `f ← 1/x ← + ← x1`."""
    values = timeline.recording.values
    names = []
    for hop in path.hops:
        several = values[hop.wire[0]].size > 1
        names.append(label_of(timeline, hop.wire[0]) + _inner(hop.entry if several else ()))
    node, port, slot = why.place
    sources = timeline.recording.graph[node].sources.get(port, ())
    last = sources[slot] if sources else node
    here = label_of(timeline, last) if sources or not port else port
    return HERE.join([*names, here + _inner(why.entry)])


def product(path: Path) -> Spans:
    """What a path brings: the product of all local gradients on it."""
    factors = [path.start, *(hop.local for hop in path.hops)]
    texts = digits.agreeing([path.product, *factors], lambda n: n[0] - math.prod(n[1:]))
    spans: list[Spans] = [(plain(texts[0], "gradient"), plain(" = "), plain(texts[1], "upstream"))]
    for text in texts[2:]:
        spans.append((plain(" × "), plain(bracketed(text), "local")))
    return merged([span for part in spans for span in part])


def total(why: Why) -> Spans:
    """The gradient as the sum over its paths, those that are not written out together."""
    terms = [path.product for path in why.paths] + [why.rest] * bool(why.others)
    texts = digits.agreeing([why.total, *terms], _left_over)
    spans: list[Spans] = [(plain(texts[0], "gradient"), plain(" = "))]
    for number, text in enumerate(texts[1:]):
        shown = plain(bracketed(text) if number else text, "gradient")
        spans.append((*([plain(" + ")] if number else []), shown))
    if why.others:
        spans.append((plain(f" ({others(why)})", "muted"),))
    return merged([span for part in spans for span in part])


def others(why: Why) -> str:
    """How many paths are not written out."""
    return ngettext("{count} other", "{count} others", why.others).format(count=f"{why.others:,}")


def counted(why: Why) -> str:
    """How many paths there are, and which are shown."""
    if not why.count:
        return _("No path leads here from the loss: on every way a local gradient is 0.")
    if why.others:
        template = _("{count} paths lead here from the loss; these are the strongest:")
        return template.format(count=f"{why.count:,}")
    return ngettext(
        "{count} path leads here from the loss:",
        "{count} paths lead here from the loss; they add up:",
        why.count,
    ).format(count=why.count)


def _left_over(numbers: Sequence[float]) -> float:
    return numbers[0] - sum(numbers[1:])


def _inner(entry: Index) -> str:
    return f"[{', '.join(str(i + 1) for i in entry)}]" if entry else ""
