"""The chain rule in numbers: what a gate passed on, as equations that hold as they are written."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence

import numpy as np

from bpstudio.engine.expression import evaluate, parse
from bpstudio.engine.op import Array, Op
from bpstudio.engine.run import BackwardStep, Step
from bpstudio.engine.tree import Binary, Expression
from bpstudio.language import _
from bpstudio.playback import digits, equations
from bpstudio.playback.bodies import symbol
from bpstudio.playback.equations import Spans, plain
from bpstudio.playback.marks import Span
from bpstudio.playback.terms import expansion
from bpstudio.playback.timeline import Moment, Timeline
from bpstudio.playback.why import strongest

LONGEST_SUM = 66
"""A sum longer than this has one term written out instead of two."""
MOST_SUMMED = 4096
"""In larger gates no entry is written out by itself: finding what it moves would take too long."""


def number_lines(
    timeline: Timeline,
    step: BackwardStep,
    forward: Step,
    locals_: Mapping[str, tuple[Array, ...]],
) -> list[Spans]:
    """`0.20 = 0.53 (upstream) × 0.37 (local), to w0`, for each input."""
    upstream = step.upstream.item()
    rows = [
        (port, slot, gradient.item(), local.item())
        for port in step.passed
        if step.sources.get(port)
        for slot, (gradient, local) in enumerate(zip(step.passed[port], locals_[port], strict=True))
    ]
    lines: list[Spans] = []
    if len(rows) > 1 and len({row[3] for row in rows}) == 1:
        both = _("both inputs") if len(rows) == 2 else _("all {count} inputs")
        target = both.format(count=len(rows))
        return [product(rows[0][2], upstream, rows[0][3], target)]
    for port, slot, gradient, local in rows:
        target = _target(timeline, step, port, slot) if len(rows) > 1 else ""
        lines.append(product(gradient, upstream, local, target))
        derived = _derived(step.op, port, forward, local)
        if derived:
            lines.append(derived)
    return lines


def product(gradient: float, upstream: float, local: float, target: str) -> Spans:
    texts = digits.agreeing([gradient, upstream, local], lambda n: n[0] - n[1] * n[2])
    parts = {
        "gradient": plain(texts[0], "gradient"),
        "upstream": plain(texts[1], "upstream"),
        "local": plain(texts[2], "local"),
    }
    if not target:
        return filled(_("{gradient} = {upstream} (upstream) × {local} (local)"), **parts)
    template = _("{gradient} = {upstream} (upstream) × {local} (local), to {target}")
    return filled(template, **parts, target=plain(target))


def _derived(op: Op, port: str, forward: Step, local: float) -> Spans:
    """Where the local gradient comes from: `local = y × (1 − y) = 0.73 × (1 − 0.73) = 0.20`."""
    expression = equations.local_gradient(op, port)
    names = single_arguments(forward)
    if expression is None or names is None or not expression.parts:
        return ()
    if not equations.of_numbers(expression):
        return ()
    names = {"y": forward.output.item(), **names}
    rule = equations.spelled(expression, {}, "local")
    head = (plain(_("local"), "local"), plain(" = "), *rule)
    return computed(head, expression, op, names, local, "local")


def computed(
    head: Spans,
    expression: Expression,
    op: Op,
    names: Mapping[str, float],
    result: float,
    role: str,
) -> Spans:
    """The expression with numbers in place of names, and what it comes to."""
    settings = {key: value for key, value in op.settings.items() if isinstance(value, int | float)}
    keys = list(names)

    def law(numbers: Sequence[float]) -> float:
        known = dict(zip(keys, numbers[1:], strict=True))
        return numbers[0] - float(evaluate(expression, {**settings, **known}))

    texts = digits.agreeing([result, *names.values()], law)
    spans = {key: plain(text, "value") for key, text in zip(keys, texts[1:], strict=True)}
    spans |= {key: plain(f"{value:g}".replace("-", "−")) for key, value in settings.items()}
    numbers = equations.spelled(expression, spans)
    middle: Spans = (plain(" = "), *numbers) if expression.parts else ()
    return equations.merged((*head, *middle, plain(" = "), plain(texts[0], role)))


def array_lines(
    timeline: Timeline,
    step: BackwardStep,
    forward: Step,
    locals_: Mapping[str, tuple[Array, ...]],
) -> list[Spans]:
    """For each argument its rule, its shape and its size; for one entry the product."""
    rows: list[tuple[Spans, str, Array]] = []
    entries: list[Spans] = []
    batched = timeline.recording.graph.has_batch
    for port, gradients in step.passed.items():
        for slot, gradient in enumerate(gradients):
            wired = bool(step.sources.get(port))
            if not wired and port not in step.op.initials():
                continue
            rule, shapes = _rule(step, forward, port, slot, batched)
            rows.append((rule, shapes, gradient))
            if wired and _entrywise(step, gradient):
                entries.append(_entry(step, gradient, locals_[port][slot]))
    return [*_columns(rows), *(entries or _sum_of_one(timeline, step))]


def _rule(
    step: BackwardStep, forward: Step, port: str, slot: int, batched: bool
) -> tuple[Spans, str]:
    """How the gate's gradient for an argument comes about, and the shapes that take part.

    A rule too long to show is left out. What was repeated along an axis gets the sum along it.
    """
    head, gradient = plain(f"∂{port}", "gradient"), step.passed[port][slot]
    text = step.op.gradients.get(port, "")
    whole = digits.size_of(gradient)
    short = equations.spelled(parse(text), {"g": plain("g", "upstream")}) if text else ()
    if not short or sum(len(span.text) for span in short) > 36:
        return (head,), whole
    ruled = _shapes_in(step, forward, text)
    if not ruled or math.prod(ruled[-1]) <= gradient.size:
        product = [digits.shaped(shape) for shape in ruled[:-1]]
        return (head, plain(" = "), *short), " · ".join(product) + " → " * bool(product) + whole
    rows = batched and len(ruled[-1]) == gradient.ndim + 1
    template = (
        _("{gradient} = sum of {rule} over the rows") if rows else _("{gradient} = sum of {rule}")
    )
    parts = {"gradient": head, "rule": plain("".join(span.text for span in short), "upstream")}
    return filled(template, **parts), f"{digits.shaped(ruled[-1])} → {whole}"


def _shapes_in(step: BackwardStep, forward: Step, text: str) -> list[tuple[int, ...]]:
    """The shapes of the two factors, where the rule is a matrix product, and of what it gives.

    Empty where that can't be said, because a name stands for several values.
    """
    names = {"g": step.upstream, "y": forward.output, **step.op.settings}
    for name, value in forward.arguments.items():
        if isinstance(value, tuple):
            return []
        names[name] = value
    rule = parse(text)
    with np.errstate(all="ignore"):
        if not (isinstance(rule, Binary) and rule.sign == "@"):
            return [np.shape(evaluate(rule, names))]
        left, right = (np.asarray(evaluate(part, names)) for part in (rule.left, rule.right))
        if left.ndim == right.ndim == 1:
            # Each number of one vector meets each of the other: a column times a row.
            return [(left.size, 1), (1, right.size), (left.size, right.size)]
        both = left.ndim > 0 and right.ndim > 0
        return [left.shape, right.shape, np.shape(left @ right)] if both else []


def _sum_of_one(timeline: Timeline, step: BackwardStep) -> list[Spans]:
    """For a gate that mixes its entries the strongest one of a gradient, as the sum that it is.

    It is one of a weight, if the gate has any.
    """
    ports = [port.name for port in step.op.ports if port.name in step.passed]
    owned = [port for port in ports if port in step.op.initials() and not step.sources.get(port)]
    wired = [port for port in ports if step.sources.get(port)]
    if step.upstream.size > MOST_SUMMED:
        return []
    for port in (*owned, *wired):
        gradient = step.passed[port][0]
        if gradient.ndim and gradient.any():
            place, entry = (step.node, port, 0), strongest(gradient)
            both = expansion(timeline, place, entry, 2)
            short = all(sum(len(span.text) for span in line) <= LONGEST_SUM for line in both)
            return list(both if short else expansion(timeline, place, entry, 1))
    return []


def _columns(rows: Sequence[tuple[Spans, str, Array]]) -> list[Spans]:
    """Rules, shapes and sizes, one below the other."""
    if not rows:
        return []
    sizes = [shapes for _rule_spans, shapes, _gradient in rows]
    lengths = [sum(len(span.text) for span in rule) for rule, _shapes, _gradient in rows]
    lines = []
    for (rule, shape, gradient), length in zip(rows, lengths, strict=True):
        gap = " " * (max(lengths) - length + 3)
        pad = " " * (max(map(len, sizes)) - len(shape) + 3)
        norm = plain(digits.small(float(np.linalg.norm(gradient))), "gradient")
        lines.append(
            equations.merged((*rule, plain(f"{gap}{shape}{pad}", "muted"), plain("‖·‖ = "), norm))
        )
    return lines


def _entrywise(step: BackwardStep, gradient: Array) -> bool:
    """Whether the gate works entry by entry, so that one entry is a product of two numbers."""
    return type(step.op).shape is Op.shape and gradient.shape == step.upstream.shape


def _entry(step: BackwardStep, gradient: Array, local: Array) -> Spans:
    """The product at the entry where most arrives."""
    place = np.unravel_index(int(np.argmax(np.abs(step.upstream))), step.upstream.shape)
    texts = digits.agreeing(
        [gradient[place].item(), step.upstream[place].item(), local[place].item()],
        lambda n: n[0] - n[1] * n[2],
    )
    return filled(
        _("at [{place}]: {gradient} = {upstream} (upstream) × {local} (local)"),
        place=plain(", ".join(str(i + 1) for i in place)),
        gradient=plain(texts[0], "gradient"),
        upstream=plain(texts[1], "upstream"),
        local=plain(texts[2], "local"),
    )


def sums(timeline: Timeline, moment: Moment, step: BackwardStep) -> list[Spans]:
    """For a fork whose last wire this was: its gradients add up."""
    lines: list[Spans] = []
    sources = {source for names in step.sources.values() for source in names}
    for source, wires in timeline.forks.items():
        if source not in sources or timeline.arrived_at.get(source) != moment.number:
            continue
        passed = [timeline.recording.contributions[wire] for wire in wires]
        template = _("{name} feeds {count} gates, so these add up: {sum}")
        if all(g.size == 1 for g in passed):
            numbers = [g.item() for g in passed]
            texts = digits.agreeing([sum(numbers), *numbers], lambda n: n[0] - sum(n[1:]))
            terms = [
                t if not t.startswith("−") or not i else f"({t})" for i, t in enumerate(texts[1:])
            ]
            equation = f"{' + '.join(terms)} = {texts[0]}"
        else:
            equation = f"‖ ‖ = {digits.small(float(np.linalg.norm(sum(passed))))}"
        lines.append(
            filled(
                template,
                name=plain(label_of(timeline, source)),
                count=plain(str(len(wires))),
                sum=plain(equation, "gradient"),
            )
        )
    return lines


def filled(template: str, **parts: Span) -> Spans:
    """A translated template as spans: what stands between is text, each field its own span."""
    spans: list[Span] = []
    for text, field, _format, _conversion in string.Formatter().parse(template):
        spans.append(plain(text))
        if field:
            spans.append(parts[field])
    return equations.merged(spans)


def label_of(timeline: Timeline, node: str) -> str:
    """What a caption calls a node: a source or a layer by its label, a gate by its sign."""
    found = timeline.recording.graph[node]
    if found.title or found.op.category in ("source", "layer"):
        return found.label
    if found.op.category == "loss":
        return _("{loss} loss").format(loss=symbol(found.op))
    return symbol(found.op)


def single_arguments(step: Step) -> dict[str, float] | None:
    """The arguments by name, if each is one number; None if one is not."""
    names: dict[str, float] = {}
    for name, value in step.arguments.items():
        if isinstance(value, tuple) or value.size != 1:
            return None
        names[name] = value.item()
    return names


def _target(timeline: Timeline, step: BackwardStep, port: str, slot: int) -> str:
    source = step.sources[port][slot]
    names = [label_of(timeline, id) for ids in step.sources.values() for id in ids]
    name = label_of(timeline, source)
    return name if names.count(name) == 1 else port
