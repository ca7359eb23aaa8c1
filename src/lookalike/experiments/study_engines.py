"""Runs of a study several at once, in processes here or on a Ray cluster; a killed worker costs only its run."""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

import torch

from lookalike.errors import TrainingError, describe, require_extra
from lookalike.experiments.config import RunConfig
from lookalike.experiments.studies import Arm

_log = logging.getLogger(__name__)
_MOST_DEATHS = 3
Task = tuple[Arm, int]
Made = TypeVar("Made")


def by_processes(
    tasks: Sequence[Task],
    judged: Sequence[RunConfig],
    run: Callable[[Arm, int], Made],
    train_judges: Callable[[RunConfig], None],
    workers: int,
) -> Iterator[tuple[Task, Made]]:
    """Processes of this machine, each with one thread.

    Parameters
    ----------
    tasks : sequence
        What is to be run.
    judged : sequence of RunConfig
        What judges are to be trained for before.
    run, train_judges : callable
        Can be pickled.
    workers : int
        Processes at a time.

    Yields
    ------
    tuple
        A task and what came of it, in the order in which they end.

    Raises
    ------
    TrainingError
        If workers are killed again and again, and nothing ends.
    """
    waiting, deaths = dict(enumerate(tasks)), 0
    while waiting:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker) as pool:
            try:
                list(pool.map(train_judges, judged))
                running = {pool.submit(run, *task): place for place, task in waiting.items()}
                for finished in as_completed(running):
                    result = finished.result()
                    deaths = 0
                    yield waiting.pop(running[finished]), result
            except BrokenProcessPool:
                deaths += 1
                _tell_of_death(deaths, next(iter(waiting.values())))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def by_ray(
    tasks: Sequence[Task],
    judged: Sequence[RunConfig],
    run: Callable[[Arm, int], Made],
    train_judges: Callable[[RunConfig], None],
    workers: int | None,
) -> Iterator[tuple[Task, Made]]:
    """The Ray cluster that is connected to, or a local one; as `by_processes`."""
    try:
        import ray
    except ImportError as error:
        raise require_extra("ray", "ray") from error
    if not ray.is_initialized():
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, configure_logging=False)
    names = ("WorkerCrashedError", "OutOfMemoryError", "NodeDiedError")
    died = tuple(getattr(ray.exceptions, name) for name in names if hasattr(ray.exceptions, name))
    ray.get([ray.remote(num_cpus=1)(_alone).remote(train_judges, config) for config in judged])
    # Ray would repeat a run without a word.
    remote = ray.remote(num_cpus=1, max_retries=0)(_alone)
    running = {remote.remote(run, *task): task for task in tasks}
    deaths: Counter[tuple[str, int]] = Counter()
    while running:
        (finished,), _ = ray.wait(list(running), num_returns=1)
        task = running.pop(finished)
        try:
            result = ray.get(finished)
        except died:
            name = task[0].name, task[1]
            deaths[name] += 1
            _tell_of_death(deaths[name], task)
            running[remote.remote(run, *task)] = task
            continue
        yield task, result


def _tell_of_death(deaths: int, task: Task) -> None:
    if deaths >= _MOST_DEATHS:
        arm, seed = task
        expected = f"a worker that lives until a run ends, that of {arm.name!r} with seed {seed} say"
        raise TrainingError(
            describe(expected, f"{deaths} killed one after the other", "fewer --workers, if memory ran out")
        )
    _log.warning("a worker was killed (out of memory, perhaps): the runs that it and others had begun are repeated")


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    torch.set_num_threads(1)
    return work(*arguments)


def _begin_worker() -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A study that was killed leaves no worker behind to train what nobody will keep."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
