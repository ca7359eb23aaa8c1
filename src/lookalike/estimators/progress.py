"""Progress of training, on standard error."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lookalike.training import Callback, EpochEnded, Event, Finished, Started, Stepped, Stopped

_EVERY = 30.0


def progress_bar(every: float = _EVERY) -> Callback:
    """A callback that shows epoch, accuracy and the time that is left.

    Parameters
    ----------
    every : float
        Seconds, 0 or above. Where standard error is no terminal there is no bar: an epoch that ends is a line, at most
        one in so many seconds, so that short trainings are silent.
    """
    console = Console(stderr=True, highlight=False)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("training", total=None, figures="")
    began = told = time.monotonic()
    first, last, steps = 1, 1, 1

    def on_event(event: Event) -> None:
        nonlocal began, told, first, last, steps
        if isinstance(event, Started):
            first, last, steps = event.first_epoch, event.n_epochs, event.steps_per_epoch
            began = told = time.monotonic()
            bar.update(task, total=last * steps, completed=(first - 1) * steps)
            bar.start()
        elif isinstance(event, Stepped):
            bar.update(task, completed=(event.epoch - 1) * steps + event.step)
        elif isinstance(event, EpochEnded):
            latest = event.history[-1]
            judged = latest.accuracy if latest.validation_accuracy is None else latest.validation_accuracy
            bar.update(task, description=f"epoch {latest.number}", figures=f"accuracy {judged:.3f}")
            now = time.monotonic()
            if not console.is_terminal and now - told >= every and latest.number < last:
                told = now
                left = (now - began) / (latest.number - first + 1) * (last - latest.number)
                console.print(
                    f"epoch {latest.number} of {last}: accuracy {judged:.3f}, about {left:.0f} s to go", soft_wrap=True
                )
        elif isinstance(event, Finished | Stopped):
            bar.stop()

    return on_event
