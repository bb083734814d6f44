"""The inspector: one node's value, gradient, settings and numbers, and the chain rule at it."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Op
from bpstudio.engine.run import BackwardStep, Step
from bpstudio.language import N_, _, described, ngettext
from bpstudio.playback import digits
from bpstudio.project import edits
from bpstudio.ui.asking import asked
from bpstudio.ui.panels.array_pictures import ArrayPictures
from bpstudio.ui.panels.chain_rule import ChainRule, rules_at
from bpstudio.ui.panels.form import RIGHT, Form, Words, put, setting_field
from bpstudio.ui.panels.local_jacobian import JacobianView, jacobian_of
from bpstudio.ui.panels.numeric_check import NumericCheck
from bpstudio.ui.panels.panel import (
    Column,
    Panel,
    backward_step,
    label,
    present,
    reached,
    scrolled,
)
from bpstudio.ui.panels.values import Values
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

CATEGORIES = {
    "arithmetic": N_("gate"),
    "activation": N_("activation"),
    "layer": N_("layer"),
    "loss": N_("loss"),
    "source": N_("source"),
    "missing": N_("unknown gate"),
}
NOT_YET = "·"


class InspectorPanel(Panel):
    """The selected node, else the one at which something happens."""

    title = N_("Inspector")
    pause = 1 / 30

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self._of: tuple[str, type[Op]] | None = None
        self._step: Step | None = None
        self._back: BackwardStep | None = None
        self.name, self.id, self.kind = Words("title"), Words("muted"), Words("muted")
        self.words = label("muted")
        self.words.setWordWrap(True)
        self.facts, self.settings = Form(), Form()
        for key, role in (("value", "value"), ("gradient", "gradient")):
            fact = label(role)
            fact.setAlignment(RIGHT)
            fact.setContentsMargins(0, 0, 7, 0)
            self.facts.row(key, fact)
        self.values = Values(studio)
        self.pictures = ArrayPictures()
        self.pictures.picture.pointed.connect(self._wonder)
        self.chain, self.jacobian = ChainRule(), JacobianView()
        self.check = NumericCheck(studio)
        self.headings = {key: Words("heading") for key in ("chain", "jacobian", "check")}
        self.not_yet = label("muted")
        self.not_yet.setWordWrap(True)
        self._lay_out()
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self._of = self._step = self._back = None
        self.facts.dress(self.theme)
        self.settings.dress(self.theme)
        self.values.dress(self.theme)
        self.pictures.retitle(self.theme)
        self.check.retitle(self.theme)
        self.facts.say("value", _("Output value"))
        self.headings["chain"].setText(_("Chain rule at this gate").upper())
        self.headings["jacobian"].setText(_("Local Jacobian").upper())
        self.headings["check"].setText(_("Check against numerical gradient").upper())
        self.refresh()

    def refresh(self) -> None:
        """The node that is selected, or at which something happens now."""
        shown = self.studio.shown
        id = self._chosen(shown)
        self.inside.setVisible(id is not None)
        self.nothing.setVisible(id is None)
        if id is None:
            several = len(self.studio.selection)
            self.nothing.setText(
                ngettext("{count} node selected", "{count} nodes selected", several).format(
                    count=several
                )
                if several
                else _("Select a gate, or play, to see what happens there.")
            )
            return
        node = shown.project.graph[id]
        self._show_head(shown, node)
        self._show_facts(shown, node)
        self._show_settings(node)
        self.values.setVisible(self.values.show_node(shown, id, self.theme))
        self._show_chain(shown, id)
        self._show_check(shown, id)

    def _wonder(self, entry: tuple[int, ...]) -> None:
        """Ask why the gradient of that entry is what it is."""
        id = self._chosen(self.studio.shown)
        question = None if id is None else asked(self.studio.shown, (id, "", 0), entry)
        if question is not None:
            self.studio.ask(question)

    def _chosen(self, shown: Showing) -> str | None:
        nodes = shown.project.graph.nodes
        chosen = [id for id in self.studio.selection if id in nodes]
        if chosen:
            return chosen[0] if len(chosen) == 1 else None
        moment = present(shown)
        return moment.node if moment is not None and moment.node in nodes else None

    def _lay_out(self) -> None:
        content = Column()
        outer = QVBoxLayout(content)
        outer.setContentsMargins(14, 6, 12, 10)
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        outer.addWidget(self.nothing)
        self.inside = QWidget()
        outer.addWidget(self.inside)
        outer.addStretch(1)
        column = QVBoxLayout(self.inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.name)
        head.addWidget(self.id)
        head.addStretch(1)
        head.addWidget(self.kind)
        column.addLayout(head)
        for widget in (self.words, self.facts, self.pictures, self.settings, self.values):
            column.addWidget(widget)
        sections: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            ("chain", (self.not_yet, self.chain)),
            ("jacobian", (self.jacobian,)),
            ("check", (self.check,)),
        )
        for key, widgets in sections:
            column.addSpacing(6)
            column.addWidget(self.headings[key])
            for part in widgets:
                column.addWidget(part)
        scrolled(content, self)

    def _show_head(self, shown: Showing, node: Node) -> None:
        known = shown.project.known_shapes.get(node.id)
        shape = "" if known is None else str(known) or _("scalar")
        category = _(CATEGORIES.get(node.op.category, N_("gate")))
        _put(self.name, node.title or _(node.op.title))
        _put(self.id, node.id)
        _put(self.kind, f"{category} · {shape}" if shape else category)
        words = described(node.op)
        _put(self.words, words)
        self.words.setVisible(bool(words))

    def _show_facts(self, shown: Showing, node: Node) -> None:
        value, gradient = reached(shown, node.id)
        recording = shown.recording
        output = None if recording is None else recording.values.get(node.id)
        upstream = None if recording is None else recording.gradients.get(node.id)
        goal = _("L") if shown.goal and shown.loss is not None else _("f")
        self.facts.say("gradient", _("Upstream gradient ∂{goal}/∂out").format(goal=goal))
        put(self.facts.fields["value"], _written(output) if value else NOT_YET)
        put(self.facts.fields["gradient"], _written(upstream) if gradient else NOT_YET)
        for key, array in (("value", output), ("gradient", upstream)):
            self.facts.fields[key].setToolTip("" if array is None else digits.size_of(array))
        known = output if value else None, upstream if gradient else None
        self.pictures.setVisible(self.pictures.show_arrays(*known))

    def _show_settings(self, node: Node) -> None:
        declared = dataclasses.fields(node.op)
        if self._of != (node.id, type(node.op)):
            for key in list(self.settings.fields):
                self.settings.drop(key)
            for field in declared if node.op.category != "missing" else ():
                change = partial(self._set, node.id, field.name)
                self.settings.row(field.name, setting_field(field, change, self.studio.settle))
                words = _(field.name.replace("_", " "))
                self.settings.say(field.name, words, _(field.metadata.get("help", "")))
            self.settings.dress(self.theme)
            self._of = (node.id, type(node.op))
        self.settings.setVisible(bool(self.settings.fields))
        for key, field_widget in self.settings.fields.items():
            put(field_widget, node.op.settings[key])

    def _set(self, id: str, setting: str, value: Any) -> None:
        node = self.studio.project.graph.nodes.get(id)
        if node is None or node.op.settings.get(setting) == value:
            return
        name = _("Setting of {node}").format(node=node.label)
        key = f"setting {id} {setting}"
        if not self.studio.do_merged(name, key, edits.set_setting, id, setting, value):
            self.touch()

    def _show_chain(self, shown: Showing, id: str) -> None:
        back = backward_step(shown, id)
        forward = None
        if shown.recording is not None:
            forward = next((s for s in shown.recording.forward if s.node == id), None)
        passes = back is not None and bool(back.passed)
        arrived = reached(shown, id)[1]
        self.headings["chain"].setVisible(passes)
        self.chain.setVisible(passes and arrived)
        self.not_yet.setVisible(passes and not arrived)
        if passes and not arrived:
            assert shown.timeline is not None
            # Nothing happens at a source: its gradient is there when its last wire has brought it.
            number = shown.timeline.backward_at.get(id) or shown.timeline.arrived_at.get(id)
            words = _("The backward pass comes here in step {step}.").format(step=number)
            _put(self.not_yet, words)
        if back is not None and passes and arrived and back is not self._back:
            self.chain.show_rules(rules_at(shown, back, self.theme), self.theme)
        self._back = back if arrived else None
        self._show_jacobian(forward if passes else None)

    def _show_jacobian(self, forward: Step | None) -> None:
        if forward is not self._step or forward is None:
            found = None if forward is None else jacobian_of(forward)
            self.headings["jacobian"].setVisible(found is not None)
            self.jacobian.setVisible(found is not None)
            if found is not None:
                self.jacobian.show_jacobian(found, self.theme)
        self._step = forward

    def _show_check(self, shown: Showing, id: str) -> None:
        can = shown.goal is not None and shown.recording is not None
        self.headings["check"].setVisible(can)
        self.check.setVisible(can)
        if can:
            self.check.follow(shown, id)


def _put(text: QLabel, words: str) -> None:
    if text.text() != words:
        text.setText(words)


def _written(array: Array | None) -> str:
    """One number with four decimals; for several their shape and size."""
    if array is None:
        return NOT_YET
    if array.size == 1:
        return digits.tabular(array.item())
    norm = float((array.astype(float) ** 2).sum() ** 0.5)
    return f"{digits.size_of(array)}  ‖{digits.small(norm)}‖"
