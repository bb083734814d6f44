"""The areas of a window, through which F6 leads: the canvas, the open panels, the two bars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def go(window: Window, steps: int) -> None:
    """The keyboard to the next area (1) or the one before (-1) in which something takes it."""
    entries = [entry for area in areas(window) if (entry := first(area)) is not None]
    holders = [area for area in areas(window) if first(area) is not None]
    here = window.focusWidget()
    inside = [i for i, area in enumerate(holders) if here is area or _holds(area, here)]
    begin = inside[0] if inside else -1 if steps > 0 else 0
    if entries:
        entries[(begin + steps) % len(entries)].setFocus(Qt.FocusReason.ShortcutFocusReason)


def areas(window: Window) -> Iterator[QWidget]:
    """All that can be seen: in tabs only what is in front."""
    yield window.canvas
    for dock in window.docks.by_name.values():
        panel = dock.widget()
        if panel is not None and panel.isVisible() and not panel.visibleRegion().isEmpty():
            yield panel
    yield window.top
    yield window.timeline


def first(area: QWidget) -> QWidget | None:
    """What in an area takes the keyboard first, in the order in which its parts were made.

    `nextInFocusChain` would tell as well, but has PySide take each widget of the chain for the
    child of the one before: when one is deleted, all after it pass for deleted, the menus too.
    """
    if _takes_keyboard(area):
        return area
    within = (first(child) for child in area.children() if isinstance(child, QWidget))
    return next((found for found in within if found is not None), None)


def _holds(area: QWidget, widget: QWidget | None) -> bool:
    return widget is not None and area.isAncestorOf(widget)


def _takes_keyboard(widget: QWidget) -> bool:
    by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return by_tab and widget.isVisible() and widget.isEnabled()
