"""What a fitted classifier shows of itself: explanations, a scorecard, figures, a report."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from lookalike.data import Part
from lookalike.data.classes import labels_in
from lookalike.data.labels import as_labels
from lookalike.errors import DataError, describe
from lookalike.estimators import showing
from lookalike.estimators.exchanging import Exchanging
from lookalike.estimators.inputs import table_or_pictures
from lookalike.estimators.judging import scorecard_of
from lookalike.evaluation import Card
from lookalike.explanations import LocalExplanation
from lookalike.report import ShownInputs, ShownPrototypes, kind_of, report_writer


class Looking(Exchanging):
    """Views of a classifier; explanations themselves stay plain data."""

    def explain(self, X: Any) -> list[LocalExplanation]:
        """Why each input is given to its class, one explanation per input; each shows itself in a notebook."""
        return showing.with_views(self, X)  # type: ignore[arg-type]

    def scorecard(self, X: Any, y: Any, training: tuple[Any, Any] | None = None, **options: Any) -> Card:
        """What this model and its prototypes are worth, row by row; see `lookalike.evaluation`.

        Parameters
        ----------
        X, y : array-like
        training : tuple, optional
            ``(X, y)`` that the model was trained on; several rows need them.
        **options
            ``full=True``: also the rows that take minutes, judges trained where none are kept. ``rows``: names of those
            to compute, in its place. ``judging``: ``(X, y)`` that the model has not seen, for judges to learn from.
            ``foreign``: inputs of no class by what they are, for OOD-AUROC; `lookalike.data.foreign_inputs` makes some.
            ``world``: that of a KnownProto data set, for TR*. ``modes``: what kind of its class each test example is.
            ``other_prototypes``: ``(prototypes_, prototype_labels_)`` of the model with another seed, for BIND.
            ``progress``: a function that is told which row comes next.

        Returns
        -------
        Card
            ``print(card)`` shows it; ``card.row("TRANSFER")`` has a row's value, interval, light, and what it is to be
            compared with.
        """
        check_is_fitted(self)
        return scorecard_of(self, (X, y), training, **options)  # type: ignore[arg-type]

    def show(self, X: Any, y: Any = None, names: Sequence[str] | None = None) -> ShownInputs:
        """Explained inputs that a notebook shows by itself; ``show(X)[0].plot()`` is a figure for a paper.

        Parameters
        ----------
        X : array-like
        y : array-like, optional
            Their true classes.
        names : sequence of str, optional
            What to call each; their places unless given.

        Raises
        ------
        DataError
            If there are not as many names or classes as inputs, or a class is not known.
        """
        check_is_fitted(self)
        n = len(X)
        names = [f"input {place}" for place in range(n)] if names is None else names
        true = [None] * n if y is None else [str(each) for each in labels_in(y, self.classes_).tolist()]
        if not n == len(names) == len(true):
            raise DataError(describe(f"{n} names and classes", f"{len(names)} names, {len(true)} classes"))
        columns = self._columns()
        examples = showing.explained(self, X, names, true, columns=columns)  # type: ignore[arg-type]
        return ShownInputs(tuple(examples), showing.contents_of(self, columns=columns))  # type: ignore[arg-type]

    def show_prototypes(self) -> ShownPrototypes:
        """Prototypes by class that a notebook shows by itself; ``show_prototypes().plot()`` is a figure."""
        check_is_fitted(self)
        return ShownPrototypes(showing.contents_of(self, columns=self._columns()))  # type: ignore[arg-type]

    def report(
        self,
        file: str | Path,
        X: Any,
        y: Any,
        *,
        title: str = "What it looks like",
        kind: str = "",
        making: Mapping[str, str] | None = None,
        card: Any = None,
    ) -> Path:
        """Write a report on test examples.

        Parameters
        ----------
        file : path
        X, y : array-like
            Test examples and their classes.
        title : str
        kind : str
            ``"html"``, ``"md"``, ``"json"`` or ``"pdf"``; what the file ends in unless given.
        making : mapping of str to str, optional
            How the model was made, by whatever names.
        card : Card, optional
            From `scorecard`.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ParameterError
            For another kind.
        DataError
            For inputs that do not fit, or unknown classes.
        """
        check_is_fitted(self)
        write = report_writer(kind_of(Path(file), kind))
        test = Part(table_or_pictures(self, X, reset=False).numpy(), as_labels(y))
        # The names of columns have been checked; arrays have none.
        nameless = copy.copy(self)
        vars(nameless).pop("feature_names_in_", None)
        contents = showing.judged_contents(
            nameless,  # type: ignore[arg-type]
            test,
            title=title,
            making=making,
            columns=self._columns(),
            card=None if card is None else card.to_dict(),
        )
        write(Path(file), contents)
        return Path(file)

    def _columns(self) -> tuple[str, ...]:
        return tuple(str(name) for name in getattr(self, "feature_names_in_", ()))
