"""How things stand, in a few words: where playback is, and how good the weights are."""

from __future__ import annotations

from pathlib import Path

from bpstudio.language import _
from bpstudio.playback.digits import tabular
from bpstudio.project.project import Project, loss_node
from bpstudio.training.batches import batch_size
from bpstudio.ui.showing import MOST_ROWS, Showing, rows_to_choose


def name_of(path: Path | None, project: Project) -> str:
    """What is open is called so: by its file, else by its title."""
    from bpstudio.project import gallery  # the first paint does without

    return path.name if path else gallery.said(project.title) or _("untitled")


def whereabouts(shown: Showing) -> str:
    """Where this is: `step 900 · backward · 13 of 19`."""
    instant = shown.instant
    parts = []
    if shown.step or shown.training:
        parts.append(_("step {number}").format(number=grouped(shown.step)))
    if shown.training:
        parts.append(_("training"))
    elif instant is not None and instant.timeline.moments:
        parts.append(instant.label)
    return " · ".join(parts)


def example(shown: Showing) -> str:
    """What of the data is looked at: `row 3 of 4`, or `batch of 4`; empty where none is read."""
    data = shown.project.data
    if data is None or not rows_to_choose(shown.project):
        return ""
    if shown.row is not None:
        return _("row {row} of {rows}").format(row=shown.row + 1, rows=len(data))
    batch = batch_size(len(data.training_rows), shown.project.training.batch)
    return _("batch of {rows}").format(rows=min(batch, MOST_ROWS))


def readout(shown: Showing) -> str:
    """How good the weights are: `loss 0.0058 · 4 of 4 right · 41k steps/s`, or `f = 0.7311`."""
    if shown.goal is None:
        return ""
    if loss_node(shown.project) != shown.goal:
        return _output(shown)
    metrics = shown.metrics
    loss = shown.loss if metrics is None else metrics.loss
    parts = [] if loss is None else [_("loss {value}").format(value=loss_text(loss))]
    data = shown.project.data
    if metrics is not None and metrics.accuracy is not None and data is not None:
        rows = len(data.training_rows)
        right = round(metrics.accuracy * rows)
        parts.append(_("{right} of {rows} right").format(right=right, rows=rows))
    if metrics is not None and metrics.test_accuracy is not None:
        share = f"{metrics.test_accuracy:.0%}"
        parts.append(_("test {share}").format(share=share))
    if shown.training and shown.steps_per_second:
        parts.append(_("{rate} steps/s").format(rate=rate_text(shown.steps_per_second)))
    return " · ".join(parts)


def loss_text(loss: float) -> str:
    """A loss in four decimals, or in two figures where too little of it would be seen."""
    return tabular(loss, 4)


def rate_text(rate: float) -> str:
    """Steps a second, in two figures: `41k`."""
    if rate >= 10_000:
        return f"{rate / 1000:.0f}k"
    return f"{rate / 1000:.1f}k" if rate >= 1000 else f"{rate:.0f}"


def grouped(number: int) -> str:
    """A whole number in groups of three figures, with thin spaces."""
    return f"{number:,}".replace(",", "\u2009")


def _output(shown: Showing) -> str:
    """The value of a formula, where it is one number."""
    value = None if shown.recording is None else shown.recording.values.get(shown.goal or "")
    if value is None or value.size != 1:
        return ""
    return f"f = {tabular(value.item())}"
