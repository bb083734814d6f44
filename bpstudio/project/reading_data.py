"""The data set of a project file, out of its record and its arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import UNSET

from bpstudio.data.columns import width
from bpstudio.data.dataset import Column, Dataset
from bpstudio.engine.op import Array
from bpstudio.language import N_
from bpstudio.project.container import refusal
from bpstudio.project.limits import printable
from bpstudio.project.records import DataRecord

Take = Callable[[str, str, str, type[np.generic]], Array]
"""From the name of an array, where it is named, the kinds it may have and the type it is to have,
the array."""


def dataset(take: Take, known: DataRecord) -> Dataset:
    """The data set of a record, whose arrays `take` gives; raises FileError where they clash."""
    place = "project.json.data"
    features = take(known.features, place, "biuf", np.float64)
    classes = tuple(shown_name(name, place) for name in known.classes)
    answers = take(
        known.answers, place, "biu" if classes else "biuf", np.int64 if classes else np.float64
    )
    held_out = take(known.held_out, place, "b", np.bool_)
    rows = len(features) if features.ndim else 0
    fits = features.ndim >= 2 and answers.ndim == (1 if classes else 2)
    if not fits or len(answers) != rows or held_out.shape != (rows,):
        raise refusal(
            place,
            N_(
                "the arrays of features {features}, answers {answers} and split {split} do not fit."
            ),
            features=features.shape,
            answers=answers.shape,
            split=held_out.shape,
        )
    if known.feature_names and len(known.feature_names) != features.shape[1]:
        raise refusal(
            place,
            N_("there are {count} names for {columns} features."),
            count=len(known.feature_names),
            columns=features.shape[1],
        )
    if classes and rows and not 0 <= answers.min() <= answers.max() < len(classes):
        raise refusal(place, N_("an answer is none of the {count} classes."), count=len(classes))
    return Dataset(
        name=shown_name(known.name, place),
        features=features,
        answers=answers,
        classes=classes,
        feature_names=tuple(shown_name(name, place) for name in known.feature_names),
        held_out=held_out,
        recipe=known.recipe,
        columns=_columns(known, features.shape[1], place),
    )


def _columns(known: DataRecord, features: int, place: str) -> tuple[Column, ...]:
    """The columns of the table that the features were read from."""
    records = [] if known.columns is UNSET else known.columns
    found = tuple(
        Column(
            shown_name(each.name, place),
            tuple(shown_name(name, place) for name in each.categories),
            each.fill,
            each.mean,
            each.deviation,
        )
        for each in records
    )
    if found and sum(map(width, found)) != features:
        raise refusal(
            place,
            N_("its columns give {count} features, but there are {features}."),
            count=sum(map(width, found)),
            features=features,
        )
    for each in found:
        known_fill = (
            isinstance(each.fill, float) if not each.categories else (each.fill in each.categories)
        )
        if each.fill is not None and not known_fill:
            raise refusal(
                place,
                N_("{fill} can't fill the gaps of its column {name}."),
                fill=ascii(each.fill)[:80],
                name=each.name,
            )
    return found


def shown_name(name: str, place: str) -> str:
    """The name itself; refuses one that can't be shown on one line."""
    if not printable(name):
        raise refusal(place, N_("the name {name} can't be shown on one line."), name=ascii(name))
    return name
