"""Settings: what a person chooses for the studio itself, seen at once and taken back by Cancel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import N_, _
from bpstudio.ui.dialogs.settings_keys import KeysPage
from bpstudio.ui.panels.panel import label
from bpstudio.ui.preferences import MOST_DECIMALS, SCALES, Preferences

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

CHOSEN = (
    "theme",
    "language",
    "scale",
    "reduce_motion",
    "decimals",
    "panel_decimals",
    "minimap",
    "welcome",
    "keys",
)
"""The preferences that are chosen here; the others follow from what a person does."""
CHOICES: dict[str, tuple[tuple[str, object], ...]] = {
    "theme": ((N_("Light"), "light"), (N_("Dark"), "dark"), (N_("Projector"), "projector")),
    "language": (("English", "en"), ("한국어", "ko")),
    "scale": tuple((f"{percent} %", percent) for percent in (*range(*SCALES, 10), SCALES[1])),
    "reduce_motion": ((N_("Full"), False), (N_("Reduced"), True)),
    "decimals": tuple((str(count), count) for count in range(MOST_DECIMALS + 1)),
    "panel_decimals": tuple((str(count), count) for count in range(MOST_DECIMALS + 1)),
}
SWITCHES = {
    "minimap": N_("Show the whole network in a corner, where it does not fit"),
    "welcome": N_("Show ways to begin when the studio starts"),
}
ROWS = {
    "theme": N_("Theme"),
    "language": N_("Language"),
    "scale": N_("Size of type"),
    "reduce_motion": N_("Motion"),
    "decimals": N_("Decimals on the canvas"),
    "panel_decimals": N_("Decimals in panels"),
}
SIZE = (620, 520)
"""The dialog at the usual size of type, in pixels."""


def show(window: Window) -> None:
    """Open it; everything but the dialog waits, and follows what is chosen."""
    SettingsDialog(window).open()


class SettingsDialog(QDialog):
    """What is chosen holds at once; Cancel takes it back, and Esc does."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._window, self._studio = window, window.studio
        self._before = {name: getattr(self._studio.preferences, name) for name in CHOSEN}
        self.boxes = {name: QComboBox() for name in CHOICES}
        self.switches = {name: QCheckBox() for name in SWITCHES}
        self._names = {name: label() for name in ROWS}
        self.keys = KeysPage(self._studio)
        self.tabs, self.area = QTabWidget(), QScrollArea()
        self.restore, self.cancel, self.done_ = QPushButton(), QPushButton(), QPushButton()
        self._lay_out()
        self.show_chosen(self._studio.preferences)
        for name, box in self.boxes.items():
            box.activated.connect(partial(self._choose, name))
        for name, switch in self.switches.items():
            switch.toggled.connect(partial(self._set, name))
        self.restore.clicked.connect(self.restore_defaults)
        self.cancel.clicked.connect(self.reject)
        self.done_.clicked.connect(self.accept)
        self._studio.preferred.connect(self.show_chosen)
        scale = self._studio.theme.type
        room = window.size()
        wide, high = (round(each * scale) for each in SIZE)
        self.resize(min(wide, room.width() - 20), min(high, room.height() - 20))

    def restore_defaults(self) -> None:
        """Everything that can be chosen here as it was at the very first start, but the language
        in which this is read."""
        usual = Preferences()
        chosen = {name: getattr(usual, name) for name in CHOSEN if name != "language"}
        self._studio.prefer(**chosen)

    def reject(self) -> None:
        """Everything as it was before."""
        now = self._studio.preferences
        if any(getattr(now, name) != before for name, before in self._before.items()):
            self._studio.prefer(**self._before)
        super().reject()

    def show_chosen(self, chosen: Preferences) -> None:
        """Say in the current language what holds now."""
        self.setWindowTitle(_("Settings"))
        for name, field in self._names.items():
            field.setText(_(ROWS[name]))
        for name, box in self.boxes.items():
            for place, (text, _value) in enumerate(CHOICES[name]):
                box.setItemText(place, _(text))
            box.setCurrentIndex(box.findData(getattr(chosen, name)))
            if box.currentIndex() < 0:
                # A number that is none of those offered, out of the file.
                box.setPlaceholderText(str(getattr(chosen, name)))
            box.setAccessibleName(_(ROWS[name]))
        for name, switch in self.switches.items():
            switch.setText(_(SWITCHES[name]))
            switch.blockSignals(True)
            switch.setChecked(getattr(chosen, name))
            switch.blockSignals(False)
        self.tabs.setTabText(0, _("Look"))
        self.area.setAccessibleName(_("Look"))
        self.tabs.setTabText(1, _("Keys"))
        self.restore.setText(_("Restore defaults"))
        self.cancel.setText(_("Cancel"))
        self.done_.setText(_("Done"))
        self.keys.retitle()

    def _choose(self, name: str, place: int) -> None:
        self._set(name, CHOICES[name][place][1])

    def _set(self, name: str, value: object) -> None:
        if getattr(self._studio.preferences, name) != value:
            self._studio.prefer(**{name: value})

    def _lay_out(self) -> None:
        look = QWidget()
        form = QFormLayout(look)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setContentsMargins(14, 14, 14, 14)
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        for name in ROWS:
            self._names[name].setBuddy(self.boxes[name])
            form.addRow(self._names[name], self.boxes[name])
        for switch in self.switches.values():
            form.addRow(switch)
        for name, box in self.boxes.items():
            for text, value in CHOICES[name]:
                box.addItem(_(text), value)
        self.area.setWidgetResizable(True)
        self.area.setWidget(look)
        self.tabs.addTab(self.area, "")
        self.tabs.addTab(self.keys, "")
        self.tabs.setDocumentMode(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.restore)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.done_)
        self.done_.setProperty("role", "primary")
        self.done_.setDefault(True)
        column = QVBoxLayout(self)
        column.addWidget(self.tabs, 1)
        column.addLayout(buttons)
