"""Sentences for the person, laid over the canvas."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from bpstudio.language import _
from bpstudio.ui import actions, icons
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.style import set_property

LASTING = 6000
"""Milliseconds after which what is only good to know goes away by itself."""
WIDEST = 620
GAP = 14
"""Pixels between the banner and the upper edge of what it lies on."""


class Banner(QFrame):
    """The newest notice. A problem stays until the next edit, or until it is closed.

    Where the notice offers a command as a way out, or back, a button gives that command; it stays
    as long, for the way must not go away by itself.
    """

    def __init__(self, studio: Studio, over: QWidget, commands: Mapping[str, QAction]) -> None:
        super().__init__(over)
        self.setProperty("role", "banner")
        self._studio, self._over, self._commands = studio, over, commands
        self._kind = "info"
        self._mark = QLabel()
        self._mark.setFixedSize(20, 20)
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.offer = QPushButton()
        self.offer.clicked.connect(self._take)
        self._offered = ""
        self._close = QToolButton()
        self._close.clicked.connect(self.hide)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(9)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        row.addWidget(self.offer, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.lasts = QTimer(self)
        self.lasts.setSingleShot(True)
        self.lasts.setInterval(LASTING)
        self.lasts.timeout.connect(self.hide)
        self.hide()
        over.installEventFilter(self)
        studio.noticed.connect(self._say)
        self.retitle()

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        theme = self._studio.theme
        problem = self._kind == "problem"
        colour = theme.colours["gradient" if problem else "accent"]
        mark = icons.icon("alert-triangle" if problem else "info-circle", colour)
        self._mark.setPixmap(mark.pixmap(QSize(20, 20), self.devicePixelRatio()))
        self._close.setIcon(icons.icon("x"))
        if self._offered:
            self.offer.setText(actions.plain(_(actions.table[self._offered].text)))
        self.offer.setVisible(bool(self._offered))
        self._close.setAccessibleName(_("Close this message"))
        self._close.setToolTip(_("Close this message"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle of what it lies on."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _say(self, notice: Notice | None) -> None:
        self.lasts.stop()
        if notice is None:
            self.hide()
            return
        self._kind, self._offered = notice.kind, notice.offer
        set_property(self, "kind", notice.kind)
        self.retitle()
        self.text.setText(notice.text)
        self.show()
        self.raise_()
        self._place()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, notice.text))
        if notice.kind != "problem" and not notice.offer:
            self.lasts.start()

    def _take(self) -> None:
        self.hide()
        self._commands[self._offered].trigger()

    def _place(self) -> None:
        room = self._over.width() - 2 * GAP
        natural = self.text.fontMetrics().horizontalAdvance(self.text.text()) + 90
        button = self.offer.sizeHint().width() + self._row.spacing() if self._offered else 0
        natural += button
        width = max(120, min(room, WIDEST, natural))
        beside = self._mark.width() + self._close.sizeHint().width() + 2 * self._row.spacing()
        beside += button
        margins = self._row.contentsMargins()
        inside = width - beside - margins.left() - margins.right() - 2 * self.frameWidth() - 4
        height = max(self.text.heightForWidth(inside), self._close.sizeHint().height())
        height += margins.top() + margins.bottom() + 2
        self.setGeometry((self._over.width() - width) // 2, GAP, width, height)
