"""Two inputs of a max on one axis: where one crosses the other, the gradient jumps over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import (
    Cell,
    Control,
    Dot,
    Exhibit,
    Line,
    Shape,
    Slider,
    Words,
)
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

LOW, HIGH, STEP = -2.0, 4.0, 0.25
COUNT = round((HIGH - LOW) / STEP) + 1


@dataclass(frozen=True, eq=False)
class Router(Exhibit):
    """A still input, one that is dragged, and the gradients of both."""

    project: Project
    still: str
    moved: str
    place: int

    height = 170

    @property
    def value(self) -> float:
        """Where the dragged one is."""
        return LOW + STEP * self.place

    @cached_property
    def gradients(self) -> tuple[float, float]:
        """Of the still one, and of the dragged one."""
        found = network.run(self.project, self.moved, self.value).gradients
        return float(found[self.still].item()), float(found[self.moved].item())

    @property
    def tied(self) -> bool:
        """Whether both are equally large."""
        return self.value == network.typed(self.project, self.still)

    def controls(self) -> tuple[Control, ...]:
        """The dragged one's value."""
        shown = f"{self.moved} = {significant(self.value)}"
        return (Slider("value", self.moved, self.place, COUNT, shown),)

    def picture(self) -> tuple[Shape, ...]:
        """The axis, both dots with their value above and their gradient below, and the tie."""
        shapes: list[Shape] = [Line(((0.05, 0.5), (0.95, 0.5)), "border", 2)]
        both = ((self.still, network.typed(self.project, self.still)), (self.moved, self.value))
        for (name, value), gradient in zip(both, self.gradients, strict=True):
            x = 0.05 + 0.9 * (value - LOW) / (HIGH - LOW)
            mine = name == self.moved
            shapes.append(Dot(x, 0.5, "accent" if mine else "muted", 11 if mine else 8))
            up = 0.3 if mine else 0.14
            shapes.append(Words(x, up, f"{name} = {significant(value)}", "value", 13))
            down = 0.72 if mine else 0.88
            shapes.append(Words(x, down, f"{name}: {gradient:.2f}", "gradient", 14))
        if self.tied:
            text = _("tie: half to each")
            shapes.append(Cell(0.02, 0.02, 0.34, 0.2, text, "update", 0.3))
        return tuple(shapes)

    def said(self) -> str:
        """Both gradients."""
        still, moved = self.gradients
        text = _("Gradient of {still}: {a}. Gradient of {moved}: {b}.")
        return text.format(
            still=self.still, a=significant(still), moved=self.moved, b=significant(moved)
        )

    def facts(self) -> Mapping[str, float]:
        """Values and gradients, and whether there is a tie."""
        still, moved = self.gradients
        facts = {self.moved: self.value, f"d{self.still}": still, f"d{self.moved}": moved}
        return {**facts, "tie": float(self.tied), "over": float(moved > still)}

    def acted(self, control: str, place: int = 0) -> Router:
        """Another value."""
        return replace(self, place=min(COUNT - 1, max(0, place)))

    def pointed(self, x: float, y: float, *, first: bool = True) -> Router:
        """The dot comes there."""
        return self.acted("value", round((x - 0.05) / 0.9 * (COUNT - 1)))

    def pushed(self, right: int, down: int) -> Router:
        """A little to a side."""
        return self.acted("value", self.place + right)


def begin(of: str, project: Project | None) -> Router:
    """`z, w`: the still input and the one that is dragged."""
    project = network.needed(project)
    still, moved = (name.strip() for name in of.split(","))
    network.typed(project, still)
    place = round((network.typed(project, moved) - LOW) / STEP)
    return Router(project, still, moved, place)
