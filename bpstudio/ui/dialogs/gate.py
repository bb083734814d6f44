"""Help on one gate, read off its class: what it does, its formula, its gradients, its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout

from bpstudio.engine.op import Op
from bpstudio.language import _, described
from bpstudio.ui.panels.panel import label

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def show(window: Window, op: Op) -> None:
    """Show it beside the window's other work."""
    dialog = QDialog(window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setObjectName("gate-help")
    dialog.setWindowTitle(_(op.title))
    column = QVBoxLayout(dialog)
    column.setContentsMargins(22, 20, 22, 16)
    column.setSpacing(10)
    column.addWidget(label("title", _(op.title)))
    text = QPlainTextEdit("\n\n".join(page(op)))
    text.setReadOnly(True)
    text.setTabChangesFocus(True)
    text.setAccessibleName(_("Help on {gate}").format(gate=_(op.title)))
    column.addWidget(text, 1)
    buttons = QDialogButtonBox()
    buttons.addButton(_("Close"), QDialogButtonBox.ButtonRole.RejectRole)
    buttons.rejected.connect(dialog.close)
    column.addWidget(buttons)
    dialog.resize(520, 440)
    dialog.show()
    text.setFocus()


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
