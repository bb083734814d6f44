"""What names, notes and settings a project may hold, whoever typed them."""

from __future__ import annotations

import math
import unicodedata

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.settings import Settings

LONGEST_NAME = 200
LONGEST_NOTE = 1_000_000
LARGEST_INTEGER = 2**53
"""Up to here every program that reads JSON agrees on a whole number."""


def checked_settings(settings: Settings) -> Settings:
    """The settings themselves; raises StudioError for a seed, a batch or a λ out of range."""
    if not (isinstance(settings.seed, int) and 0 <= settings.seed <= LARGEST_INTEGER):
        raise StudioError(
            N_("The seed must be a whole number from 0 to {largest}, not {value}."),
            largest=LARGEST_INTEGER,
            value=settings.seed,
        )
    if settings.batch is not None and settings.batch < 1:
        raise StudioError(
            N_("A batch needs at least 1 row, not {value}. Leave it empty for all rows."),
            value=settings.batch,
        )
    for penalty in (settings.l1, settings.l2):
        if not (math.isfinite(penalty) and penalty >= 0):
            raise StudioError(N_("λ of the penalty must be 0 or more, not {value}."), value=penalty)
    for bound in (settings.clip_norm, settings.clip_value):
        if bound is not None and not (math.isfinite(bound) and bound > 0):
            raise StudioError(
                N_("The bound of the gradient must be more than 0, not {value}. Leave it empty."),
                value=bound,
            )
    for _id, factor in settings.rates:
        if not (math.isfinite(factor) and factor >= 0):
            raise StudioError(
                N_("The factor of a learning rate must be 0 or more, not {value}."), value=factor
            )
    return _checked_rule(settings)


def checked_name(name: str) -> str:
    """The name itself; raises StudioError if it is too long or can't be shown on one line."""
    if len(name) > LONGEST_NAME:
        raise StudioError(
            N_("A name may have up to {most} characters, not {count}."),
            most=LONGEST_NAME,
            count=len(name),
        )
    if not printable(name):
        raise StudioError(
            N_("The name {name} holds characters that can't be shown. Type it again."),
            name=ascii(name),
        )
    return name


def _checked_rule(settings: Settings) -> Settings:
    rule = settings.stop
    bounds = (
        (rule.steps, 1, math.inf),
        (rule.loss, -math.inf, math.inf),
        (rule.patience, 1, math.inf),
    )
    for value, low, high in (*bounds, (rule.accuracy, 0.0, 1.0)):
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise StudioError(
                N_("A rule that ends a training can't ask for {value}. Leave it empty."),
                value=value,
            )
    return settings


def checked_note(note: str) -> str:
    """The note itself; raises StudioError if it is too long or can't be shown."""
    if len(note) > LONGEST_NOTE:
        raise StudioError(
            N_("The note has {count} characters; there is room for {most}."),
            count=len(note),
            most=LONGEST_NOTE,
        )
    if not printable(note, lines=True):
        raise StudioError(N_("The note holds characters that can't be shown. Type them again."))
    return note


def printable(text: str, *, lines: bool = False) -> bool:
    """Whether a text has no control characters and no halves of characters (lone surrogates).

    With `lines` it may have line ends and tabs.
    """
    if text.isascii() and text.isprintable():
        return True
    allowed = "\n\r\t" if lines else ""
    return all(c in allowed or unicodedata.category(c) not in ("Cc", "Cs") for c in text)
