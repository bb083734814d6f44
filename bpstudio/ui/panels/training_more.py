"""What one seldom sets of a training, folded away below the rest, and how fast it may go."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import Kind
from bpstudio.language import N_, _
from bpstudio.playback.palette import Theme
from bpstudio.project import gates, tuning
from bpstudio.project.project import Project
from bpstudio.training.schedules import Schedule, schedules
from bpstudio.ui.panels.form import Choice, Form, Number, Slide, Whole, put, setting_field
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio

SCHEDULES = {
    "constant": N_("Constant"),
    "step": N_("In stairs"),
    "cosine": N_("Cosine"),
}
"""What schedules are called."""
RULES = ("stop_steps", "stop_loss", "stop_accuracy", "stop_patience")
FASTEST, SLOWEST = 1000.0, 1.0
"""Between these many steps a second the speed can be limited; the end of the slider is no limit."""
TICKS = 60


class MoreSettings(QWidget):
    """A fold with the further settings; each is an edit, and holds from the next step."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._of: type[Schedule] | None = None
        self._node = ""
        self.fold = QToolButton()
        self.fold.setObjectName("training-more")
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.toggled.connect(self._unfold)
        self.form = Form()
        self._make_rows()
        self._unfold(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.fold)
        column.addWidget(self.form)

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        self.fold.setText(_("More"))
        self.fold.setToolTip(_("Penalties, dropout, schedule, clipping, and when to stop"))
        self.form.dress(theme)
        c = theme.colours
        self.fold.setStyleSheet(
            f"QToolButton {{ border: 1px solid transparent; padding: 2px 4px 2px 0;"
            f" background: transparent; color: {c['muted']}; }}"
            f"QToolButton:hover {{ color: {c['text']}; }}"
            f"QToolButton:focus {{ border-color: {c['accent']}; border-radius: 5px; }}"
        )
        say = self.form.say
        say("l1", _("L1 λ"), _("The penalty λ · Σ|W| draws weights to 0"))
        say("dropout", _("Dropout"), _("The share of the hidden units that each step leaves out"))
        say("initial", _("Starting weights"), _("How they are drawn; training begins again"))
        say("schedule", _("Schedule"), _("How the learning rate changes from step to step"))
        say("clip_norm", _("Clip norm"), _("The gradient is cut to this length; 0 for none"))
        say("clip_value", _("Clip value"), _("Each number of the gradient is cut; 0 for none"))
        say("factor", _("Rate of the node"), _("How many times as fast it learns; 0 freezes it"))
        say("stop_steps", _("Stop at step"), _("Train ends at this step; 0 for never"))
        say("stop_loss", _("Stop at loss"), _("Train ends below this loss; 0 for never"))
        say("stop_accuracy", _("Stop at accuracy"), _("Train ends at this accuracy; 0 for never"))
        say(
            "stop_patience",
            _("Patience"),
            _("So many epochs may pass without a better loss"),
        )
        self._offer()
        self._say_schedule()
        for key in ("clip_norm", "clip_value", *RULES):
            field = self.form.fields[key]
            assert isinstance(field, Number | Whole)
            field.setSpecialValueText(_("off"))

    def show_settings(self, project: Project) -> None:
        """The further settings of the project."""
        fields, settings = self.form.fields, project.training
        if type(settings.schedule) is not self._of:
            self._make_schedule_rows(settings.schedule)
        self._offer(project)
        put(fields["l1"], settings.l1)
        put(fields["dropout"], tuning.dropout(project))
        put(fields["initial"], tuning.initial(project))
        put(fields["schedule"], settings.schedule.name)
        for name, value in settings.schedule.settings.items():
            put(fields[name], value)
        put(fields["clip_norm"], settings.clip_norm or 0.0)
        put(fields["clip_value"], settings.clip_value or 0.0)
        for key in RULES:
            put(fields[key], getattr(settings.stop, key.removeprefix("stop_")) or 0)
        self._show_node(project)
        self.form.show_row("initial", bool(tuning.initial(project)))
        data = project.data
        self.form.show_row("stop_accuracy", data is not None and data.classification)

    def _show_node(self, project: Project) -> None:
        chosen = [
            id
            for id in self._studio.selection
            if id in project.graph.nodes and project.graph[id].owned(Kind.WEIGHT)
        ]
        self._node = chosen[0] if len(chosen) == 1 else ""
        self.form.show_row("factor", bool(self._node))
        if self._node:
            words = _("Rate × of {label}").format(label=project.graph[self._node].label)
            self.form.words["factor"].setText(words)
            put(self.form.fields["factor"], project.training.factor(self._node))

    def _make_rows(self) -> None:
        studio, form = self._studio, self.form
        l1, dropout, factor = Number(0.0, None, by_factor=True), Number(0.0, 0.95), Number(0.0, 100)
        norm, value = Number(0.0, None, by_factor=True), Number(0.0, None, by_factor=True)
        loss, accuracy = Number(0.0, None, by_factor=True), Number(0.0, 1.0)
        steps, patience = Whole(0, None), Whole(0, 1_000_000)
        initial, schedule = Choice(), Choice()
        dropout.setSingleStep(0.1)
        l1.valueChanged.connect(lambda number: studio.set_training(l1=number))
        dropout.valueChanged.connect(self._set_dropout)
        initial.activated.connect(lambda _index: self._set_initial(initial.currentData()))
        schedule.activated.connect(lambda _index: self._set_schedule(schedule.currentData()))
        norm.valueChanged.connect(lambda number: studio.set_training(clip_norm=number or None))
        value.valueChanged.connect(lambda number: studio.set_training(clip_value=number or None))
        factor.valueChanged.connect(self._set_factor)
        for key, field in (
            ("l1", l1),
            ("dropout", dropout),
            ("initial", initial),
            ("schedule", schedule),
            ("clip_norm", norm),
            ("clip_value", value),
            ("factor", factor),
            ("stop_steps", steps),
            ("stop_loss", loss),
            ("stop_accuracy", accuracy),
            ("stop_patience", patience),
        ):
            form.row(key, field)
        for name, rule in (("steps", steps), ("patience", patience)):
            rule.valueChanged.connect(partial(self._set_rule, name))
        for name, bound in (("loss", loss), ("accuracy", accuracy)):
            bound.valueChanged.connect(partial(self._set_rule, name))
        for each in (l1, dropout, norm, value, factor, steps, loss, accuracy, patience):
            each.editingFinished.connect(studio.settle)

    def _offer(self, project: Project | None = None) -> None:
        initial, schedule = self.form.fields["initial"], self.form.fields["schedule"]
        assert isinstance(initial, Choice) and isinstance(schedule, Choice)
        names, words = list(initialisers), [_(each.title) for each in initialisers.values()]
        if project is not None and tuning.initial(project) == tuning.MIXED:
            names, words = [tuning.MIXED, *names], [_("mixed"), *words]
        initial.offer(words, names)
        schedule.offer([_(SCHEDULES.get(name, name)) for name in schedules], list(schedules))

    def _make_schedule_rows(self, schedule: Schedule) -> None:
        """A row for each of its settings, below its name."""
        fields = {f.name: f for f in dataclasses.fields(schedule)}  # type: ignore[arg-type]
        if self._of is not None:
            for field in dataclasses.fields(self._of):  # type: ignore[arg-type]
                if field.name not in fields:
                    self.form.drop(field.name)
        for name, field in fields.items():
            change = partial(self._set_of_schedule, name)
            self.form.row(name, setting_field(field, change, self._studio.settle))
        self._of = type(schedule)
        rest = ("clip_norm", "clip_value", "factor", *RULES)
        self.form.order(["l1", "dropout", "initial", "schedule", *fields, *rest])
        self._say_schedule()

    def _say_schedule(self) -> None:
        if self._of is None:
            return
        for field in dataclasses.fields(self._of):  # type: ignore[arg-type]
            help = _(field.metadata.get("help", ""))
            self.form.say(field.name, _(field.name.replace("_", " ")), help)

    def _unfold(self, on: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.form.setVisible(on)

    def _set_dropout(self, rate: float) -> None:
        name = _("Dropout")
        self._studio.do_merged(name, "training dropout", tuning.set_dropout, rate)

    def _set_initial(self, name: str) -> None:
        if name != tuning.MIXED:
            self._studio.do(_("Starting weights"), tuning.set_initial, name)

    def _set_schedule(self, name: str) -> None:
        if name != self._studio.project.training.schedule.name:
            self._studio.set_training(schedule=gates.schedule(name))

    def _set_of_schedule(self, setting: str, value: Any) -> None:
        schedule = self._studio.project.training.schedule
        self._studio.set_training(schedule=gates.changed(schedule, setting, value))

    def _set_factor(self, factor: float) -> None:
        if self._node:
            key = f"factor {self._node}"
            self._studio.do_merged(
                _("Training settings"), key, tuning.set_factor, self._node, factor
            )

    def _set_rule(self, key: str, value: float) -> None:
        changed: dict[str, Any] = {key: value or None}
        stop = replace(self._studio.project.training.stop, **changed)
        self._studio.set_training(stop=stop)


class Pace(QWidget):
    """A slider for how many steps a second training may take; at its end as many as it can."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.words, self.number = label("muted"), label("number")
        self.slider = Slide()
        self.slider.setObjectName("training-pace")
        self.slider.setRange(0, TICKS + 1)
        self.slider.valueChanged.connect(self._set)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 7, 0)
        row.setSpacing(8)
        row.addWidget(self.words)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)

    def retitle(self) -> None:
        """Say everything in the current language."""
        self.words.setText(_("Speed limit"))
        self.slider.setAccessibleName(_("Speed limit"))
        self.setToolTip(_("How many training steps are taken in a second, at most"))
        self.follow()

    def follow(self) -> None:
        """Show the limit that holds."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(_tick(self._studio.preferences.pace))
        pace = self._studio.preferences.pace
        self.number.setText(_("none") if pace is None else f"{pace:.0f}/s")
        self.number.setMinimumWidth(self.number.fontMetrics().horizontalAdvance("1000/s"))

    def _set(self, tick: int) -> None:
        self._studio.set_pace(_pace(tick))
        self.follow()


def _pace(tick: int) -> float | None:
    if tick > TICKS:
        return None
    return float(round(SLOWEST * (FASTEST / SLOWEST) ** (tick / TICKS)))


def _tick(pace: float | None) -> int:
    if pace is None:
        return TICKS + 1
    return round(TICKS * math.log(max(pace, SLOWEST) / SLOWEST) / math.log(FASTEST / SLOWEST))
