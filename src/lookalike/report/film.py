"""Prototypes as they learn, epoch by epoch, as one animated picture."""

import io
from pathlib import Path

from PIL import Image, ImageDraw

from lookalike.atomic import write_whole
from lookalike.errors import DataError, describe
from lookalike.training import Callback, Event, Finished, Seen, Stepped

_SIDE, _GAP, _HEADER = 56, 4, 18
_SHORT, _LONG = 350, 2500
_PAPER, _INK = 255, 0


def film(file: Path) -> Callback:
    """A callback of training that draws the prototypes after every epoch, a column for each class, and leaves a film.

    Parameters
    ----------
    file : Path
        Ends in .gif. A run that was resumed is shown from there on.

    Raises
    ------
    DataError
        For another kind of file; at the first step, for prototypes that are no pictures.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from lookalike.training import Finished, Seen
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     told = film(Path(folder, "film.gif"))
    ...     told(Seen(0, np.zeros((2, 8, 8), dtype=np.uint8), (0, 1)))
    ...     told(Finished(1))
    ...     Path(folder, "film.gif").read_bytes()[:3]
    b'GIF'
    """
    if file.suffix.lower() != ".gif":
        raise DataError(describe("a film's file that ends in .gif", file.name))
    seen: list[Seen] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Seen):
            seen.append(event)
        elif isinstance(event, Stepped) and not seen:
            raise DataError(describe("prototypes that are pictures, to be filmed", "others", "fit without a film"))
        elif isinstance(event, Finished) and seen:
            # A prototype that goes leaves its place empty.
            of = seen[0].labels
            places = [(of[:place].count(label), label) for place, label in enumerate(of)]
            first, *rest = [_frame(each, places) for each in seen]
            durations = [_SHORT] * len(rest) + [_LONG]
            held = io.BytesIO()
            first.save(held, format="GIF", save_all=True, append_images=rest, duration=durations, loop=0)
            write_whole(file, held.getvalue())

    return on_event


def _frame(seen: Seen, places: list[tuple[int, int]]) -> Image.Image:
    n_rows, n_columns = (1 + max(place[axis] for place in places) for axis in (0, 1))
    step = _SIDE + _GAP
    size = max(n_columns * step + _GAP, 2 * _SIDE), n_rows * step + _GAP + _HEADER
    paper = Image.new("RGB", size, (_PAPER,) * 3)
    ImageDraw.Draw(paper).text((_GAP, _GAP), f"epoch {seen.epoch}", fill=(_INK,) * 3)
    for picture, label, (row, column) in zip(seen.pictures, seen.labels, places, strict=True):
        if label >= 0:
            drawn = Image.fromarray(picture).convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
            paper.paste(drawn, (_GAP + column * step, _GAP + _HEADER + row * step))
    return paper
