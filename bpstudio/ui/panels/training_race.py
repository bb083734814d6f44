"""Training by backpropagation and by differences alone, raced: what each step costs, counted."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.language import N_, _, ngettext
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import CLASS_ROLES
from bpstudio.playback.plots.plot import Choice, Drawing
from bpstudio.playback.race_chart import choices, names, race_chart
from bpstudio.project.project import parameter_count
from bpstudio.training.race import Lane, Price, TrainingRace, prices
from bpstudio.ui.panels.form import RIGHT
from bpstudio.ui.panels.frame import Frame, written
from bpstudio.ui.panels.panel import Column, Panel, label, scrolled
from bpstudio.ui.panels.plot import MARGIN, Ground
from bpstudio.ui.panels.race import NONE, seconds_text
from bpstudio.ui.readout import grouped, loss_text
from bpstudio.ui.studio import Studio

SEES = N_(
    "The same network trained twice from the same start: by backpropagation, and by nudging every "
    "weight up and down and running forward each time. The loss is drawn against the passes "
    "through the network and against the time that they took."
)
SEEK = N_(
    "Look at how far the second curve lies to the right of the first: both are the same curve, at "
    "2 n + 1 forward passes a step against one forward and one backward pass."
)
THREE_ABREAST = 1000
"""From this width on, before the theme's factor, the prices stand beside chart and counters."""
GAP, BESIDE = 14, 44
"""Pixels between two parts, and to both sides of them with the scroll bar."""
CHART = QSize(190, 140)
STEPS = (10, 100, 1000, 10_000)
FEW, SOME = 100, 2000
"""Up to so many weights a race is over 1000 steps at first, and up to so many over 100."""
BAR = 1000
COUNTERS = ("steps", "forward", "backward", "time", "loss")


class TrainingRacePanel(Panel):
    """Two lanes with their counters, the loss by its price, and the price at other sizes."""

    title = N_("Training race")
    pause = 1 / 6

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.racing = studio.racing
        self.frame = Frame(studio, "race", self.content)
        self.frame.on_choice = self.touch
        self.lanes = Lanes()
        self.ground = Ground()
        self.ground.setMinimumSize(CHART)
        self.ground.resized.connect(self.touch)
        self.nothing, self.told = label("muted"), label("muted")
        for text in (self.nothing, self.told):
            text.setWordWrap(True)
            text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.prices = Prices()
        self.start, self.hold, self.cancel = QPushButton(), QPushButton(), QPushButton()
        self.start.clicked.connect(lambda _checked=False: self.racing.start(self.steps()))
        self.hold.clicked.connect(lambda _checked=False: self.racing.hold(not self.racing.held))
        self.cancel.clicked.connect(lambda _checked=False: self.racing.cancel())
        buttons = QHBoxLayout()
        for button in (self.start, self.hold, self.cancel):
            buttons.addWidget(button, 1)
        self._race = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._race.addWidget(_column(buttons, self.lanes, self.told), 4)
        self._race.addWidget(_column(self.nothing, self.ground), 6)
        self._parts = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._parts.addLayout(self._race, 10)
        self._parts.addWidget(_column(self.prices), 3)
        for box in (self._race, self._parts):
            box.setSpacing(GAP)
        inside = Column()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 2, 10, 6)
        column.setSpacing(2)
        column.addWidget(self.frame)
        column.addLayout(self._parts, 1)
        scrolled(inside, self)
        self.racing.moved.connect(self.touch)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(150, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.frame.retitle(self.theme, _(self.title), _(SEES), _(SEEK))
        self.ground.setAccessibleName(_(self.title))
        self.ground.setAccessibleDescription(f"{_(SEES)} {_(SEEK)}")
        self.ground.dress(self.theme)
        self.lanes.retitle(self.theme.type, [self.theme.colours[r] for r in CLASS_ROLES[:2]])
        self.lanes.setAccessibleName(_(self.title))
        self.prices.retitle()
        self.start.setText(_("Start the race"))
        self.start.setToolTip(
            _("Train the network twice from its start, each way as fast as it can")
        )
        self.cancel.setText(_("Cancel"))
        self.refresh()

    def refresh(self) -> None:
        """Where both are."""
        racing, race = self.racing, self.racing.race
        self.frame.offer((self._offer(), *choices()))
        self.lanes.show_race(race)
        self.start.setVisible(not racing.running)
        self.start.setEnabled(self.studio.can_train)
        self.hold.setVisible(racing.running)
        self.hold.setText(_("Go on") if racing.held else _("Pause"))
        self.cancel.setVisible(racing.running)
        self.told.setText(_told(race))
        self.prices.show_prices(() if race is None else prices(race))
        size = self.ground.size()
        rect = Rect(0, 0, size.width(), size.height()).grown(-MARGIN)
        try:
            marks = self._drawing(rect).marks
        except StudioError as error:
            marks = ()
            self.nothing.setText(str(error))
        self.nothing.setVisible(not marks)
        self.ground.show_marks(marks)

    def steps(self) -> int:
        """How many steps the next race goes over."""
        return int(self.frame.chosen.get("steps", self._offer().options[0][0]))

    def content(self, ending: str) -> bytes:
        """What a file of this ending holds: the two charts as they are seen, or their numbers."""
        size = self.ground.size()
        page = Rect(0, 0, max(size.width(), 200), max(size.height(), 140))
        return written(self._drawing(page.grown(-MARGIN)), page, self.theme, _(self.title), ending)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room, else one below the other."""
        super().resizeEvent(event)
        direction = QBoxLayout.Direction
        # A number that is cut off is another number.
        two = self.lanes.minimumSizeHint().width() + GAP + self.ground.minimumWidth() + BESIDE
        for box, least in ((self._race, two), (self._parts, THREE_ABREAST * self.theme.type)):
            room = self.width() >= least
            box.setDirection(direction.LeftToRight if room else direction.TopToBottom)

    def _drawing(self, rect: Rect) -> Drawing:
        price, scale = (self.frame.chosen.get(c.name, c.options[0][0]) for c in choices())
        return race_chart(self.racing.race, rect, self.theme, price=price, scale=scale)

    def _offer(self) -> Choice:
        """How far a race can go: first what suits a network of so many weights."""
        count = parameter_count(self.studio.project)
        first = 1000 if count <= FEW else 100 if count <= SOME else 10
        sizes = (first, *(steps for steps in STEPS if steps != first))
        words = ngettext("{count} step", "{count} steps", 2)
        options = tuple((str(steps), words.format(count=grouped(steps))) for steps in sizes)
        return Choice("steps", _("How far it goes"), options)


class Lanes(QWidget):
    """A column for each lane with its counters, and under it how far it has come."""

    def __init__(self) -> None:
        super().__init__()
        self.names = (label("strong"), label("strong"))
        self.words = {counter: label("muted") for counter in COUNTERS}
        self.numbers = {counter: (label("number"), label("number")) for counter in COUNTERS}
        self.bars = (QProgressBar(), QProgressBar())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(1)
        for column, (name, bar) in enumerate(zip(self.names, self.bars, strict=True), start=1):
            grid.setColumnStretch(column, 1)
            name.setAlignment(RIGHT)
            grid.addWidget(name, 0, column)
            bar.setTextVisible(False)
            bar.setFixedHeight(5)
            bar.setRange(0, BAR)
            grid.addWidget(bar, 1, column)
        for row, counter in enumerate(COUNTERS, start=2):
            grid.addWidget(self.words[counter], row, 0)
            for column, number in enumerate(self.numbers[counter], start=1):
                number.setAlignment(RIGHT)
                grid.addWidget(number, row, column)

    def retitle(self, type: float, colours: list[str]) -> None:
        """Take the current language and the current colours."""
        for name, bar, words, colour in zip(self.names, self.bars, names(), colours, strict=True):
            name.setText(words)
            bar.setAccessibleName(words)
            bar.setStyleSheet(
                f"QProgressBar {{ background: transparent; border: none; }}"
                f"QProgressBar::chunk {{ background: {colour}; }}"
            )
        said = (_("steps"), _("forward"), _("backward"), _("time"), _("newest loss"))
        for counter, words in zip(COUNTERS, said, strict=True):
            self.words[counter].setText(words)
        wide = self.fontMetrics().horizontalAdvance("0") * 8
        for pair in self.numbers.values():
            for number in pair:
                number.setMinimumWidth(round(wide * min(type, 1.2)))

    def show_race(self, race: TrainingRace | None) -> None:
        """Where both are; nothing where there was no race."""
        for index in (0, 1):
            texts = dict.fromkeys(COUNTERS, NONE) if race is None else _counters(race.lanes[index])
            for counter, text in texts.items():
                self.numbers[counter][index].setText(text)
            done = 0 if race is None else BAR * race.lanes[index].steps // max(race.steps, 1)
            self.bars[index].setValue(done)


class Prices(QWidget):
    """What a step by differences costs, for this network and for larger ones."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(1)
        self.heads = [label("muted") for _column in range(3)]
        self.rows: list[tuple[QLabel, ...]] = []
        self.words = label("muted")
        self.words.setWordWrap(True)
        for column, head in enumerate(self.heads):
            head.setAlignment(RIGHT)
            self._grid.setColumnStretch(column, 1)
            self._grid.addWidget(head, 0, column)

    def retitle(self) -> None:
        """Take the current language."""
        said = (_("weights"), _("passes a step"), _("a step takes"))
        for head, words in zip(self.heads, said, strict=True):
            head.setText(words)
        tip = _(
            "By differences, if every pass took as long as it does here. In a larger network each "
            "takes longer. By backpropagation a step stays at one forward and one backward pass."
        )
        self.setToolTip(tip)
        self.setAccessibleName(_("The price at other sizes"))
        self.setAccessibleDescription(tip)

    def show_prices(self, found: tuple[Price, ...]) -> None:
        """Show these, a line each."""
        self.setVisible(bool(found))
        while len(self.rows) < len(found):
            row = tuple(label("number") for _column in range(3))
            for column, text in enumerate(row):
                text.setAlignment(RIGHT)
                self._grid.addWidget(text, len(self.rows) + 1, column)
            self.rows.append(row)
        for place, row in enumerate(self.rows):
            texts = _price(found[place]) if place < len(found) else ("", "", "")
            for text, said in zip(row, texts, strict=True):
                text.setText(said)
                text.setVisible(place < len(found))


def long_time(seconds: float) -> str:
    """A time in the unit that suits it: `0.4 ms`, `12 min`, `3.1 years`."""
    if not math.isfinite(seconds):
        return NONE
    for limit, unit, words in (
        (31_557_600.0, 31_557_600.0, N_("{number} years")),
        (172_800.0, 86_400.0, N_("{number} days")),
        (7200.0, 3600.0, N_("{number} h")),
        (100.0, 60.0, N_("{number} min")),
    ):
        if seconds >= limit:
            number = seconds / unit
            return _(words).format(number=f"{number:.2g}" if number < 99.5 else f"{number:,.0f}")
    return seconds_text(seconds)


def _counters(lane: Lane) -> dict[str, str]:
    loss = NONE if math.isnan(lane.loss) else loss_text(lane.loss)
    passes = grouped(lane.forward), grouped(lane.backward)
    texts = (grouped(lane.steps), *passes, long_time(lane.seconds), loss)
    return dict(zip(COUNTERS, texts, strict=True))


def _price(price: Price) -> tuple[str, str, str]:
    return grouped(price.weights), grouped(price.passes), long_time(price.seconds)


def _told(race: TrainingRace | None) -> str:
    """What came of it so far."""
    if race is None:
        return _("For n weights a step takes one forward and one backward pass, or 2 n + 1 passes.")
    fast, slow = race.lanes
    problem = fast.problem or slow.problem
    if problem is not None:
        return str(problem)
    if not (fast.steps and slow.steps):
        return ngettext("{count} weight", "{count} weights", race.weights).format(
            count=grouped(race.weights)
        )
    passes = (slow.forward / slow.steps) / ((fast.forward + fast.backward) / fast.steps)
    times = (slow.seconds / slow.steps) / (fast.seconds / fast.steps)
    apart = f"{race.apart:.0e}".replace("-", "−") if race.apart else "0"
    return _(
        "A step by differences takes {passes} times as many passes and {times} times as long; the "
        "losses differ by {apart} at most."
    ).format(passes=_factor(passes), times=_factor(times), apart=apart)


def _factor(value: float) -> str:
    return grouped(round(value)) if value >= 10 else f"{value:.1f}"


def _column(*parts: QWidget | QBoxLayout) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part, 1 if isinstance(part, Ground) else 0)
        else:
            column.addLayout(part)
    if not any(isinstance(part, Ground) for part in parts):
        column.addStretch(1)
    return made
