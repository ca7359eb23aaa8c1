"""A progress bar for training, on standard error."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lookalike.training import Callback, EpochEnded, Event, Finished, Started, Stepped, Stopped


def progress_bar() -> Callback:
    """A callback that shows epoch, accuracy and the time that is left; silent where standard error is no terminal."""
    console = Console(stderr=True)
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
    steps = 1

    def on_event(event: Event) -> None:
        nonlocal steps
        if isinstance(event, Started):
            steps = event.steps_per_epoch
            done = (event.first_epoch - 1) * event.steps_per_epoch
            bar.update(task, total=event.n_epochs * event.steps_per_epoch, completed=done)
            bar.start()
        elif isinstance(event, Stepped):
            bar.update(task, completed=(event.epoch - 1) * steps + event.step)
        elif isinstance(event, EpochEnded):
            latest = event.history[-1]
            judged = latest.accuracy if latest.validation_accuracy is None else latest.validation_accuracy
            bar.update(task, description=f"epoch {latest.number}", figures=f"accuracy {judged:.3f}")
        elif isinstance(event, Finished | Stopped):
            bar.stop()

    return on_event
