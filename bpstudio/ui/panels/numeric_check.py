"""The gradients of the whole network checked by nudging every number: right, but dear."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.check import Check, of_kink
from bpstudio.language import _, ngettext
from bpstudio.playback import digits
from bpstudio.playback.palette import Theme
from bpstudio.playback.tint import KINK, RIGHT, WRONG, depth, tint_of
from bpstudio.ui.checking import CHECK
from bpstudio.ui.panels.form import RIGHT as AT_RIGHT
from bpstudio.ui.panels.form import Form, put
from bpstudio.ui.panels.panel import label
from bpstudio.ui.readout import grouped
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio


class NumericCheck(QWidget):
    """A button, what came of it, and a switch that colours the graph by it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._checking = studio.checking
        self._node: str | None = None
        self.form = Form()
        for key in ("here", "error"):
            error = label("number")
            error.setAlignment(AT_RIGHT)
            error.setContentsMargins(0, 0, 7, 0)
            self.form.row(key, error)
        self.cost, self.kink = label("muted"), label("muted")
        for text in (self.cost, self.kink):
            text.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.button, self.cancel = QPushButton(), QPushButton()
        self.colour = QCheckBox()
        self.button.clicked.connect(self.run)
        self.cancel.clicked.connect(lambda _checked=False: self._checking.cancel())
        self.colour.toggled.connect(self._checking.colour)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.button, 1)
        buttons.addWidget(self.cancel, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (self.form, self.cost, self.kink, self.progress):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.colour)
        self._checking.moved.connect(self.say)

    @property
    def check(self) -> Check | None:
        """What the newest check found; None where it was for other numbers."""
        return self._checking.check

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        self.form.dress(theme)
        self.form.say("error", _("central difference"), _("(f(x + h) − f(x − h)) / 2h, h = 1e−5"))
        self.form.say("here", _("at this node"), _("What arrives here, and what it passes on"))
        self.button.setText(_("Check all gradients"))
        self.button.setToolTip(_("Nudge every number up and down and compare"))
        self.cancel.setText(_("Cancel"))
        self.colour.setText(_("Colour the graph by its errors"))
        self.colour.setToolTip(_("Check every wire too, and show where a gradient goes wrong"))
        self.say()

    def follow(self, shown: Showing, node: str | None = None) -> None:
        """A result holds only for the numbers that it was made with."""
        self._node = node
        self._checking.follow(shown)
        self.say()

    def run(self, _checked: bool = False) -> None:
        """Check now; what keeps it from running is said in the banner."""
        self._checking.start_check()

    def say(self) -> None:
        """Show how things stand."""
        found, running = self.check, self._checking.running == CHECK
        self.form.setVisible(found is not None)
        self.cost.setVisible(found is not None)
        self.progress.setVisible(running)
        self.cancel.setVisible(running)
        self.button.setVisible(not running and (found is None or not found.wires))
        self.kink.hide()
        self._show_progress()
        self._show_switch()
        if found is not None:
            self._show(found)

    def _show_progress(self) -> None:
        now = self._checking.progress
        self.progress.setRange(0, 0 if now is None else now.numbers)
        if now is not None:
            self.progress.setValue(now.done)

    def _show_switch(self) -> None:
        on = self._studio.shown.tint is not None
        if self.colour.isChecked() != on:
            self.colour.blockSignals(True)
            self.colour.setChecked(on)
            self.colour.blockSignals(False)
        self.colour.setEnabled(self._checking.running != CHECK)

    def _show(self, found: Check) -> None:
        here = None if self._node is None or not found.wires else found.errors.get(self._node)
        self.form.show_row("here", here is not None)
        if here is not None:
            kink = self._node in tint_of(found).kinks
            self._put("here", here, wrong=depth(here) > 0, kink=kink)
        wrong = any(
            entry.wrong
            for entries in (found.entries, found.wires, found.nodes)
            for entry in entries.values()
        )
        self._put("error", found.max_relative_error, wrong=wrong, kink=False)
        worst = found.worst
        error = self.form.fields["error"]
        error.setToolTip("" if worst is None else f"{worst.key}: {worst.error:.2g}")
        kinks = [str(of_kink(self._studio.project.graph, *each)) for each in found.kinks[:1]]
        self.kink.setText("".join(kinks))
        self.kink.setVisible(bool(kinks))
        self.cost.setText(_cost(found))

    def _put(self, key: str, error: float, *, wrong: bool, kink: bool) -> None:
        field = self.form.fields[key]
        field.setProperty("role", "gradient" if wrong else "local" if kink else "value")
        field.style().unpolish(field)
        field.style().polish(field)
        sign = WRONG if wrong else KINK if kink else RIGHT
        put(field, f"{sign} {_('kink') if kink and not wrong else digits.small(error)}")


def _cost(found: Check) -> str:
    """What the numeric way took; of large tensors some numbers are checked only."""
    nudged = [
        entry.numeric.size if entry.checked is None else int(entry.checked.sum())
        for entries in (found.entries, found.wires, found.nodes)
        for entry in entries.values()
    ]
    count, every = sum(nudged), all(entry.checked is None for entry in found.entries.values())
    words = ngettext(
        "Cost for {count} number: {passes} forward passes, where backprop takes 1 backward",
        "Cost for {count} numbers: {passes} forward passes, where backprop takes 1 backward",
        count,
    )
    said = words.format(count=grouped(count), passes=grouped(found.forward_passes))
    if every:
        return said
    return said + " " + _("(of large arrays a sample is checked)")
