"""Help on one gate, read off its class: what it does, its formula, its gradients, its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout

from bpstudio.engine.op import Op
from bpstudio.language import _, described
from bpstudio.ui.panels.panel import label

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def show(window: Window, op: Op) -> None:
    """Show it beside the window's other work."""
    help_on = GateHelp(window, op)
    help_on.show()
    help_on.text.setFocus()


def page(op: Op) -> Iterator[str]:
    """The paragraphs of the help on a gate."""
    words = described(op)
    if words:
        yield words
    if op.formula:
        yield _("Forward:") + "\n" + op.formula
    if op.gradients:
        lines = [f"∂/∂{name} = {rule}" for name, rule in op.gradients.items()]
        yield "\n".join((_("Backward, where g is the upstream gradient:"), *lines))
    helps = {f.name: f.metadata.get("help", "") for f in dataclasses.fields(op)}
    lines = [
        f"{_(name.replace('_', ' '))} = {value}. {_(helps[name])}".rstrip()
        for name, value in op.settings.items()
    ]
    if lines:
        yield "\n".join((_("Settings:"), *lines))


class GateHelp(QDialog):
    """The page on one gate, in the language of the moment."""

    def __init__(self, window: Window, op: Op) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("gate-help")
        self._op = op
        self.head, self.text, self.leave = label("title"), QPlainTextEdit(), QPushButton()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        buttons = QDialogButtonBox()
        buttons.addButton(self.leave, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(10)
        column.addWidget(self.head)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        self.resize(520, 440)
        self._fill()
        window.studio.preferred.connect(self._fill)

    def _fill(self, _preferences: object = None) -> None:
        title = _(self._op.title)
        self.setWindowTitle(title)
        self.head.setText(title)
        self.text.setPlainText("\n\n".join(page(self._op)))
        self.text.setAccessibleName(_("Help on {gate}").format(gate=title))
        self.leave.setText(_("Close"))
