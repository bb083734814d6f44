"""The look of widgets: Fusion with our palette, our fonts, and one style sheet."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from bpstudio.playback.palette import Theme

PROSE, CODE = "Pretendard", "JetBrains Mono"
SIZE = 13
"""Pixels of ordinary text, before the theme's factor."""


def apply(app: QApplication, theme: Theme) -> None:
    """Dress the application in a theme.

    To dress it anew takes up to a third of a second, so it is done for another theme only.
    """
    sheet = _sheet(theme)
    if app.styleSheet() == sheet:
        return
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    app.setFont(prose_font(SIZE * theme.type))
    app.setStyleSheet(sheet)


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at, and have it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def prose_font(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of words."""
    font = as_written(QFont(PROSE))
    font.setPixelSize(max(1, round(pixels)))
    font.setWeight(weight)
    return font


def as_written(font: QFont) -> QFont:
    """The font with each character drawn for itself.

    Else the font of words makes a sign of multiplication of an x between figures: of the names
    `w0 x0`, `w0 ×0`. Qt switches ligatures off only where both features are off.
    """
    for feature in ("calt", "clig"):
        font.setFeature(QFont.Tag(feature), 0)
    return font


def code_font(size: float) -> QFont:
    """The font of numbers and formulas, whose figures are all of one width."""
    font = QFont(CODE)
    font.setPixelSize(round(size))
    return font


def on_accent(theme: Theme) -> str:
    """The colour of what stands on the accent."""
    return "#12151b" if theme.dark else "#ffffff"


def _palette(theme: Theme) -> QPalette:
    colour = {role: QColor(value) for role, value in theme.colours.items()}
    role = QPalette.ColorRole
    palette = QPalette()
    for where, what in (
        (role.Window, "panel"),
        (role.Base, "panel"),
        (role.AlternateBase, "canvas"),
        (role.Button, "node"),
        (role.ToolTipBase, "node"),
        (role.WindowText, "text"),
        (role.Text, "text"),
        (role.ButtonText, "text"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "muted"),
        (role.Highlight, "accent"),
        (role.Link, "accent"),
        (role.Mid, "border"),
        (role.Dark, "border"),
        (role.Midlight, "border"),
    ):
        palette.setColor(where, colour[what])
    palette.setColor(role.HighlightedText, QColor(on_accent(theme)))
    for where in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(colour["muted"])
        faded.setAlpha(120)
        palette.setColor(QPalette.ColorGroup.Disabled, where, faded)
    return palette


def _triangle(colour: str) -> str:
    """A brush that fills a box with a triangle on its tip: sheets know pictures only from files."""
    clear = QColor(colour)
    clear.setAlpha(0)
    none = clear.name(QColor.NameFormat.HexArgb)
    edges = ((0.165, none), (0.185, colour), (0.315, colour), (0.335, none))
    stops = ", ".join(f"stop:{at} {shade}" for at, shade in edges)
    return f"qconicalgradient(cx:0.5, cy:1, angle:0, {stops})"


def _sheet(theme: Theme) -> str:
    """One sheet for all widgets; colours by the role that pictures use."""
    c = theme.colours
    contrast = on_accent(theme)
    small = round(11 * theme.type)
    return f"""
QMainWindow {{ background: {c["panel"]}; }}
QFrame[role="card"] {{ background: {c["node"]}; border: 1px solid {c["gradient"]};
  border-radius: 10px; }}
QToolButton[role="problems"] {{ background: {c["node"]}; border: 1px solid {c["border"]};
  border-radius: 7px; padding: 3px 8px; }}
QToolButton[role="problems"]:hover {{ border-color: {c["gradient"]}; }}
QMainWindow::separator {{ background: {c["border"]}; }}
QMainWindow::separator {{ width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {c["accent"]}; }}
QMenuBar {{ background: {c["panel"]}; border-bottom: 1px solid {c["border"]}; padding: 1px 6px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 5px; background: transparent; }}
QMenuBar::item:selected {{ background: {c["canvas"]}; }}
QMenu {{ background: {c["panel"]}; border: 1px solid {c["border"]}; padding: 5px; }}
QMenu::item {{ padding: 5px 28px 5px 26px; border-radius: 5px; }}
QMenu::item:selected {{ background: {c["accent"]}; color: {contrast}; }}
QMenu::item:disabled {{ color: {c["muted"]}; }}
QMenu::icon {{ padding-left: 6px; }}
QMenu::separator {{ height: 1px; background: {c["border"]}; margin: 5px 4px; }}
QToolTip {{ background: {c["node"]}; color: {c["text"]}; border: 1px solid {c["border"]};
  padding: 4px 6px; }}
QToolBar {{ background: {c["panel"]}; border: none; padding: 0; spacing: 0; }}
QFrame#top-bar {{ border-bottom: 1px solid {c["border"]}; }}
QFrame#timeline-bar {{ border-top: 1px solid {c["border"]}; }}
QDockWidget {{ border: none; }}
QDockWidget > QWidget {{ background: {c["panel"]}; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QStatusBar {{ background: {c["panel"]}; border-top: 1px solid {c["border"]}; }}
QLabel[role="heading"] {{ color: {c["muted"]}; font-size: {small}px; font-weight: 600;
  letter-spacing: 1px; }}
QLabel[role="brand"] {{ font-size: {round(14 * theme.type)}px; font-weight: 700; }}
QLabel[role="muted"] {{ color: {c["muted"]}; }}
QLabel[role="right"] {{ color: {c["forward"]}; }}
QLabel[role="wrong"] {{ color: {c["gradient"]}; }}
QLabel[role="title"] {{ font-size: {round(15 * theme.type)}px; font-weight: 600; }}
QLabel[role="value"] {{ color: {c["forward"]}; font-family: "{CODE}"; }}
QLabel[role="gradient"] {{ color: {c["gradient"]}; font-family: "{CODE}"; }}
QLabel[role="local"] {{ color: {c["local"]}; font-family: "{CODE}"; }}
QLabel[role="update"] {{ color: {c["update"]}; font-family: "{CODE}"; }}
QLabel[role="number"] {{ font-family: "{CODE}"; }}
QPushButton, QToolButton[role="button"] {{ background: {c["node"]}; border: 1px solid {c["border"]};
  border-radius: 7px; padding: 5px 11px; min-height: 18px; }}
QPushButton:hover, QToolButton[role="button"]:hover {{ border-color: {c["accent"]}; }}
QPushButton:pressed, QToolButton[role="button"]:pressed {{ background: {c["canvas"]}; }}
QPushButton:disabled, QToolButton[role="button"]:disabled {{ color: {c["muted"]}; }}
QPushButton:focus, QToolButton[role="button"]:focus {{ border: 1px solid {c["accent"]}; }}
QPushButton[role="primary"], QToolButton[role="primary"] {{ background: {c["accent"]};
  color: {contrast}; border: 1px solid {c["accent"]}; border-radius: 7px; padding: 5px 13px;
  font-weight: 600; min-height: 18px; }}
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled {{
  background: {c["border"]}; border-color: {c["border"]}; color: {c["muted"]}; }}
QToolButton[phase="forward"][current="true"] {{ border: 1px solid {c["forward"]}; }}
QToolButton[phase="backward"][current="true"] {{ border: 1px solid {c["gradient"]}; }}
QToolButton[phase="update"][current="true"] {{ border: 1px solid {c["update"]}; }}
QToolButton {{ border: none; border-radius: 6px; padding: 4px; }}
QToolButton:hover {{ background: {c["canvas"]}; }}
QToolButton[role="primary"]:hover {{ background: {c["accent"]}; border-color: {c["text"]}; }}
QToolButton:checked {{ border: 1px solid {c["accent"]}; }}
QRadioButton::indicator {{ width: 12px; height: 12px; border-radius: 7px;
  border: 1px solid {c["muted"]}; background: {c["node"]}; }}
QRadioButton::indicator:checked {{ background: {c["accent"]}; border: 1px solid {c["accent"]}; }}
QRadioButton::indicator:focus {{ border: 2px solid {c["accent"]}; }}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit {{ background: {c["node"]};
  border: 1px solid {c["border"]}; border-radius: 6px; padding: 4px 7px; min-height: 18px;
  selection-background-color: {c["accent"]}; selection-color: {contrast}; }}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {{
  border: 1px solid {c["accent"]}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ width: 10px; height: 5px; background: {_triangle(c["muted"])}; }}
QCheckBox::indicator:unchecked {{ border: 1px solid {c["muted"]}; border-radius: 3px;
  background: {c["node"]}; }}
QCheckBox::indicator:unchecked:disabled {{ border: 1px solid {c["border"]}; }}
QCheckBox::indicator:unchecked:focus {{ border: 1px solid {c["accent"]}; }}
QComboBox QAbstractItemView {{ background: {c["panel"]}; border: 1px solid {c["border"]};
  selection-background-color: {c["accent"]}; selection-color: {contrast}; }}
QSlider:horizontal {{ min-height: 24px; }}
QSlider::groove:horizontal {{ height: 5px; border-radius: 2px; background: {c["border"]}; }}
QSlider::sub-page:horizontal {{ height: 5px; border-radius: 2px; background: {c["accent"]}; }}
QSlider::handle:horizontal {{ width: 13px; margin: -6px 0; border-radius: 8px;
  background: {c["accent"]}; border: 2px solid {c["panel"]}; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {c["text"]}; }}
QTreeView, QListView, QTableView {{ background: {c["panel"]}; border: none; outline: none; }}
QTreeView::item, QListView::item {{ padding: 3px 4px; border-radius: 6px; }}
QTreeView::item:hover, QListView::item:hover {{ background: {c["canvas"]}; }}
QTreeView::item:selected, QListView::item:selected {{ background: {c["accent"]};
  color: {contrast}; }}
QHeaderView::section {{ background: {c["panel"]}; color: {c["muted"]}; border: none;
  padding: 3px 6px; font-size: {small}px; font-weight: 600; }}
QScrollBar {{ background: transparent; width: 10px; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {c["border"]}; border-radius: 4px; min-height: 28px;
  min-width: 28px; margin: 1px; }}
QScrollBar::handle:hover {{ background: {c["muted"]}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ padding: 5px 12px; color: {c["muted"]}; background: {c["panel"]};
  border: none; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {c["text"]}; border-bottom: 2px solid {c["accent"]}; }}
QFrame[role="banner"] {{ background: {c["node"]}; border: 1px solid {c["border"]};
  border-radius: 9px; }}
QFrame[role="banner"][kind="problem"] {{ border: 1px solid {c["gradient"]}; }}
QFrame[role="line"] {{ background: {c["border"]}; }}
QFrame[role="bar"] {{ background: {c["panel"]}; }}
"""
