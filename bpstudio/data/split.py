"""Which rows are kept for testing."""

from __future__ import annotations

import numpy as np

from bpstudio.data.dataset import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_


def held_out_rows(rows: int, share: float, seed: int, groups: Array | None = None) -> Array:
    """A mask of the rows to keep for testing, shape (rows,).

    `share` is the part of the rows, from 0 up to but not including 1; at least one row always
    stays for training. With `groups`, the class of each row, every class gives the same share.
    Raises StudioError for a share outside that range.
    """
    if not 0 <= share < 1:
        raise StudioError(
            N_("{share} of the rows can't be kept for testing. Choose from 0 to 0.9."), share=share
        )
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, _STREAM])))
    shuffled = rng.permutation(rows)
    mask = np.zeros(rows, dtype=bool)
    kinds = np.zeros(rows, dtype=int) if groups is None else groups[shuffled]
    for kind in np.flatnonzero(np.bincount(kinds)):
        members = shuffled[kinds == kind]
        count = min(round(share * len(members)), len(members) - 1)
        mask[members[:count]] = True
    return mask


_STREAM = 2  # the toy sets draw their points from streams 0 and 1 of the same seed
