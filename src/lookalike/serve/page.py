"""What the page shows: the report's templates over the desk."""

from collections import Counter
from typing import Any

import numpy as np

from lookalike.errors import DataError, describe
from lookalike.estimators.inputs import table_or_pictures
from lookalike.report import ExplainedExample, ReportContents, image_address, render, stylesheet
from lookalike.serve.desk import Desk
from lookalike.serve.messages import MOST_INPUTS, Shown, ShownPrototype, ShownPrototypes, ShownTrial
from lookalike.serve.pictures import FORMATS
from lookalike.serve.standing import Standing

_SHOWN = 24
_LARGEST_DRAWN = 64
_PACKAGE = "lookalike.serve"


def front(desk: Desk) -> str:
    """The whole page.

    Parameters
    ----------
    desk : Desk
    """
    standing = desk.standing
    preprocessing = standing.run.classifier.preprocessing_
    grey = preprocessing.is_picture and preprocessing.shape[0] == 1
    sides = preprocessing.shape[1:] or (_LARGEST_DRAWN + 1,)
    return render(
        "front.html",
        _PACKAGE,
        contents=standing.contents,
        standing=standing,
        n_test=0 if desk.test is None else len(desk.test),
        n_validation=0 if desk.validation is None else len(desk.validation),
        is_picture=preprocessing.is_picture,
        drawn=max(sides) <= _LARGEST_DRAWN and grey,
        side=max(sides),
        dark=preprocessing.mean[0] < sum(preprocessing.eight_bit_range) / 2,
        columns=[name for name, _ in standing.contents.rows[0]] if standing.contents.rows else [],
        curve=desk.curve,
        accepted=",".join(f"image/{name.lower()}" for name in FORMATS),
        most_inputs=MOST_INPUTS,
        note=desk.note,
        kind=standing.run.classifier.classes_.dtype.kind,
    )


def style() -> str:
    """The report's stylesheet, and what only this page needs."""
    return stylesheet() + render("page.css", _PACKAGE)


def cards(standing: Standing) -> str:
    """Prototypes with what can be done to them, and what was done.

    Parameters
    ----------
    standing : Standing
    """
    return render(
        "cards.html",
        _PACKAGE,
        contents=standing.contents,
        standing=standing,
        kept=standing.kept_prototypes,
        counts=Counter(each.class_name for each in standing.contents.about.prototypes),
    )


def strip(contents: ReportContents, example: ExplainedExample) -> str:
    """One explained input.

    Parameters
    ----------
    contents : ReportContents
    example : ExplainedExample
    """
    return render("strip.html", _PACKAGE, contents=contents, example=example)


def prototypes(standing: Standing) -> ShownPrototypes:
    """What stands for each class, as it is now.

    Parameters
    ----------
    standing : Standing
    """
    contents, kept = standing.contents, standing.kept_prototypes
    shown = [
        ShownPrototype(
            prototype=each.prototype,
            class_name=each.class_name,
            usage=each.usage,
            kept=each.prototype in kept,
            picture=image_address(contents.pictures[each.prototype]) if contents.pictures else None,
            values=dict(contents.rows[each.prototype]) if contents.rows else None,
        )
        for each in contents.about.prototypes
    ]
    return ShownPrototypes(prototypes=shown, changes=list(standing.changes), version=standing.version)


def examples(desk: Desk, only_wrong: bool, seed: int) -> list[Shown]:
    """Some test examples, drawn by a seed.

    Parameters
    ----------
    desk : Desk
    only_wrong : bool
        Only those that the model as it was opened gets wrong.
    seed : int
    """
    if desk.test is None or desk.decisions is None:
        return []
    among = np.flatnonzero(desk.decisions != desk.test.labels) if only_wrong else np.arange(len(desk.test))
    drawn = np.random.default_rng(seed).permutation(among)[:_SHOWN]
    if not len(drawn):
        return []
    pictures = _pictures(desk, drawn)
    return [
        Shown(
            index=int(index),
            name=desk.test.name_of(int(index), "test"),
            true=str(desk.test.labels[index]),
            predicted=str(desk.decisions[index]),
            picture=picture,
            values=None if picture else [float(value) for value in desk.test.inputs[index]],
        )
        for index, picture in zip(drawn, pictures, strict=True)
    ]


def trials(desk: Desk, seed: int) -> list[ShownTrial]:
    """A self-test as a person sees it.

    Parameters
    ----------
    desk : Desk
    seed : int

    Raises
    ------
    DataError
        Where there are no pictures to choose between.
    """
    contents = desk.began.contents
    if not contents.pictures:
        raise DataError(describe("a model of pictures, for a self-test", "one of rows"))
    found = desk.trials(seed)
    pictures = _pictures(desk, np.array([choice for trial in found for choice in trial.choices]))
    return [
        ShownTrial(
            prototype=image_address(contents.pictures[trial.prototype]),
            choices=[str(picture) for picture in pictures[2 * place : 2 * place + 2]],
        )
        for place, trial in enumerate(found)
    ]


def _pictures(desk: Desk, indices: np.ndarray) -> list[Any]:
    """Test examples as addresses of pictures; ``None`` each where they are rows."""
    classifier = desk.began.run.classifier
    if desk.test is None or not classifier.preprocessing_.is_picture:
        return [None] * len(indices)
    tensor = table_or_pictures(classifier, desk.test.inputs[indices], reset=False)
    return [image_address(picture) for picture in classifier.preprocessing_.to_eight_bit(tensor)]
