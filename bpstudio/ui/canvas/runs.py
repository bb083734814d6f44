"""Curves in short pieces, so that only what is seen of a long wire is stroked.

Stroking is what takes time from near by: a wire from one end of a network to the other, of which a
few pixels are seen, takes as long as if all of it were. And many wires in one path take several
times as long as each alone, for every scan line then looks at all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback.marks import Rect

CHORDS = 32
"""How many straight lines the length of a piece is measured by."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Curves with controls (n, 1 + 3k, 2), each cubic in two halves."""

    controls: Array

    @cached_property
    def cubics(self) -> Array:
        """The halves in order, (n, 2k, 4, 2)."""
        each = [self.controls[:, k : k + 4] for k in range(0, self.controls.shape[1] - 1, 3)]
        a, b, c, d = np.moveaxis(np.stack(each, axis=1), 2, 0)
        ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
        abc, bcd = (ab + bc) / 2, (bc + cd) / 2
        middle = (abc + bcd) / 2
        halves = np.stack(
            [np.stack([a, ab, abc, middle], axis=2), np.stack([middle, bcd, cd, d], axis=2)], axis=2
        )
        return halves.reshape(len(self.controls), -1, 4, 2)

    @cached_property
    def boxes(self) -> Array:
        """Left, top, right, bottom of each piece, (n, 2k, 4)."""
        return np.concatenate([self.cubics.min(axis=2), self.cubics.max(axis=2)], axis=2)

    def before(self, curve: int, piece: int) -> float:
        """How long a curve is up to one of its pieces."""
        if curve not in self._begins:
            t = np.linspace(0.0, 1.0, CHORDS + 1)[None, :, None]
            a, b, c, d = (self.cubics[curve, :, k, None] for k in range(4))
            points = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
            lengths = np.hypot(*np.moveaxis(np.diff(points, axis=1), 2, 0)).sum(axis=1)
            self._begins[curve] = np.concatenate([[0.0], np.cumsum(lengths)]).tolist()
        return self._begins[curve][piece]

    @cached_property
    def _begins(self) -> dict[int, list[float]]:
        """How long curves are up to each of their pieces, of those that were asked for."""
        return {}

    def runs(self, chosen: Array, parts: Iterable[Rect]) -> Iterator[tuple[int, int, Array]]:
        """Of each of these curves (n,) what there is between the first and the last of its pieces
        that meet a part: the curve, the first piece, and the controls (1 + 3m, 2)."""
        rows = np.flatnonzero(chosen)
        left, top, right, bottom = np.moveaxis(self.boxes[rows], 2, 0)
        seen = np.zeros(left.shape, dtype=bool)
        for part in parts:
            seen |= (left < part.right) & (right > part.x) & (top < part.bottom) & (bottom > part.y)
        meeting = seen.any(axis=1)
        firsts, lasts = seen.argmax(axis=1), seen.shape[1] - seen[:, ::-1].argmax(axis=1)
        for row, first, last in zip(
            rows[meeting].tolist(), firsts[meeting].tolist(), lasts[meeting].tolist(), strict=True
        ):
            run = self.cubics[row, first:last]
            yield row, first, np.concatenate([run[0, :1], run[:, 1:].reshape(-1, 2)])
