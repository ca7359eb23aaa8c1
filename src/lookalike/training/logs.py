"""Callbacks that write training down: a csv file, TensorBoard, the log."""

import csv
import io
import logging
from pathlib import Path
from typing import Any

from lookalike.atomic import write_text
from lookalike.errors import require_extra
from lookalike.training.history import Callback, EpochEnded, Event, Finished, Started, Stopped

_log = logging.getLogger(__name__)


def csv_log(file: Path) -> Callback:
    """Write one line per epoch; the whole file is written anew each time, so that it is always complete.

    Parameters
    ----------
    file : Path
    """

    def on_event(event: Event) -> None:
        if not isinstance(event, EpochEnded):
            return
        rows = []
        for epoch in event.history:
            row = epoch.to_dict()
            rows.append(row | row.pop("penalties"))
        columns = dict.fromkeys(name for row in rows for name in row if name != "penalties")
        held = io.StringIO(newline="")
        writer = csv.DictWriter(held, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        write_text(file, held.getvalue())

    return on_event


def tensorboard_log(folder: Path) -> Callback:
    """Log every epoch's figures to TensorBoard.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    MissingExtraError
        If tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise require_extra("tensorboard", "tensorboard") from error
    writer: Any = None

    def on_event(event: Event) -> None:
        nonlocal writer
        # Not before, so that nothing stays open where a training does not begin.
        if isinstance(event, Started):
            # Of epochs that are trained again, after a kill or with --overwrite, only the last ones count.
            writer = SummaryWriter(str(folder), purge_step=event.first_epoch)
        if isinstance(event, EpochEnded):
            epoch = event.history[-1]
            figures = {"loss": epoch.loss, "accuracy": epoch.accuracy, "learning_rate": epoch.learning_rate}
            if epoch.validation_loss is not None and epoch.validation_accuracy is not None:
                figures |= {"validation_loss": epoch.validation_loss}
                figures |= {"validation_accuracy": epoch.validation_accuracy}
            for name, value in {**figures, **epoch.penalties}.items():
                writer.add_scalar(name, value, epoch.number)
            writer.flush()
        if isinstance(event, Finished | Stopped):
            writer.close()

    return on_event


def message_log(event: Event) -> None:
    """Log every epoch in a line, for whoever listens to the logger ``lookalike``."""
    if isinstance(event, EpochEnded):
        epoch = event.history[-1]
        judged = "" if epoch.validation_accuracy is None else f", validation accuracy {epoch.validation_accuracy:.4f}"
        _log.info(
            "epoch %d (%s): loss %.4f, accuracy %.4f%s", epoch.number, epoch.phase, epoch.loss, epoch.accuracy, judged
        )
