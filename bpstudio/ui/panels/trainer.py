"""Training: on what and how, the buttons that start it, and how it goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.optimizers import Optimizer, optimizers
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.project import edits, gates, placing
from bpstudio.project.project import Project
from bpstudio.ui import icons
from bpstudio.ui.panels.bars import Bars
from bpstudio.ui.panels.form import RIGHT, Choice, Form, Number, Whole, put, setting_field
from bpstudio.ui.panels.panel import (
    Beside,
    Column,
    Panel,
    command_of,
    label,
    scroll_to,
    scrolled,
)
from bpstudio.ui.panels.training_health import Cards, Confused, changes_text, gradient_flow
from bpstudio.ui.panels.training_more import MoreSettings, Pace
from bpstudio.ui.readout import grouped, loss_text, rate_text
from bpstudio.ui.showing import Showing
from bpstudio.ui.soon import soon
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import on_accent
from bpstudio.ui.training import job_of

RATE, TABLE = "learning_rate", "open_table"
SETTING_WORDS = {
    RATE: N_("Learning rate α"),
    "momentum": N_("Momentum μ"),
    "beta1": N_("Memory β₁"),
    "beta2": N_("Memory β₂"),
    "epsilon": N_("Epsilon ε"),
}
"""What the settings of optimizers are called; others go by their own names."""
_MOST_SEED = 2**31 - 1
RESULTS = (
    "loss",
    "penalty",
    "accuracy",
    "error",
    "test_loss",
    "test",
    "test_error",
    "steps",
    "rate",
)
"""What is said of the present weights, from top to bottom."""


class TrainerPanel(Panel):
    """Rows to edit, buttons, and what training has come to."""

    title = N_("Training")

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self._of: type[Optimizer] | None = None
        self.form = Form()
        self._make_rows()
        self.train = QPushButton()
        self.train.setProperty("role", "primary")
        self.train.setIconSize(QSize(16, 16))
        self.train.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.train.clicked.connect(self._train_or_pause)
        self.one = QPushButton()
        self.one.clicked.connect(partial(self._give, partial(studio.train, 1)))
        self.again = QPushButton()
        self.again.clicked.connect(partial(self._give, studio.reset_training))
        self.other = QPushButton()
        self.other.clicked.connect(partial(self._give, studio.draw_new_weights))
        self.results = Form()
        for key in RESULTS:
            result = label("value" if key == "loss" else "number")
            result.setAlignment(RIGHT)
            result.setContentsMargins(0, 0, 7, 0)
            self.results.row(key, result)
        self.flow_heading = label("heading")
        self.flow = Bars("gradient")
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        self.more, self.pace = MoreSettings(studio), Pace(studio)
        self.cards, self.confused = Cards(studio), Confused()
        self.confused_heading, self.changes_heading = label("heading"), label("heading")
        self.changes = label("muted")
        self.changes.setWordWrap(True)
        self.epoch = QPushButton()
        self.epoch.clicked.connect(partial(self._give, studio.train_epoch))
        self.rows = (Beside(self.train, self.one, self.epoch), Beside(self.again, self.other))
        self._lay_out()
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        for form in (self.form, self.results):
            form.dress(self.theme)
        self.flow.dress(self.theme)
        self.confused.dress(self.theme)
        self.cards.retitle(self.theme)
        self.more.retitle(self.theme)
        self.pace.retitle()
        say = self.form.say
        say("data", _("Data"), _("What is learned"))
        say("points", _("Points"))
        say("noise", _("Noise"), _("The standard deviation of what is added to each point"))
        say("optimizer", _("Optimizer"), _("How a gradient changes the weights"))
        say("batch", _("Batch"), _("How many rows a step sees; 0 for all of them"))
        say("l2", _("L2 λ"), _("The penalty λ/2 · ‖W‖² keeps the weights small"))
        say("seed", _("Seed"), _("Keys the starting weights, the order of the rows, and all noise"))
        self._say_optimizer()
        self._offer()
        self.results.say("loss", _("Loss"))
        self.results.say("penalty", _("Penalty"), _("A term of its own, not part of the loss"))
        self.results.say("test_loss", _("Test loss"))
        self.results.say("accuracy", _("Accuracy"))
        self.results.say("test", _("Test accuracy"))
        help = _("The root of the mean squared difference from the right answers")
        self.results.say("error", _("Error"), help)
        self.results.say("test_error", _("Test error"), help)
        self.confused_heading.setText(_("Confusion matrix").upper())
        self.confused.setAccessibleName(_("Confusion matrix"))
        self.confused.setToolTip(
            _("Lines are what rows are, columns what the network says; of the test rows, if any")
        )
        self.changes_heading.setText(_("Changes").upper())
        self.epoch.setText(_("1 epoch"))
        self.epoch.setToolTip(_("Train until every row of the data was seen once"))
        self.results.say("steps", _("Steps"))
        self.results.say("rate", _("Steps/s"))
        self.flow_heading.setText(_("Gradient flow").upper())
        self.flow.setAccessibleName(_("Gradient flow"))
        self.flow.setToolTip(_("‖∇W‖: how much gradient reaches the weights of each layer"))
        self.one.setText(_("1 step"))
        self.one.setToolTip(_("One training step: forward, backward, update"))
        self.again.setText(_("Reset"))
        self.again.setToolTip(_("Back to the start: the same seed gives the same weights"))
        self.again.setIcon(icons.icon("restore"))
        self.other.setText(_("New weights"))
        self.other.setToolTip(_("Draw other starting weights, from the next seed"))
        self.other.setIcon(icons.icon("dice-5"))
        self.refresh()
        for row in self.rows:
            row.fit()

    def refresh(self) -> None:
        """The settings of the project and how far its training is."""
        studio, shown = self.studio, self.studio.shown
        can = studio.can_train or shown.training
        self._say_nothing("" if can else self._why_not())
        for part in (self.train, self.one, self.again, self.other):
            part.setEnabled(can)
        self.train.setText(" " + (_("Pause") if shown.training else _("Train")))
        name = "player-pause" if shown.training else "player-play"
        faded = self.theme.colours["muted"]
        self.train.setIcon(icons.icon(name, on_accent(self.theme) if can else faded))
        self.epoch.setEnabled(can)
        self._show_settings(studio.project)
        self.more.show_settings(studio.project)
        self.pace.follow()
        self.tell()
        before = self.cards.cards
        self.cards.show_cards(shown.diagnoses)
        if self.cards.cards and self.cards.cards is not before:
            soon(self.cards, self._bring_cards)
        self._show_changes()
        bars = gradient_flow(shown) if can else ()
        self.flow.show_bars(bars)
        self.flow_heading.setVisible(bool(bars))

    def _lay_out(self) -> None:
        inside = Column()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 4, 12, 10)
        column.setSpacing(6)
        column.addWidget(self.form)
        column.addWidget(self.more)
        for row in self.rows:
            column.addWidget(row)
        column.addWidget(self.pace)
        column.addWidget(self.nothing)
        column.addSpacing(4)
        column.addWidget(self.cards)
        column.addWidget(self.results)
        column.addWidget(self.confused_heading)
        column.addWidget(self.confused)
        column.addWidget(self.changes_heading)
        column.addWidget(self.changes)
        column.addSpacing(6)
        column.addWidget(self.flow_heading)
        column.addWidget(self.flow)
        column.addStretch(1)
        self.area = scrolled(inside, self)

    def _bring_cards(self) -> None:
        """What is wrong now is seen without scrolling, in a low window too."""
        first = next(iter(self.cards.cards), None)
        if first is not None:
            scroll_to(self.area, first)

    def _make_rows(self) -> None:
        data = Choice()
        data.setPlaceholderText("…")
        data.activated.connect(lambda _index: self._choose_data(data.currentData()))
        self.form.row("data", data)
        points, noise = Whole(4, toys.MOST_POINTS), Number(0.0, 10.0)
        points.valueChanged.connect(partial(self._remake, "points"))
        noise.valueChanged.connect(partial(self._remake, "noise"))
        self.form.row("points", points)
        self.form.row("noise", noise)
        optimizer = Choice()
        optimizer.activated.connect(lambda _index: self._choose_optimizer(optimizer.currentData()))
        self.form.row("optimizer", optimizer)
        batch, l2, seed = Whole(0, None), Number(0.0, None, by_factor=True), Whole(0, _MOST_SEED)
        batch.valueChanged.connect(lambda rows: self.studio.set_training(batch=rows or None))
        l2.valueChanged.connect(lambda value: self.studio.set_training(l2=value))
        seed.valueChanged.connect(lambda value: self.studio.set_training(seed=value))
        for key, field in (("batch", batch), ("l2", l2), ("seed", seed)):
            self.form.row(key, field)
        for field in (points, noise, batch, l2, seed):
            field.editingFinished.connect(self.studio.settle)

    def _show_settings(self, project: Project) -> None:
        fields, settings, data = self.form.fields, project.training, project.data
        if type(settings.optimizer) is not self._of:
            self._make_optimizer_rows(settings.optimizer)
        self._offer()
        put(fields["data"], None if data is None else _name_of(data))
        recipe = {} if data is None else data.recipe
        for key in ("points", "noise"):
            self.form.show_row(key, key in recipe)
            if key in recipe:
                put(fields[key], recipe[key])
        put(fields["optimizer"], settings.optimizer.name)
        for name, value in settings.optimizer.settings.items():
            put(fields[name], value)
        batch = fields["batch"]
        assert isinstance(batch, Whole)
        rows = 1 if data is None else len(data.training_rows)
        batch.setSpecialValueText(_("full ({rows})").format(rows=rows))
        put(batch, settings.batch or 0)
        put(fields["l2"], settings.l2)
        put(fields["seed"], settings.seed)
        self.form.show_row("batch", data is not None)

    def tell(self) -> None:
        """What training has come to: of the moment that is shown, as everywhere else."""
        shown = self.studio.shown
        self._show_results(shown)
        metrics, data = shown.metrics, shown.project.data
        table = () if metrics is None else metrics.test_confusion or metrics.confusion
        names = () if data is None else data.classes
        table = table if len(table) == len(names) else ()
        self.confused.show_table(table, names)
        self.confused.setVisible(bool(table))
        self.confused_heading.setVisible(bool(table))

    def _show_changes(self) -> None:
        changes = self.studio.tending.changes
        text = ""
        if changes:
            try:
                text = changes_text(job_of(self.studio.project), changes)
            except StudioError:
                text = ""  # a network that is being rebuilt has no training to tell of
        put(self.changes, text)
        self.changes.setVisible(bool(text))
        self.changes_heading.setVisible(bool(text))

    def _show_results(self, shown: Showing) -> None:
        metrics, data = shown.metrics, shown.project.data
        loss = shown.loss if metrics is None else metrics.loss
        said = dict.fromkeys(RESULTS, "") | {
            "loss": "" if loss is None else loss_text(loss),
            "steps": grouped(shown.step) if self.studio.can_train else "",
            "rate": rate_text(shown.steps_per_second)
            if shown.training and shown.steps_per_second
            else ("–" if self.studio.can_train else ""),
        }
        if metrics is not None and metrics.accuracy is not None and data is not None:
            rows = len(data.training_rows)
            right = round(metrics.accuracy * rows)
            said["accuracy"] = _("{right} of {rows}").format(right=right, rows=rows)
        if metrics is not None and metrics.test_accuracy is not None and data is not None:
            rows = len(data.test_rows)
            right = round(metrics.test_accuracy * rows)
            said["test"] = _("{right} of {rows}").format(right=right, rows=rows)
        if metrics is not None:
            settings = shown.project.training
            said["penalty"] = loss_text(metrics.penalty) if settings.l1 or settings.l2 else ""
            for key, number in (
                ("test_loss", metrics.test_loss),
                ("error", metrics.error),
                ("test_error", metrics.test_error),
            ):
                said[key] = "" if number is None else loss_text(number)
        for key, text in said.items():
            put(self.results.fields[key], text)
            self.results.show_row(key, bool(text))

    def _say_nothing(self, text: str) -> None:
        self.nothing.setText(text)
        self.nothing.setVisible(bool(text))

    def _why_not(self) -> str:
        if self.studio.shown.problem is not None:
            return str(self.studio.shown.problem)
        return _("There is nothing to train yet: add a layer or a parameter, and a loss.")

    def _offer(self) -> None:
        data, fields = self.studio.project.data, self.form.fields
        names = list(toys.TOYS)
        words = [_(toys.title_of(name)) for name in names]
        if data is not None and _name_of(data) not in names:
            here = _(toys.title_of(data.name))
            names, words = [_name_of(data), *names], [here, *words]
        names, words = [*names, TABLE], [*words, _("A table of your own…")]
        for key, offered, values in (
            ("data", words, names),
            ("optimizer", [_(kind.title) for kind in optimizers.values()], list(optimizers)),
        ):
            field = fields[key]
            assert isinstance(field, Choice)
            field.offer(offered, values)

    def _make_optimizer_rows(self, optimizer: Optimizer) -> None:
        """A row for each of its settings, below its name."""
        declared = {f.name: f for f in dataclasses.fields(optimizer)}  # type: ignore[arg-type]
        if self._of is not None:
            for field in dataclasses.fields(self._of):  # type: ignore[arg-type]
                if field.name not in declared:
                    self.form.drop(field.name)
        for name, field in declared.items():
            change = partial(self._set_optimizer, name)
            self.form.row(name, setting_field(field, change, self.studio.settle))
        self._of = type(optimizer)
        before, after = ("data", "points", "noise", "optimizer"), ("batch", "l2", "seed")
        self.form.order([*before, *declared, *after])
        self._say_optimizer()

    def _say_optimizer(self) -> None:
        if self._of is None:
            return
        for field in dataclasses.fields(self._of):  # type: ignore[arg-type]
            words = _(SETTING_WORDS.get(field.name, field.name.replace("_", " ")))
            self.form.say(field.name, words, _(field.metadata.get("help", "")))

    def _choose_data(self, name: str) -> None:
        if name == TABLE:
            self._show_settings(self.studio.project)  # it is another one only when it is read
            command_of(self, TABLE).trigger()
        elif name in toys.TOYS:
            self.studio.do(_("Data set"), placing.use_data, toys.make(name), (0.0, 0.0))

    def _remake(self, key: str, value: float) -> None:
        """The same data set, made with another setting."""
        data = self.studio.project.data
        if data is None or key not in data.recipe or data.recipe[key] == value:
            return
        recipe: dict[str, Any] = {**data.recipe, key: value}
        made = toys.make(**recipe)
        self.studio.do_merged(_("Data set"), f"data {key}", edits.set_data, made)

    def _choose_optimizer(self, name: str) -> None:
        if name != self.studio.project.training.optimizer.name:
            self.studio.set_training(optimizer=gates.optimizer(name))

    def _set_optimizer(self, setting: str, value: Any) -> None:
        optimizer = self.studio.project.training.optimizer
        self.studio.set_training(optimizer=gates.changed(optimizer, setting, value))

    def _train_or_pause(self, _checked: bool = False) -> None:
        if self.studio.shown.training:
            self.studio.pause()
        else:
            self.studio.train()

    def _give(self, command: Callable[[], None], _checked: bool = False) -> None:
        command()


def _name_of(data: Dataset) -> str:
    """Its name among the toy sets, or its own."""
    return str(data.recipe.get("name") or data.name)
