"""The colours of each role, in the light, the dark and the projector's theme.

Pictures name roles, never colours: forward is green, the gradient red, the local derivative
violet, clearing teal, the update amber; sign is blue and orange, in heat maps and on weighted
wires alone; the accent is indigo. Whoever draws looks the roles up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import numpy as np

from bpstudio.engine.op import Array

CLASS_ROLES = tuple(f"class{i}" for i in range(10))
"""The colours of more than two classes; a label tells them apart as well."""

CATEGORIES = (
    "source",
    "arithmetic",
    "activation",
    "layer",
    "normalize",
    "reshape",
    "loss",
    "missing",
)
"""The categories of gates, each with a colour by which it is told from far away."""


def category_role(category: str) -> str:
    """The role of a category's colour; a category that is not known looks like arithmetic."""
    return f"category-{category if category in CATEGORIES else 'arithmetic'}"


def _categories(*colours: str) -> dict[str, str]:
    return dict(zip(map(category_role, CATEGORIES), colours, strict=True))


_ON_LIGHT = _categories(
    "#8390a6", "#5f6bc4", "#1f8f86", "#3d4a6e", "#6f8330", "#8d6f5b", "#b0497f", "#9a9a9a"
)
_ON_DARK = _categories(
    "#78849c", "#8a93e6", "#3fbfb3", "#a9b5dd", "#a3b95a", "#c3a08a", "#e07fb1", "#8a8a8a"
)


@dataclass(frozen=True, eq=False)
class Theme:
    """A palette with what goes with it.

    `colours` has `#rrggbb` for each role; `type` and `wire` are the factors by which texts and
    wires are larger than usual.
    """

    name: str
    dark: bool
    colours: Mapping[str, str]
    type: float = 1.0
    wire: float = 1.0

    def rgb(self, role: str) -> tuple[int, int, int]:
        """The colour of a role as three numbers up to 255."""
        text = self.colours[role]
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


LIGHT = Theme(
    "light",
    False,
    MappingProxyType(
        {
            "canvas": "#f7f8fb",
            "grid": "#e9ecf2",
            "panel": "#ffffff",
            "node": "#ffffff",
            "layer": "#fcfdfe",
            "border": "#d5dae3",
            "strong": "#5d677b",
            "text": "#1b2130",
            "muted": "#626c80",
            "accent": "#4f46e5",
            "forward": "#08804f",
            "value": "#08804f",
            "gradient": "#ce3049",
            "upstream": "#ce3049",
            "local": "#8730c4",
            "clear": "#0e7490",
            "update": "#9a6400",
            "negative": "#3b82f6",
            "middle": "#f8fafc",
            "positive": "#f08a24",
            "class0": "#3b82f6",
            "class1": "#f08a24",
            "class2": "#14a38b",
            "class3": "#a855f7",
            "class4": "#c99700",
            "class5": "#e0559a",
            "class6": "#5b6b8c",
            "class7": "#7aa116",
            "class8": "#b5562f",
            "class9": "#22a7d6",
            **_ON_LIGHT,
        }
    ),
)

DARK = Theme(
    "dark",
    True,
    MappingProxyType(
        {
            "canvas": "#12151b",
            "grid": "#1d212a",
            "panel": "#181b22",
            "node": "#20242e",
            "layer": "#1a1d25",
            "border": "#303645",
            "strong": "#8d96a8",
            "text": "#e8ebf2",
            "muted": "#939caf",
            "accent": "#8b8cf9",
            "forward": "#3ddc97",
            "value": "#3ddc97",
            "gradient": "#ff7a8a",
            "upstream": "#ff7a8a",
            "local": "#c792ea",
            "clear": "#56d4e8",
            "update": "#ffc857",
            "negative": "#5aa9ff",
            "middle": "#12151b",
            "positive": "#ffa64d",
            "class0": "#5aa9ff",
            "class1": "#ffa64d",
            "class2": "#3fd6bd",
            "class3": "#c08bff",
            "class4": "#f0d05a",
            "class5": "#ff8cc3",
            "class6": "#9aa9c7",
            "class7": "#b5dc5c",
            "class8": "#e8936e",
            "class9": "#72d6f5",
            **_ON_DARK,
        }
    ),
)

PROJECTOR = Theme(
    "projector",
    False,
    MappingProxyType(
        {
            **LIGHT.colours,
            "canvas": "#ffffff",
            "grid": "#ffffff",
            "layer": "#ffffff",
            "border": "#6b7382",
            "strong": "#1b2130",
            "text": "#000000",
            "muted": "#3a4150",
            "accent": "#2f24cf",
            "forward": "#00663a",
            "value": "#00663a",
            "gradient": "#b00020",
            "upstream": "#b00020",
            "local": "#6414a0",
            "clear": "#0b4f63",
            "update": "#7a4d00",
            "negative": "#1668e3",
            "middle": "#ffffff",
            "positive": "#e87400",
        }
    ),
    type=1.25,
    wire=1.7,
)

THEMES: Mapping[str, Theme] = MappingProxyType(
    {theme.name: theme for theme in (LIGHT, DARK, PROJECTOR)}
)


@cache
def sized(name: str, percent: int) -> Theme:
    """The theme of that name with its type at so many hundredths of its usual size.

    The same object for the same words, so that themes can be told apart by identity.
    """
    theme = THEMES[name]
    return theme if percent == 100 else replace(theme, type=theme.type * percent / 100)


def blend(under: tuple[int, int, int], over: tuple[int, int, int], share: float) -> str:
    """The colour `#rrggbb` of `over` laid on `under` with that opacity."""
    mixed = (round(u + (o - u) * share) for u, o in zip(under, over, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def sign_colours(theme: Theme, values: Array) -> Array:
    """Values from −1 to 1 as colours from blue over the middle to orange, shape (…, 3) uint8."""
    negative, middle, positive = (
        np.array(theme.rgb(role), dtype=float) for role in ("negative", "middle", "positive")
    )
    share = np.clip(np.nan_to_num(values), -1.0, 1.0)[..., None]
    end = np.where(share < 0, negative, positive)
    colours: Array = np.rint(middle + (end - middle) * np.abs(share)).astype(np.uint8)
    return colours


def class_colours(theme: Theme, classes: Array, certainty: Array) -> Array:
    """Class numbers and how certain each is (0 to 1) as colours, shape (…, 3) uint8."""
    colours = np.array([theme.rgb(role) for role in CLASS_ROLES], dtype=float)
    middle = np.array(theme.rgb("middle"), dtype=float)
    mixed = middle + (colours[classes % len(colours)] - middle) * certainty[..., None]
    chosen: Array = np.rint(mixed).astype(np.uint8)
    return chosen
