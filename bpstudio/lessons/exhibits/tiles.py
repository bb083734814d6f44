"""Tiles with shapes: a product takes only those whose shapes fit, and then the numbers fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Shape, Words
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

TILES = ("q", "qᵀ", "x", "xᵀ", "W", "Wᵀ")


class Goal(NamedTuple):
    """A product that is looked for, and its rows and columns by name."""

    name: str
    rows: str
    columns: str


GOALS = (Goal("∂f/∂W", "out", "in"), Goal("∂f/∂x", "in", "1"))
SIDES: Mapping[str, tuple[str, str]] = {
    "q": ("out", "1"),
    "qᵀ": ("1", "out"),
    "x": ("in", "1"),
    "xᵀ": ("1", "in"),
    "W": ("out", "in"),
    "Wᵀ": ("in", "out"),
}
"""What the rows and the columns of a tile stand for: two sides fit when they are the same."""


@dataclass(frozen=True, eq=False)
class Tiles(Exhibit):
    """The tile in the hand, and what lies in the two slots of each goal."""

    project: Project
    held: int = 0
    slots: tuple[str, ...] = ("", "", "", "")
    refused: str = ""
    slot: int = 0

    height = 280

    def array(self, tile: str) -> Array:
        """The numbers on a tile."""
        values = network.run(self.project).values
        array = values[tile[0]]
        array = array.reshape(-1, 1) if array.ndim == 1 else array
        return array.T if tile.endswith("ᵀ") else array

    def snapped(self, goal: int) -> bool:
        """Whether both slots of a goal are filled; only what fits gets there."""
        return all(self.slots[2 * goal : 2 * goal + 2])

    def product(self, goal: int) -> Array:
        """The gradient that a goal's tiles give: twice their product, as f is a sum of squares."""
        one, other = self.slots[2 * goal : 2 * goal + 2]
        return np.asarray(2 * self.array(one) @ self.array(other))

    def controls(self) -> tuple[Control, ...]:
        """Which tile is in the hand, and taking all out."""
        tiles = [Button(f"tile {i}", name, down=i == self.held) for i, name in enumerate(TILES)]
        return *tiles, Button("clear", _("Take all out"))

    def picture(self) -> tuple[Shape, ...]:
        """The tiles above, the goals with their slots below."""
        shapes: list[Shape] = []
        for number, tile in enumerate(TILES):
            x = 0.02 + number * 0.163
            strength = 0.45 if number == self.held else 0.12
            sides = " × ".join(SIDES[tile])
            shapes.append(Cell(x, 0.03, 0.14, 0.2, tile, "accent", strength))
            shapes.append(Words(x + 0.07, 0.275, sides, "muted", 11))
        for number, goal in enumerate(GOALS):
            y = 0.36 + 0.33 * number
            shapes.append(Words(0.02, y + 0.1, f"{goal.name} = 2 ·", "text", 13, -1))
            for side in range(2):
                place = 2 * number + side
                tile = self.slots[place]
                role = "value" if tile else "border"
                here = 0.35 if tile else 0.15 if place == self.slot else 0.0
                shapes.append(Cell(self._left(side), y, 0.14, 0.2, tile or "?", role, here))
            text = f"{goal.rows} × {goal.columns}"
            if self.snapped(number):
                rows = self.product(number).tolist()
                text = "  ".join("[" + ", ".join(map(significant, row)) + "]" for row in rows)
                shapes.append(Words(0.98, y + 0.26, text, "gradient", 12, 1))
            else:
                shapes.append(Words(0.74, y + 0.1, f"({text})", "muted", 12, -1))
        return tuple(shapes)

    @staticmethod
    def _left(side: int) -> float:
        return 0.34 + 0.19 * side

    def said(self) -> str:
        """Whether it fits, and what is in the hand."""
        if self.refused:
            return self.refused
        done = sum(map(self.snapped, range(len(GOALS))))
        text = _("In the hand: {tile}. {done} of {count} products fit.")
        return text.format(tile=TILES[self.held], done=done, count=len(GOALS))

    def facts(self) -> Mapping[str, float]:
        """Which products are found."""
        return {"dW": float(self.snapped(0)), "dx": float(self.snapped(1))}

    def acted(self, control: str, place: int = 0) -> Tiles:
        """Another tile, or none placed."""
        if control == "clear":
            return replace(self, slots=("",) * 4, refused="", slot=0)
        return replace(self, held=int(control.split()[1]), refused="")

    def placed(self, slot: int) -> Tiles:
        """The held tile in a slot, where it fits."""
        tile, goal = TILES[self.held], GOALS[slot // 2]
        slots = (*self.slots[:slot], tile, *self.slots[slot + 1 :])
        one, other = slots[slot - slot % 2 : slot - slot % 2 + 2]
        rows, columns = (
            SIDES[one][0] if one else goal.rows,
            SIDES[other][1] if other else goal.columns,
        )
        meets = not one or not other or SIDES[one][1] == SIDES[other][0]
        if rows == goal.rows and columns == goal.columns and meets:
            return replace(self, slots=slots, refused="", slot=(slot + 1) % len(slots))
        text = _(
            "{tile} is {sides}: it does not fit there. The product has to be {rows} × {columns}."
        )
        refused = text.format(
            tile=tile, sides=" × ".join(SIDES[tile]), rows=goal.rows, columns=goal.columns
        )
        return replace(self, refused=refused, slot=slot)

    def pointed(self, x: float, y: float, *, first: bool = True) -> Tiles:
        """Take the tile there, or lay the held one into the slot there, also at a drag's end."""
        if first and y < 0.3:
            return self.acted(f"tile {min(len(TILES) - 1, int(max(0.0, x - 0.02) / 0.163))}")
        for slot in range(len(self.slots)):
            left, top = self._left(slot % 2), 0.36 + 0.33 * (slot // 2)
            inside = left <= x <= left + 0.14 and top <= y <= top + 0.2
            if inside and self.slots[slot] != TILES[self.held]:
                return self.placed(slot)
        return self

    def pushed(self, right: int, down: int) -> Tiles:
        """Left and right take another tile, up and down another slot."""
        held, slot = (self.held + right) % len(TILES), (self.slot + down) % len(self.slots)
        return replace(self, held=held, slot=slot, refused="")

    def entered(self) -> Tiles:
        """Lay the held tile into the slot."""
        return self.placed(self.slot)


def begin(_of: str, project: Project | None) -> Tiles:
    """For a network with q = W · x."""
    made = Tiles(network.needed(project))
    for tile in TILES:
        made.array(tile)
    return made
