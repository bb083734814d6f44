"""Break it: a fault is planted in a copy of the run, and found with the gradient check."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from bpstudio.engine.fault import Fault
from bpstudio.errors import StudioError
from bpstudio.language import N_, _, ngettext
from bpstudio.lessons.hints import name_of
from bpstudio.lessons.lab import LEVELS, REMEDIES, Lab, planting
from bpstudio.ui.panels.form import Form, Words
from bpstudio.ui.panels.panel import Column, Panel, label, scrolled
from bpstudio.ui.panels.questions import words
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import set_property


class LabPanel(Panel):
    """Plant a fault, check the gradients, and say where it is."""

    title = N_("Break it")

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.lab: Lab | None = None
        self.heading = Words("heading")
        self.what = words("", "muted")
        self.form = Form()
        self.level, self.seed = QComboBox(), QSpinBox()
        self.seed.setRange(0, 9_999)
        self.seed.setValue(1)
        self.form.row("level", self.level)
        self.form.row("seed", self.seed)
        self.plant, self.remove, self.check, self.here, self.reveal = (
            QPushButton() for _button in range(5)
        )
        set_property(self.plant, "role", "primary")
        self.told, self.said, self.taught = words(""), words(""), words("", "muted")
        self.chosen = label("number")
        content = Column()
        column = QVBoxLayout(content)
        column.setContentsMargins(14, 6, 12, 10)
        column.setSpacing(6)
        for widget in (self.heading, self.what, self.form):
            column.addWidget(widget)
        column.addLayout(_row(self.plant, self.remove))
        column.addWidget(self.told)
        column.addWidget(self.check)
        column.addWidget(self.chosen)
        column.addLayout(_row(self.here, self.reveal))
        for widget in (self.said, self.taught):
            column.addWidget(widget)
        column.addStretch(1)
        scrolled(content, self)
        self.plant.clicked.connect(self._plant)
        self.remove.clicked.connect(lambda _checked=False: self._take_out())
        self.check.clicked.connect(lambda _checked=False: studio.checking.start_check(tint=True))
        self.here.clicked.connect(self._suspect)
        self.reveal.clicked.connect(self._reveal)
        studio.changed.connect(self._changed)
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self.heading.setText(_("Find the mistake").upper())
        self.what.setText(
            _(
                "A mistake that people make is put into the backward pass of what you see. Your "
                "network stays as it is. Check the gradients, and say at which gate it is."
            )
        )
        self.form.say("level", _("Level"))
        self.form.say("seed", _("Seed"), _("The same seed plants the same fault."))
        with QSignalBlocker(self.level):
            chosen = max(0, self.level.currentIndex())
            self.level.clear()
            for level, text in LEVELS.items():
                self.level.addItem(f"{level}  {_(text)}", level)
            self.level.setCurrentIndex(chosen)
        self.plant.setText(_("Plant a fault"))
        self.remove.setText(_("Take it out"))
        self.check.setText(_("Check the gradients"))
        self.here.setText(_("It is here"))
        self.reveal.setText(_("Show me"))
        self.form.dress(self.theme)
        self.refresh()

    def refresh(self) -> None:
        """What is planted, what is suspected, and what is known of it."""
        lab, shown = self.lab, self.studio.shown
        if lab is not None and shown.plant is None:
            lab = self.lab = None
            self.said.setText("")
        on = lab is not None
        for widget in (self.remove, self.check, self.chosen, self.here, self.reveal, self.told):
            widget.setVisible(on)
        self.taught.setVisible(lab is not None and lab.over)
        self.said.setVisible(on and bool(self.said.text()))
        if lab is None:
            return
        fault = _(lab.plant.fault.title)
        told = _("A fault is planted: {fault}.") if lab.level == 1 else _("A fault is planted.")
        self.told.setText(told.format(fault=fault))
        one = len(self.studio.selection) == 1
        node = next(iter(self.studio.selection)) if one else ""
        graph = shown.project.graph
        known = node in graph.nodes
        suspect = _("Suspected: {node}").format(node=name_of(graph, node)) if known else ""
        self.chosen.setText(suspect or _("Choose a gate on the canvas."))
        self.here.setEnabled(known and not lab.over)
        self.reveal.setEnabled(not lab.over)
        if lab.over:
            remedy = _(REMEDIES[lab.plant.fault])
            self.taught.setText(f"{_(lab.plant.fault.explanation)}\n\n{remedy}")

    def _plant(self, _checked: bool = False) -> None:
        self._take_out()
        whole = self.studio.shown.whole
        try:
            if whole is None:
                raise StudioError(N_("There is nothing that runs yet. Build a network first."))
            self.lab = planting(whole, self.seed.value(), int(self.level.currentData()))
        except StudioError as error:
            self.studio.complain(error)
            return
        self.said.setText("")
        self.studio.plant(self.lab.plant)
        self.refresh()

    def _take_out(self) -> None:
        self.lab = None
        self.said.setText("")
        if self.studio.shown.plant is not None:
            self.studio.show_tint(None)
            self.studio.plant(None)
        self.refresh()

    def _suspect(self, _checked: bool = False) -> None:
        if self.lab is None or len(self.studio.selection) != 1:
            return
        node = next(iter(self.studio.selection))
        self.lab = replace(self.lab, suspected=(*self.lab.suspected, node))
        if self.lab.found:
            text = _("Found: {fault}.").format(fault=_(self.lab.plant.fault.title))
        elif self.lab.tries_left:
            left = self.lab.tries_left
            words = ngettext("Not there. {count} try left.", "Not there. {count} tries left.", left)
            text = words.format(count=left)
        else:
            text = self._where()
        set_property(self.said, "role", "right" if self.lab.found else "wrong")
        self.said.setText(text)
        self.refresh()

    def _reveal(self, _checked: bool = False) -> None:
        if self.lab is None:
            return
        self.lab = replace(self.lab, revealed=True)
        set_property(self.said, "role", "")
        self.said.setText(self._where())
        self.studio.select([self.lab.plant.node])
        self.refresh()

    def _where(self) -> str:
        assert self.lab is not None
        graph = self.studio.shown.project.graph
        words = _("It is at {node}: {fault}.")
        fault = _(self.lab.plant.fault.title)
        return words.format(node=name_of(graph, self.lab.plant.node), fault=fault)

    def _changed(self, _change: object) -> None:
        """Another network may not have that gate: then the fault is taken out."""
        if self.lab is not None and self.lab.plant.node not in self.studio.project.graph.nodes:
            self._take_out()


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row


assert set(REMEDIES) == set(Fault)
