"""Whether Qt starts here, and on what."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication


def platform() -> str:
    """The name of Qt's platform: xcb, wayland, offscreen, windows, cocoa …"""
    return QGuiApplication([]).platformName()
