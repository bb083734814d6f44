"""What is asked of a picture or a film: kind, views, stretch, size, theme, language and pace."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from bpstudio.language import LANGUAGES, N_, _
from bpstudio.playback.palette import THEMES
from bpstudio.playback.timeline import BACKWARD, FORWARD, UPDATE
from bpstudio.ui import film
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.showing import Showing

KINDS: tuple[tuple[str, str], ...] = (
    (".png", N_("Picture, as PNG")),
    (".svg", N_("Drawing, as SVG")),
    (".pdf", N_("Page, as PDF")),
    (".gif", N_("Film, as GIF")),
    (".webp", N_("Film, as WebP")),
    (".apng", N_("Film, as APNG")),
    (".mp4", N_("Film, as MP4")),
)
"""The endings that there are to choose from."""
VIEWS: tuple[tuple[str, str], ...] = (
    ("graph", N_("network")),
    ("loss", N_("loss")),
    ("boundary", N_("decision boundary")),
    ("weights", N_("weights")),
)
STEP, WHOLE, TRAINING = "step", "whole", "training"
STILLS: tuple[tuple[str, str], ...] = (
    (STEP, N_("this moment")),
    (FORWARD, N_("after the forward pass")),
    (BACKWARD, N_("after the backward pass")),
    (UPDATE, N_("after the update")),
)
FILMS: tuple[tuple[str, str], ...] = (
    (WHOLE, N_("the whole iteration")),
    (STEP, N_("this step")),
    (FORWARD, N_("the forward pass")),
    (BACKWARD, N_("the backward pass")),
    (UPDATE, N_("the update")),
    (TRAINING, N_("the training")),
)
SIZES: tuple[tuple[int, int] | None, ...] = (
    None,
    (800, 600),
    (1280, 720),
    (1920, 1080),
    (2560, 1440),
    (1080, 1080),
)
THEME_NAMES = {"light": N_("&Light"), "dark": N_("&Dark"), "projector": N_("&Projector")}
LANGUAGE_NAMES = {"en": "English", "ko": "한국어"}
PREVIEW = QSize(272, 170)


class PictureForm(QWidget):
    """The fields; `arguments` is what they ask for, as the command line has it."""

    changed = Signal()
    """Something else is asked for."""

    def __init__(self, shown: Showing, preferences: Preferences) -> None:
        super().__init__()
        self._shown = shown
        self._make_fields(preferences)
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(8)
        self.steps = row(self.first, QLabel("–"), self.last)
        for words, field in (
            (_("Format"), self.kind),
            (_("Show"), _two_by_two(*self.views.values())),
            (_("Stretch"), self.stretch),
            (_("Steps"), self.steps),
            (_("Size"), self.sizes),
            (_("Theme"), self.theme),
            (_("Language"), self.language),
            (_("Frames a second"), self.rate),
        ):
            self.form.addRow(words, field)
        # Without buttons, Qt would leave a styled field no room for its text.
        self.setStyleSheet(
            "QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }"
        )
        self.first.setAccessibleName(_("first step"))
        self.last.setAccessibleName(_("last step"))
        self._choose_kind()

    def _make_fields(self, preferences: Preferences) -> None:
        self.kind, self.stretch = QComboBox(), QComboBox()
        for ending, title in KINDS:
            self.kind.addItem(_(title), ending)
            if ending in film.ENDINGS and not film.can_write(ending):
                self.kind.setItemText(self.kind.count() - 1, _("Film, as MP4 (needs ffmpeg)"))
                self.kind.setItemData(self.kind.count() - 1, 0, Qt.ItemDataRole.UserRole - 1)
        self.views = {name: QCheckBox(_(title)) for name, title in VIEWS}
        self.views["graph"].setChecked(True)
        self.first, self.last = QSpinBox(), QSpinBox()
        steps = self._shown.step
        for field, value in ((self.first, 0), (self.last, steps)):
            field.setRange(0, steps)
            field.setValue(value)
        self.sizes, self.theme, self.language = QComboBox(), QComboBox(), QComboBox()
        for size in SIZES:
            self.sizes.addItem(_("automatic") if size is None else f"{size[0]} × {size[1]}", size)
        for name in THEMES:
            self.theme.addItem(_(THEME_NAMES[name]).replace("&", ""), name)
        for code in LANGUAGES:
            self.language.addItem(LANGUAGE_NAMES[code], code)
        self.theme.setCurrentIndex(self.theme.findData(preferences.theme))
        self.language.setCurrentIndex(self.language.findData(preferences.language))
        self.rate = QSpinBox()
        self.rate.setRange(2, 30)
        self.rate.setValue(film.RATE)
        self.kind.currentIndexChanged.connect(self._choose_kind)
        self.stretch.currentIndexChanged.connect(self._choose_stretch)
        for box in (self.sizes, self.theme, self.language):
            box.currentIndexChanged.connect(self._tell)
        for check in self.views.values():
            check.toggled.connect(self._tell)
        for spin in (self.first, self.last, self.rate):
            spin.valueChanged.connect(self._tell)

    @property
    def ending(self) -> str:
        """The ending of what is written."""
        return str(self.kind.currentData())

    @property
    def filming(self) -> bool:
        """Whether a film is asked for."""
        return self.ending in film.ENDINGS

    def arguments(self, *, preview: bool = False) -> list[str]:
        """What is asked for; a preview is a small picture of it."""
        chosen = [name for name, check in self.views.items() if check.isChecked()] or ["graph"]
        size = PREVIEW.toTuple() if preview else self.sizes.currentData()
        said = ["--view", *chosen, "--theme", self.theme.currentData()]
        said += ["--lang", self.language.currentData()]
        said += ["--size", f"{size[0]}x{size[1]}"] if size is not None else []
        said += self._moment(preview)
        if self.filming and not preview:
            said += ["--fps", str(self.rate.value()), "--progress"]
        return said

    def _moment(self, preview: bool) -> list[str]:
        stretch, position = self.stretch.currentData(), self._shown.position
        if stretch == TRAINING and not preview:
            return ["--training", f"{self.first.value()}-{self.last.value()}"]
        if stretch == STEP and self.filming and not preview:
            return ["--step", str(self._step)]
        if stretch == STEP:
            return ["--time", str(position)]
        return ["--phase", stretch] if stretch in (FORWARD, BACKWARD, UPDATE) else []

    @property
    def _step(self) -> int:
        """The number of the moment that is shown."""
        moment = self._shown.instant.moment if self._shown.instant else None
        return 1 if moment is None else moment.number

    def _choose_kind(self, _index: int = 0) -> None:
        self.form.setRowVisible(self.rate, self.filming)
        before = self.stretch.currentData()
        self.stretch.blockSignals(True)
        self.stretch.clear()
        for name, title in FILMS if self.filming else STILLS:
            if name != TRAINING or self._shown.step:
                self.stretch.addItem(_(title), name)
        self.stretch.setCurrentIndex(max(0, self.stretch.findData(before)))
        self.stretch.blockSignals(False)
        self._choose_stretch()

    def _choose_stretch(self, _index: int = 0) -> None:
        self.form.setRowVisible(self.steps, self.stretch.currentData() == TRAINING)
        self.changed.emit()

    def _tell(self, _value: object = None) -> None:
        self.changed.emit()


def _two_by_two(*widgets: QWidget) -> QWidget:
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(4)
    for place, widget in enumerate(widgets):
        grid.addWidget(widget, place // 2, place % 2)
    grid.setColumnStretch(2, 1)
    return made


def row(*widgets: QWidget) -> QWidget:
    """Widgets side by side."""
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for widget in widgets:
        layout.addWidget(widget, 1 if isinstance(widget, QLineEdit | QSpinBox) else 0)
    if not any(isinstance(widget, QLineEdit | QSpinBox) for widget in widgets):
        layout.addStretch(1)
    return made
