"""Progress of training, on standard error."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lookalike.training import Callback, EpochEnded, Event, Finished, Noted, Started, Stepped, Stopped

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
    started, began, told = Started(1, 1, 1), 0.0, 0.0

    def on_event(event: Event) -> None:
        nonlocal started, began, told
        if isinstance(event, Noted):
            console.print(f"note: {event.note}", markup=False, soft_wrap=True)
        elif isinstance(event, Started):
            started = event
            began = told = time.monotonic()
            done = (event.first_epoch - 1) * event.steps_per_epoch
            bar.update(task, total=event.n_epochs * event.steps_per_epoch, completed=done)
            bar.start()
        elif isinstance(event, Stepped):
            bar.update(task, completed=(event.epoch - 1) * started.steps_per_epoch + event.step)
        elif isinstance(event, EpochEnded):
            latest = event.history[-1]
            judged = latest.accuracy if latest.validation_accuracy is None else latest.validation_accuracy
            bar.update(task, description=f"epoch {latest.number}", figures=f"accuracy {judged:.3f}")
            now, to_come = time.monotonic(), started.n_epochs - latest.number
            if not console.is_terminal and now - told >= every and to_come:
                told = now
                left = (now - began) / (latest.number - started.first_epoch + 1) * to_come
                line = f"epoch {latest.number} of {started.n_epochs}: accuracy {judged:.3f}, about {left:.0f} s to go"
                console.print(line, soft_wrap=True)
        elif isinstance(event, Finished | Stopped):
            bar.stop()

    return on_event
