"""What every plot has above it: what can be chosen, what it shows, a way out of its dock, files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.exchange.diagram import svg
from bpstudio.exchange.files import Files, put
from bpstudio.language import N_, _
from bpstudio.playback.marks import Picture, Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.plot import Choice, Drawing
from bpstudio.playback.sheet import sheet
from bpstudio.ui import icons
from bpstudio.ui.dialogs.replacing import unless_kept
from bpstudio.ui.panels.form import Slide
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio

SCALE = 2.0
"""Pixels of a picture in a file for one on the screen."""
ALONE = QSize(560, 420)
"""How large a plot in a window of its own is at least, where there is room."""
NOTCHES = 200
"""A slider has so many places."""

PNG, SVG, CSV = ".png", ".svg", ".csv"
KINDS = ((PNG, N_("As a picture (PNG)…")), (SVG, N_("As a drawing (SVG)…")), (CSV, N_("Numbers…")))

Content = Callable[[str], bytes]
"""From an ending to what a file of that kind holds. It raises StudioError."""


class Frame(QWidget):
    """The row above a plot; below it its explanation and sliders, where they are wanted."""

    def __init__(self, studio: Studio, name: str, content: Content) -> None:
        super().__init__()
        self._studio, self._name, self._content = studio, name, content
        self._theme: Theme | None = None
        self._offered: tuple[Choice, ...] = ()
        self._boxes: dict[str, QComboBox] = {}
        self._sliders: dict[str, QSlider] = {}
        self._rows: list[QWidget] = []
        self.chosen: dict[str, str] = {}
        self.on_choice: Callable[[], None] = lambda: None
        self.why = _button("help")
        self.why.setCheckable(True)
        self.why.toggled.connect(self._explain)
        self.more = _button("dots")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.more.setMenu(self._menu)
        self.words = label("muted")
        self.words.setWordWrap(True)
        self.words.hide()
        self.row = QHBoxLayout()
        self.row.setSpacing(5)
        self._first: list[QWidget] = []
        self._last: list[QWidget] = []
        self._within: list[QMenu] = []
        self.row.addStretch(1)
        for button in (self.why, self.more):
            self.row.addWidget(button)
        self._held = QVBoxLayout()
        self._held.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(3)
        column.addLayout(self.row)
        column.addWidget(self.words)
        column.addLayout(self._held)

    def retitle(self, theme: Theme, title: str, sees: str, seek: str) -> None:
        """Take the current language and the current colours."""
        self._theme = theme
        self.words.setText(f"{sees} {seek}")
        for button, words in (
            (self.why, _("What this shows, and what to look for")),
            (self.more, _("Choices, files, and a window of its own")),
        ):
            button.setIcon(icons.icon(button.objectName()))
            button.setToolTip(words)
            button.setAccessibleName(f"{words}: {title}")
        small = f"min-height: {round(18 * theme.type)}px; font-size: {round(11 * theme.type)}px"
        square = f"padding: 0 4px; {small}"
        for button in (self.why, self.more):
            button.setStyleSheet(
                f"QToolButton {{ {square}; }} QToolButton::menu-indicator {{ image: none; }}"
            )
        self.offer(self._offered, again=True)

    def begin_with(self, widget: QWidget) -> None:
        """Have this stand before all that can be chosen."""
        self.row.insertWidget(len(self._first), widget)
        self._first.append(widget)

    def end_with(self, widget: QWidget) -> None:
        """Have this stand at the right, before the two buttons that every plot has."""
        self.row.insertWidget(self.row.indexOf(self.why), widget)
        self._last.append(widget)

    def offer(self, choices: tuple[Choice, ...], *, again: bool = False) -> None:
        """Let these be chosen; what was chosen before stays, as long as it is offered."""
        if choices == self._offered and not again:
            return
        self._offered = choices
        for widget in (*self._boxes.values(), *self._rows):
            widget.hide()
            widget.deleteLater()
        self._boxes, self._sliders, self._rows = {}, {}, []
        for place, choice in enumerate(choice for choice in choices if choice.options):
            self.row.insertWidget(len(self._first) + place, self._box(choice))
        for choice in (choice for choice in choices if not choice.options):
            self._rows.append(self._slider(choice))
            self._held.addWidget(self._rows[-1])
        self.fit()

    @property
    def room(self) -> int:
        """How wide a text may be that stands alone at the left, beside all that stays."""
        beside = (*self._last, self.why, self.more)
        there = (each for each in beside if not each.isHidden())
        return self.width() - sum(each.sizeHint().width() + 5 for each in there)

    def fit(self) -> None:
        """In a narrow dock only the menu is left, which has all there is."""
        whole = (each for each in (*self._first, *self._last) if not each.isHidden())
        taken = sum(each.sizeHint().width() + 5 for each in whole)
        taken += self.more.sizeHint().width()
        for widget in (self.why, *self._boxes.values()):
            taken += widget.sizeHint().width() + 5
            widget.setVisible(taken <= self.width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as much as there is room for."""
        super().resizeEvent(event)
        self.fit()

    def minimumSizeHint(self) -> QSize:
        """It gets by with any width."""
        return QSize(0, super().minimumSizeHint().height())

    def _fill(self) -> None:
        """The menu, for what is offered now."""
        self._menu.clear()
        for menu in self._within:
            menu.deleteLater()
        self._within = []
        for choice in (choice for choice in self._offered if choice.options):
            within, box = QMenu(choice.title, self._menu), self._boxes[choice.name]
            self._menu.addMenu(within)
            self._within.append(within)
            for key, text in choice.options:
                act = within.addAction(text.replace("&", "&&"))
                act.setCheckable(True)
                act.setChecked(box.currentData() == key)
                act.triggered.connect(partial(self._pick, choice.name, key))
        self._menu.addSeparator()
        explain = self._menu.addAction(_("What this shows, and what to look for"))
        explain.setCheckable(True)
        explain.setChecked(self.why.isChecked())
        explain.toggled.connect(self.why.setChecked)
        dock = self._dock()
        if dock is not None:
            out = _("Back into the window") if dock.isFloating() else _("Into a window of its own")
            self._menu.addAction(out).triggered.connect(self.detach)
        self._menu.addSeparator()
        for ending, text in KINDS:
            self._menu.addAction(_(text)).triggered.connect(partial(self._save, ending))

    def _box(self, choice: Choice) -> QComboBox:
        box = QComboBox()
        for key, text in choice.options:
            box.addItem(text, key)
        wanted = box.findData(self.chosen.get(choice.name, ""))
        box.setCurrentIndex(max(wanted, 0))
        box.setAccessibleName(choice.title)
        box.setToolTip(choice.title)
        box.setMinimumContentsLength(5)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setMinimumWidth(40)
        if self._theme is not None:
            type = self._theme.type
            box.setStyleSheet(
                f"QComboBox {{ padding: 0 4px; min-height: {round(18 * type)}px; "
                f"font-size: {round(11 * type)}px; }}"
            )
        box.currentIndexChanged.connect(partial(self._choose, choice.name, box))
        self._boxes[choice.name] = box
        return box

    def _slider(self, choice: Choice) -> QWidget:
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        name, number = label("muted", choice.title), label("number")
        slider = Slide()
        slider.setRange(0, NOTCHES)
        value = float(self.chosen.get(choice.name, choice.start))
        width = (choice.high - choice.low) or 1.0
        slider.setValue(round((value - choice.low) / width * NOTCHES))
        slider.setAccessibleName(choice.title)
        number.setText(f"{value:.3g}")
        number.setMinimumWidth(self.fontMetrics().horizontalAdvance("−0.0000"))
        slider.valueChanged.connect(partial(self._slide, choice, number))
        row.addWidget(name)
        row.addWidget(slider, 1)
        row.addWidget(number)
        self._sliders[choice.name] = slider
        return whole

    def _choose(self, name: str, box: QComboBox, index: int) -> None:
        self.chosen[name] = box.itemData(index)
        self.on_choice()

    def _slide(self, choice: Choice, number: QLabel, place: int) -> None:
        value = choice.low + (choice.high - choice.low) * place / NOTCHES
        self.chosen[choice.name] = repr(value)
        number.setText(f"{value:.3g}")
        self.on_choice()

    def _explain(self, on: bool) -> None:
        self.words.setVisible(on)

    def detach(self, _checked: bool = False) -> None:
        """Into a window of its own, or back."""
        dock = self._dock()
        if dock is not None:
            dock.setFloating(not dock.isFloating())
            window = dock.parentWidget()
            if dock.isFloating() and window is not None:
                # Of the size it had in its dock one would not notice, nor see more than before.
                dock.resize(ALONE.boundedTo(window.size()).expandedTo(dock.size()))
                middle = window.mapToGlobal(window.rect().center())
                dock.move(middle - dock.rect().center())
            dock.raise_()

    def _dock(self) -> QDockWidget | None:
        widget: QWidget | None = self
        while widget is not None and not isinstance(widget, QDockWidget):
            widget = widget.parentWidget()
        return widget

    def _save(self, ending: str, _checked: bool = False) -> None:
        start = f"{self._studio.project.title or self._name}-{self._name}{ending}"
        dialog = QFileDialog(self, _("Save this plot or its numbers"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDefaultSuffix(ending[1:])
        dialog.selectFile(start)
        dialog.fileSelected.connect(self._ask)
        dialog.open()

    def _ask(self, name: str) -> None:
        path = Path(name)
        unless_kept(self, [path], lambda: self.write(path))

    def write(self, path: Path) -> None:
        """Write the plot into a file, whose ending says how; what went wrong is said."""
        try:
            put(path, Files(self._content(path.suffix.lower())))
        except StudioError as error:
            self._studio.complain(error)
        else:
            self._studio.notice(_("Saved as {name}.").format(name=path.name))

    def _pick(self, name: str, key: str, _checked: bool = False) -> None:
        self.choose(name, key)

    def choose(self, name: str, key: str) -> None:
        """Choose as a person would."""
        self.chosen[name] = key
        box = self._boxes.get(name)
        if box is not None:
            with QSignalBlocker(box):
                box.setCurrentIndex(max(box.findData(key), 0))
        self.on_choice()


def written(drawing: Drawing, page: Rect, theme: Theme, title: str, ending: str) -> bytes:
    """A plot as the content of a file with this ending.

    Raises StudioError for an ending that a plot can't be written with.
    """
    if ending == CSV:
        return drawing.table.csv().encode("utf-8-sig")  # so that Excel reads it too
    picture = Picture(page, drawing.marks)
    if ending == SVG:
        return svg(picture, theme, title=title).encode()
    if ending == PNG:
        from bpstudio.ui import film, render  # seldom wanted, and films are much to import

        return film.png(render.image(sheet([picture], None, SCALE), theme))
    raise no_such_file(ending)


def no_such_file(ending: str) -> StudioError:
    """A plot can't be written with that ending."""
    return StudioError(
        N_("A plot can't be written as {ending}. Choose one of these endings: {endings}."),
        ending=ending or "-",
        endings=" ".join((PNG, SVG, CSV)),
    )


def _button(icon: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(icon)
    button.setProperty("role", "button")
    return button
