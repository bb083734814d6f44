"""Many trainings of one network: what to vary, a live grid of boundaries, and a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from bpstudio.errors import StudioError, reason_of
from bpstudio.language import N_, _
from bpstudio.playback.scene import laid_out
from bpstudio.playback.sheet import sheet
from bpstudio.playback.sweep_grid import named
from bpstudio.project import vary
from bpstudio.project.project import Project
from bpstudio.training.sweep import Outcome
from bpstudio.training.sweeping import table_text
from bpstudio.ui import film, render
from bpstudio.ui.dialogs import files
from bpstudio.ui.dialogs.sweep_grid import GridView
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Notice
from bpstudio.ui.sweeps import Asked, Sweeps

if TYPE_CHECKING:
    from bpstudio.project.unfinished import Unfinished
    from bpstudio.ui.window import Window

CAPACITY, STARTS, OWN = "capacity", "starts", "own"
PRESETS = {
    CAPACITY: N_("Capacity and λ"),
    STARTS: N_("XOR from 100 starts"),
    OWN: N_("This project"),
}
SEEDS = {CAPACITY: 3, STARTS: 100, OWN: 1}
STEPS = {CAPACITY: 4000, STARTS: 5000, OWN: 1000}
FIGURES = ("loss", "accuracy", "test_accuracy", "regions", "norm", "solved")
PLAIN = (
    "QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; }"
    "QSpinBox QLineEdit { border: none; padding: 0 5px; min-height: 0; background: transparent; }"
)
SIZE = (1240, 660)
LOOKED_AT = 40
LINE = 24
"""Pixels of a row of the table, at the usual size of type."""
LARGE = 1.4
"""From that size of type on, as a factor, the buttons stand below the fields."""


def show(window: Window, preset: str = CAPACITY) -> SweepDialog:
    """Open it, or bring it to the front; one that stepped aside comes back as it was."""
    known = window.findChild(SweepDialog)
    dialog = known if isinstance(known, SweepDialog) else SweepDialog(window)
    if dialog is not known or dialog.isVisible() or dialog.preset.currentData() != preset:
        dialog.choose(preset)
    dialog.show()
    dialog.raise_()
    return dialog


class SweepDialog(QDialog):
    """Stands beside the window, so that what a cell opens is seen at once."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("sweep")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window = window
        self.sweeps = Sweeps(self, window.sweeps_aside)
        self._own: Project | None = None  # that of a sweep that was cut off
        self.preset, self.varied = QComboBox(), QLineEdit()
        self.seeds, self.steps = QSpinBox(), QSpinBox()
        self.seeds.setRange(1, 1000)
        self.steps.setRange(1, 1_000_000)
        for box in (self.seeds, self.steps):
            # Numbers are typed, or turned by the wheel; arrows of that size would only disturb.
            box.setStyleSheet(PLAIN)
            box.lineEdit().setTextMargins(6, 0, 2, 0)
        self.start, self.cancel = QPushButton(), QPushButton()
        self.keep = QPushButton()
        self.start.setProperty("role", "primary")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setRange(0, 1000)
        self.words, self.problem = label("muted"), label("wrong")
        self.problem.setWordWrap(True)
        self.grid, self.table = GridView(self.sweeps), QTableWidget()
        self._names = [label("muted") for _each in range(4)]
        self._lay_out()
        self._filled: set[int] = set()
        self._of: object = None
        self.preset.activated.connect(self._preset)
        self.varied.returnPressed.connect(self.begin)
        self.start.clicked.connect(self._start)
        self.cancel.clicked.connect(lambda _checked=False: self.sweeps.cancel())
        self.keep.clicked.connect(self._keep)
        self.grid.chosen.connect(self.open_trial)
        self.table.cellActivated.connect(lambda row, _column: self.open_trial(self._number(row)))
        self.sweeps.moved.connect(self.follow)
        self.sweeps.failed.connect(self._complain)
        window.studio.preferred.connect(self.retitle)
        self.retitle()
        self.resize(min(SIZE[0], window.width()), min(SIZE[1], window.height()))

    # -- what is asked for ------------------------------------------------------------------

    def choose(self, preset: str) -> None:
        """Fill in one of the presets."""
        self.preset.setCurrentIndex(list(PRESETS).index(preset))
        self._preset()

    def asked(self) -> Asked:
        """What is to be done; raises StudioError where that makes no sense."""
        preset = self.preset.currentData()
        project, _usual = self._recipe(preset)
        words = [word for word in self.varied.text().split(";") if word.strip()]
        varied, seeds = vary.varied_of(words), range(1, self.seeds.value() + 1)
        return Asked(project, varied, seeds, self.steps.value(), preset)

    def begin(self) -> None:
        """Start it."""
        self.problem.hide()
        try:
            asked = self.asked()
        except StudioError as error:
            self._complain(error)
            return
        self.sweeps.start(asked)

    def go_on_with(self, cut_off: Unfinished) -> None:
        """Go on with a sweep that was cut off; what is done of it is not done again."""
        recipe = cut_off.recipe
        try:
            project = cut_off.project()
        except StudioError as error:
            cut_off.discard()
            self._complain(error)
            return
        self.problem.hide()
        self.choose(recipe.kind if recipe.kind in PRESETS else OWN)
        self._own = project
        self.varied.setText(_spelled(recipe.vary))
        self.varied.setCursorPosition(0)
        self.seeds.setValue(len(recipe.seeds))
        self.steps.setValue(recipe.steps)
        varied = {name: tuple(values) for name, values in recipe.vary.items()}
        usual = range(1, len(recipe.seeds) + 1)
        seeds = usual if list(usual) == recipe.seeds else recipe.seeds
        self.sweeps.start(Asked(project, varied, seeds, recipe.steps, recipe.kind), cut_off)

    def open_trial(self, number: int) -> None:
        """Put the trained network of a trial on the canvas, once what is there is saved."""
        asked, outcome = self.sweeps.asked, self.sweeps.outcomes.get(number)
        if asked is None or outcome is None:
            return
        project = laid_out(vary.opened(asked.project, outcome))

        def put() -> None:
            self._window.studio.begin(project, saved=False)
            self._window.canvas.fit()
            if self._covers():
                self.hide()
                text = _("What was chosen is on the canvas; the comparison is kept.")
                notice = Notice(text, offer=f"compare_{self.preset.currentData()}")
                self._window.studio.noticed.emit(notice)

        files.settle(self._window, put)

    def _covers(self) -> bool:
        """Whether it hides the canvas, on which one wants to see what was chosen."""
        canvas = self._window.canvas
        place = QRect(canvas.mapToGlobal(QPoint(0, 0)), canvas.size())
        hidden = place & self.frameGeometry()
        return 2 * hidden.width() * hidden.height() > place.width() * place.height()

    # -- what is shown ----------------------------------------------------------------------

    def retitle(self, _preferences: object = None) -> None:
        """Take the current language and the current colours."""
        self.setWindowTitle(_("Compare trainings"))
        chosen = self.preset.currentData()
        self.preset.clear()
        for name, title in PRESETS.items():
            self.preset.addItem(_(title), name)
        self.preset.setCurrentIndex(max(0, self.preset.findData(chosen)))
        fields = (self.preset, self.varied, self.seeds, self.steps)
        names = (_("What to compare"), _("Vary"), _("Starts"), _("Steps"))
        for text, name, field in zip(self._names, names, fields, strict=True):
            text.setText(name)
            text.setBuddy(field)
            field.setAccessibleName(name)
        self.varied.setToolTip(_("Such as dense1.units=3,6,20; l2=0,0.01"))
        self.seeds.setToolTip(_("How many starting weights each setting is trained from"))
        self.cancel.setText(_("Cancel"))
        self.keep.setText(_("Save as…"))
        self.table.setAccessibleName(_("Table of the trainings"))
        self.grid.dress(self._window.studio.theme)
        self._of = None
        self.follow()

    def follow(self) -> None:
        """Show how things stand."""
        sweeps, done = self.sweeps, len(self.sweeps.outcomes)
        self.start.setText(_("Go on") if self._goes_on() else _("Start"))
        self.start.setVisible(not sweeps.running)
        self.cancel.setVisible(sweeps.running)
        self.keep.setEnabled(bool(done) and not sweeps.running)
        self.bar.setValue(round(1000 * sweeps.share))
        if sweeps.sweep is None:
            self.words.setText(_("Being prepared…") if sweeps.running else "")
        else:
            text = _("{done} of {count} trainings done")
            self.words.setText(text.format(done=done, count=sweeps.count))
        self._fill()

    def done(self, result: int) -> None:
        """However it is closed, what is on its way ends."""
        self.sweeps.cancel()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Also while it is not seen, of which Qt makes less of a case."""
        self.sweeps.cancel()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        grown = self._window.studio.theme.type
        form = QGridLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(2)
        fields = (self.preset, self.varied, self.seeds, self.steps)
        for column, (name, field) in enumerate(zip(self._names, fields, strict=True)):
            form.addWidget(name, 0, column)
            form.addWidget(field, 1, column)
        # Large type leaves them no room beside the fields.
        row, first = (1, 4) if grown < LARGE else (2, 0)
        form.addWidget(self.start, row, first)
        form.addWidget(self.cancel, row, first + 1)
        form.addWidget(self.keep, row, first + 2, 1, -1)
        form.setColumnStretch(1, 1)
        self.varied.setMinimumWidth(160)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(round(LINE * grown))
        # To fit a column some of its rows are measured: there may be thousands.
        self.table.horizontalHeader().setResizeContentsPrecision(LOOKED_AT)
        both = QSplitter(Qt.Orientation.Horizontal)
        both.addWidget(self.grid)
        both.addWidget(self.table)
        both.setSizes([SIZE[0] // 2, SIZE[0] // 2])
        both.setChildrenCollapsible(False)
        foot = QHBoxLayout()
        foot.addWidget(self.words)
        foot.addWidget(self.problem, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 14, 16, 12)
        whole.setSpacing(8)
        whole.addLayout(form)
        whole.addWidget(self.bar)
        whole.addWidget(both, 1)
        whole.addLayout(foot)
        self.problem.hide()

    def _preset(self, _index: int = 0) -> None:
        preset = self.preset.currentData()
        self._own = None
        _project, varied = self._recipe(preset)
        self.varied.setText(_spelled(varied))
        self.varied.setCursorPosition(0)
        self.seeds.setValue(SEEDS[preset])
        self.steps.setValue(STEPS[preset])
        self.follow()

    def _recipe(self, preset: str) -> tuple[Project, dict[str, tuple[Any, ...]]]:
        if preset == CAPACITY:
            return vary.capacity()
        if preset == STARTS:
            return vary.xor_starts()
        project = self._own or self._window.studio.project
        return project, vary.usual(project)

    def _goes_on(self) -> bool:
        """Whether what was cancelled is what the form still asks for."""
        old = self.sweeps.asked
        if not self.sweeps.can_go_on or old is None:
            return False
        try:
            new = self.asked()
        except StudioError:
            return False
        same = (dict(new.vary), new.seeds, new.steps) == (dict(old.vary), old.seeds, old.steps)
        own = self.preset.currentData() == OWN
        return same and (
            new.project is old.project if own else new.project.title == old.project.title
        )

    def _start(self, _checked: bool = False) -> None:
        if self._goes_on():
            self.problem.hide()
            self.sweeps.go_on()
        else:
            self.begin()

    def _complain(self, error: StudioError) -> None:
        self.problem.setText(str(error))
        self.problem.show()
        self.follow()

    # -- the table --------------------------------------------------------------------------

    def _number(self, row: int) -> int:
        item = self.table.item(row, 0)
        return int(item.data(Qt.ItemDataRole.UserRole)) if item is not None else -1

    def _fill(self) -> None:
        """A row for each trial, and the figures of those that are done."""
        sweep = self.sweeps.sweep
        if sweep is not self._of:
            self._of, self._filled = sweep, set()
            self._begin_table()
        new = [n for n in self.sweeps.outcomes if n not in self._filled] if sweep else []
        for number in new:
            self._filled.add(number)
            self._fill_row(number, self.sweeps.outcomes[number])
        if new:
            # Not the header's own way to fit: it would measure all rows at every cell.
            self.table.resizeColumnsToContents()

    def _begin_table(self) -> None:
        sweep = self.sweeps.sweep
        self.table.clear()
        self.table.setRowCount(0 if sweep is None else len(sweep.trials))
        if sweep is None:
            self.table.setColumnCount(0)
            return
        names = [named(name) for name, _values in sweep.vary]
        figures = (_("loss"), _("accuracy"), _("test"), _("regions"), _("norm"), _("solved"))
        self.table.setColumnCount(len(names) + 1 + len(figures))
        self.table.setHorizontalHeaderLabels([*names, _("seed"), *figures])
        for row, trial in enumerate(sweep.trials):
            for column, value in enumerate([*(v for _n, v in trial.settings), trial.seed]):
                self._say(row, column, f"{value:g}" if isinstance(value, float) else str(value))
            first = self.table.item(row, 0)
            if first is not None:
                first.setData(Qt.ItemDataRole.UserRole, trial.number)

    def _fill_row(self, number: int, outcome: Outcome) -> None:
        first = len(outcome.settings) + 1
        for column, name in enumerate(FIGURES, start=first):
            self._say(number, column, _said(getattr(outcome, name)))

    def _say(self, row: int, column: int, text: str) -> None:
        item = QTableWidgetItem(text)
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.table.setItem(row, column, item)

    # -- files ------------------------------------------------------------------------------

    def _keep(self, _checked: bool = False) -> None:
        """Ask for a file: the table or the picture, as its ending says."""
        dialog = QFileDialog(self, _("Save as…"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        picture, table = _("Picture (*.png)"), _("Table (*.csv)")
        dialog.setNameFilters([picture, table])
        dialog.fileSelected.connect(
            lambda name: self.write(
                name, ".csv" if dialog.selectedNameFilter() == table else ".png"
            )
        )
        dialog.open()

    def write(self, name: str, ending: str) -> None:
        """Write the table (.csv) or the grid (.png)."""
        path, sweep = Path(name), self.sweeps.sweep
        if sweep is None:
            return
        if path.suffix.lower() not in (".csv", ".png"):
            path = path.with_name(path.name + ending)
        try:
            if path.suffix.lower() == ".csv":
                text = table_text(sweep, self.sweeps.outcomes)
                path.write_text(text, encoding="utf-8", newline="")
                return
            theme = self._window.studio.theme
            picture = self.grid.picture(theme)
            if picture is not None:
                page = sheet([picture], None, 2.0)
                path.write_bytes(film.png(render.image(page, theme)))
        except OSError as error:
            self._complain(
                StudioError(
                    N_("{file} can't be written ({reason}). Choose another place."),
                    file=path.name,
                    reason=reason_of(error),
                )
            )


def _spelled(varied: Mapping[str, Sequence[Any]]) -> str:
    """What is varied, as it is typed."""
    return "; ".join(f"{name}={','.join(map(_typed, vs))}" for name, vs in varied.items())


def _typed(value: Any) -> str:
    short = f"{value:g}" if isinstance(value, int | float) else str(value)
    return short if not isinstance(value, int | float) or float(short) == value else repr(value)


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, float) and not math.isfinite(value):
        return "∞"
    return f"{value:.4g}"
