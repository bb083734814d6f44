"""How something moves between two moments: pure functions from 0…1 to 0…1."""

from __future__ import annotations

TRAVEL = 0.75
"""The part of a moment in which pulses travel; the rest is for reading what they brought."""


def smooth(share: float) -> float:
    """Starts and ends gently: 3s² − 2s³ of the share clipped to 0…1."""
    s = min(max(share, 0.0), 1.0)
    return s * s * (3.0 - 2.0 * s)


def travelled(progress: float) -> float:
    """How far along its wire a pulse is, at that progress of its moment."""
    return smooth(progress / TRAVEL)


def settled(progress: float) -> float:
    """How visible the result of a moment is: 0 until the pulses arrive, then quickly 1."""
    return smooth((progress - TRAVEL) / (0.5 * (1.0 - TRAVEL)))
