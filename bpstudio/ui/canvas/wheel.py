"""What wheels and touchpads do: a wheel zooms, two fingers move the view, a pinch zooms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QInputDevice, QNativeGestureEvent, QWheelEvent

from bpstudio.ui.canvas import view as views

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

NOTCH = 120
"""What one notch of a wheel says it turned by."""
SIDEWAYS = 60.0
"""How many pixels one notch moves the view sideways."""


class Wheel:
    """Small turns and pinches add up to steps of zoom: scales lie on one ladder."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._turned = 0.0
        self._pinched = 0.0

    def turn(self, event: QWheelEvent) -> None:
        """A wheel zooms about the pointer, and with Shift moves the view sideways; two fingers on
        a touchpad move it, and with Ctrl zoom."""
        canvas, held = self._canvas, event.modifiers()
        angle, pixels = event.angleDelta(), event.pixelDelta()
        if held & Qt.KeyboardModifier.ControlModifier:
            self._zoom(event, angle.y())
        elif _by_fingers(event):
            canvas.look(canvas.view.moved(pixels.x(), pixels.y()))
        elif held & Qt.KeyboardModifier.ShiftModifier or not angle.y():
            turned = (angle.x() or angle.y()) / NOTCH
            canvas.look(canvas.view.moved(SIDEWAYS * turned, 0.0))
        else:
            self._zoom(event, angle.y())
        event.accept()

    def pinch(self, event: QEvent) -> bool:
        """Two fingers apart zoom in; whether it was such a gesture."""
        if not isinstance(event, QNativeGestureEvent):
            return False
        kind, canvas = event.gestureType(), self._canvas
        at = event.position().x(), event.position().y()
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            self._pinched += math.log2(max(0.1, 1.0 + event.value())) * views.STEPS
            steps = round(self._pinched)
            if steps:
                self._pinched -= steps
                canvas.zoom_about(views.step(canvas.view.scale, steps), at)
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            canvas.fit()
        elif kind == Qt.NativeGestureType.PanNativeGesture:
            canvas.look(canvas.view.moved(event.delta().x(), event.delta().y()))
        elif kind == Qt.NativeGestureType.EndNativeGesture:
            self._pinched = 0.0
        else:
            return False
        event.accept()
        return True

    def _zoom(self, event: QWheelEvent, turned: int) -> None:
        self._turned += turned
        notches = int(self._turned / (NOTCH / 2))
        if notches:
            self._turned -= notches * NOTCH / 2
            at = event.position().x(), event.position().y()
            self._canvas.zoom_about(views.step(self._canvas.view.scale, notches), at)


def _by_fingers(event: QWheelEvent) -> bool:
    """Whether pixels are meant; X11 gives some for wheels too, where only the device tells."""
    if event.pixelDelta().isNull():
        return False
    touchpad = event.device().type() == QInputDevice.DeviceType.TouchPad
    return touchpad or QGuiApplication.platformName() != "xcb"
