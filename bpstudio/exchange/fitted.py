"""A network from elsewhere gets rows: those of a data set that fits, else some that are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.project.arrange import arrange
from bpstudio.project.project import Project, complete
from bpstudio.project.runs import predict

ROWS = 8
"""So many rows to try are made up where no data set is given."""
SEED = 1


def fitted(project: Project, features: int, data: Dataset | None, *, runs: bool = True) -> Project:
    """The project on a data set of so many features, complete and laid out.

    Where rows are made up, what the network says of them are their answers, if it runs. Raises
    StudioError for a data set of another width.
    """
    if data is not None and data.features.shape[1] != features:
        raise StudioError(
            N_("The model takes {wanted} numbers per row, but {data} has {have}. Choose another."),
            wanted=features,
            data=data.name,
            have=data.features.shape[1],
        )
    rows = np.random.default_rng(SEED).normal(size=(ROWS, features))
    made = data or Dataset(_("Rows to try"), rows, np.zeros((ROWS, 1)))
    whole = complete(replace(project, data=made, places=arrange(project.graph, None)))
    if data is not None or not runs:
        return whole
    with np.errstate(all="ignore"):
        answers = predict(whole, made.features)
    if answers.ndim != 2 or not np.all(np.isfinite(answers)):
        return whole
    return replace(whole, data=replace(made, answers=np.array(answers)))
