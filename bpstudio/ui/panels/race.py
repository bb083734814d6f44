"""Three ways to one gradient, raced: passes counted, time measured."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.race import FORWARD_MODE, NUMERIC, REVERSE, WAYS, Lap, Race
from bpstudio.language import _, ngettext
from bpstudio.playback.palette import Theme
from bpstudio.ui.checking import RACE
from bpstudio.ui.panels.form import RIGHT
from bpstudio.ui.panels.panel import label
from bpstudio.ui.readout import grouped
from bpstudio.ui.studio import Studio

BAR = 1000
NONE = "·"


class RaceView(QWidget):
    """A lane for each way, and a button that starts the race."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._checking = studio.checking
        self.names: dict[str, QLabel] = {}
        self.passes: dict[str, QLabel] = {}
        self.times: dict[str, QLabel] = {}
        self.bars: dict[str, QProgressBar] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for row, way in enumerate(WAYS):
            self.names[way] = label()
            self.names[way].setMinimumWidth(60)
            self.passes[way], self.times[way] = label("number"), label("number")
            self.bars[way] = QProgressBar()
            self.bars[way].setTextVisible(False)
            self.bars[way].setFixedHeight(5)
            self.bars[way].setRange(0, BAR)
            for column, text in enumerate((self.names[way], self.passes[way], self.times[way])):
                grid.addWidget(text, 2 * row, column)
            for text in (self.passes[way], self.times[way]):
                text.setAlignment(RIGHT)
            grid.addWidget(self.bars[way], 2 * row + 1, 0, 1, 3)
        self.words = label("muted")
        self.words.setWordWrap(True)
        self.start, self.cancel = QPushButton(), QPushButton()
        self.start.clicked.connect(lambda _checked=False: self._checking.start_race())
        self.cancel.clicked.connect(lambda _checked=False: self._checking.cancel())
        buttons = QHBoxLayout()
        buttons.addWidget(self.start, 1)
        buttons.addWidget(self.cancel, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(grid)
        whole.addWidget(self.words)
        whole.addLayout(buttons)
        self._checking.moved.connect(self.say)

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        names = {
            REVERSE: _("backward pass (reverse mode)"),
            FORWARD_MODE: _("forward mode"),
            NUMERIC: _("central differences"),
        }
        for way, name in names.items():
            self.names[way].setText(name)
            self.bars[way].setAccessibleName(name)
            role = {REVERSE: "gradient", FORWARD_MODE: "forward", NUMERIC: "strong"}[way]
            self.bars[way].setStyleSheet(
                f"QProgressBar {{ background: {theme.colours['grid']}; border: none; }}"
                f"QProgressBar::chunk {{ background: {theme.colours[role]}; }}"
            )
        wide = self.fontMetrics().horizontalAdvance("0") * 7
        for texts in (self.passes, self.times):
            for text in texts.values():
                text.setMinimumWidth(wide)
        self.start.setText(_("Start the race"))
        self.start.setToolTip(_("The same gradient in three ways, each as fast as it can be"))
        self.cancel.setText(_("Cancel"))
        self.say()

    def say(self) -> None:
        """Show where each of them is."""
        race, running = self._checking.race, self._checking.running == RACE
        self.start.setVisible(not running)
        self.cancel.setVisible(running)
        laps = (
            {way: Lap(way) for way in WAYS} if race is None else {lap.way: lap for lap in race.laps}
        )
        for way, lap in laps.items():
            self._show(way, lap, race)
        self.words.setText(_told(race))

    def _show(self, way: str, lap: Lap, race: Race | None) -> None:
        if race is None:
            for text in (self.passes[way], self.times[way]):
                text.setText(NONE)
            self.bars[way].setValue(0)
            return
        needed = race.needed[way]
        count = grouped(lap.passes)
        whole = lap.passes == needed
        self.passes[way].setText(count if whole else f"{count} / {grouped(needed)}")
        self.passes[way].setToolTip(_("passes through the network"))
        self.times[way].setText(seconds_text(lap.seconds))
        self.bars[way].setValue(BAR * lap.done // max(race.numbers, 1))


def seconds_text(seconds: float) -> str:
    """A time in three figures: `0.21 ms`, `14.2 ms`, `3.05 s`."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _told(race: Race | None) -> str:
    """What came of it; while it runs, what it will come to."""
    if race is None:
        return _(
            "Central differences take two passes for each number, forward mode one, and the "
            "backward pass one for all of them."
        )
    backward, forward, numeric = race.laps
    count = ngettext("{count} number", "{count} numbers", race.numbers).format(
        count=grouped(race.numbers)
    )
    if not backward.seconds or not (forward.done and numeric.done):
        return count
    factors = [race.expected(lap) / backward.seconds for lap in (forward, numeric)]
    values = {"numbers": count, "forward": _factor(factors[0]), "numeric": _factor(factors[1])}
    if not race.over:
        return _(
            "{numbers}: beside one backward pass, forward mode will take {forward} times as long, "
            "differences {numeric} times."
        ).format(**values)
    apart = f"{race.apart[NUMERIC]:.1e}".replace("-", "−")
    return _(
        "{numbers}: beside one backward pass, forward mode took {forward} times as long, "
        "differences {numeric} times, and they are off by {apart}."
    ).format(**values, apart=apart)


def _factor(value: float) -> str:
    return grouped(round(value)) if value >= 10 else f"{value:.1f}"
