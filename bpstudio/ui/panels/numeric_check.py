"""The gradients of the whole network checked by nudging every number: right, but dear."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from bpstudio.engine import run
from bpstudio.engine.check import Check, gradient_check, of_kink
from bpstudio.engine.op import Kind
from bpstudio.errors import StudioError
from bpstudio.language import N_, _, ngettext
from bpstudio.playback import digits
from bpstudio.playback.palette import Theme
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project, arguments
from bpstudio.ui.panels.form import RIGHT, Form, put
from bpstudio.ui.panels.panel import label
from bpstudio.ui.readout import grouped
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

ROWS = 64
"""The check runs on so many rows of the data at most."""
AT_ONCE = 24
"""Networks of so few numbers are checked without being asked."""
PATIENCE = 4.0
"""Seconds that a check may take."""

TOO_LONG = N_(
    "The numeric way would take {passes} forward passes, about {seconds} s; one backward pass "
    "does it too. Use fewer units, or fewer rows."
)


class NumericCheck(QWidget):
    """A button, and what came of it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._checked: tuple[object, ...] = ()
        self.check: Check | None = None
        self.form = Form()
        error = label("number")
        error.setAlignment(RIGHT)
        error.setContentsMargins(0, 0, 7, 0)
        self.form.row("error", error)
        self.cost, self.kink = label("muted"), label("muted")
        for text in (self.cost, self.kink):
            text.setWordWrap(True)
        self.button = QPushButton()
        self.button.clicked.connect(self.run)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.form)
        column.addWidget(self.cost)
        column.addWidget(self.kink)
        column.addWidget(self.button)

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        self.form.dress(theme)
        self.form.say("error", _("central difference"), _("(f(x + h) − f(x − h)) / 2h, h = 1e−5"))
        self.button.setText(_("Check all gradients"))
        self.button.setToolTip(_("Nudge every number up and down and compare"))
        self._say()

    def follow(self, shown: Showing) -> None:
        """A result holds only for the numbers that it was made with."""
        project = shown.project
        now = (project.graph, project.given, project.data, shown.weights)
        fresh = len(self._checked) == len(now) and all(
            a is b for a, b in zip(now, self._checked, strict=True)
        )
        if fresh:
            return
        self._checked, self.check = now, None
        if not shown.training and not shown.playing and 0 < _size(project) <= AT_ONCE:
            self._try()
        self._say()

    def run(self, _checked: bool = False) -> None:
        """Check now; what keeps it from running is said in the banner."""
        try:
            self.check = checked(self._studio.shown)
        except StudioError as error:
            self._studio.complain(error)
        self._say()

    def _try(self) -> None:
        try:
            self.check = checked(self._studio.shown)
        except StudioError:
            # It was not asked for; whoever presses the button is told.
            self.check = None

    def _say(self) -> None:
        found = self.check
        self.form.setVisible(found is not None)
        self.cost.setVisible(found is not None)
        self.kink.hide()
        self.button.setVisible(found is None)
        if found is None:
            return
        wrong = any(entry.wrong for entry in found.entries.values())
        field = self.form.fields["error"]
        field.setProperty("role", "gradient" if wrong else "value")
        field.style().unpolish(field)
        field.style().polish(field)
        put(field, f"{'✗' if wrong else '✓'} {digits.small(found.max_relative_error)}")
        worst = found.worst
        field.setToolTip("" if worst is None else f"{worst.key}: {worst.error:.2g}")
        count = sum(entry.numeric.size for entry in found.entries.values())
        kinks = [str(of_kink(self._studio.project.graph, *each)) for each in found.kinks[:1]]
        self.kink.setText("".join(kinks))
        self.kink.setVisible(bool(kinks))
        words = ngettext(
            "Cost for {count} number: {passes} forward passes, where backprop takes 1 backward",
            "Cost for {count} numbers: {passes} forward passes, where backprop takes 1 backward",
            count,
        )
        passes = grouped(found.forward_passes)
        self.cost.setText(words.format(count=grouped(count), passes=passes))


def checked(shown: Showing) -> Check:
    """The check of the weights that are shown, on the first rows of the data.

    Raises StudioError where the network can't run, or where it would take too long.
    """
    part, goal = runnable(shown.project)
    project = within(shown.project, part)
    rows = None if project.data is None else project.data.training_rows[:ROWS]
    given = arguments(project, rows)
    weights = {key: shown.weights.get(key, weight) for key, weight in project.weights.items()}
    began = time.perf_counter()
    steps = list(run.forward(part, given, weights, statistics=project.statistics))
    once = time.perf_counter() - began
    passes = 2 * _size(project)
    if steps and passes * once > PATIENCE:
        raise StudioError(TOO_LONG, passes=grouped(passes), seconds=round(passes * once))
    return gradient_check(part, given, weights, of=goal, statistics=project.statistics)


def _size(project: Project) -> int:
    """How many numbers are nudged."""
    typed = sum(project.given[key].size for key in project.graph.keys(Kind.GIVEN))
    return typed + sum(weight.size for weight in project.weights.values())
