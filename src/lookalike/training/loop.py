"""The training loop, on Lightning Fabric."""

import copy
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lookalike.backbones.siamese import CheckedNormalization
from lookalike.data import Augmentation, Examples
from lookalike.errors import ModelFileError, ParameterError, describe
from lookalike.network import PrototypeNetwork
from lookalike.randomness import RandomStream, draws
from lookalike.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from lookalike.training.devices import agree, launch
from lookalike.training.freezing import set_modes
from lookalike.training.health import require_finite, require_finite_weights, require_no_collapse
from lookalike.training.history import Callback, Epoch, EpochEnded, Event, Finished, Seen, Started, Stepped, Stopped
from lookalike.training.learner import Learner
from lookalike.training.memory import keep_freed_memory
from lookalike.training.merging import superfluous
from lookalike.training.optimization import learning_rate_factor, set_learning_rate
from lookalike.training.phases import Phase, epochs_of
from lookalike.training.projection import project
from lookalike.training.reseeding import reseed
from lookalike.training.settings import TrainingSettings
from lookalike.training.state import RunState

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_log = logging.getLogger(__name__)
_CHECK_EVERY = 50
_VALIDATION_BATCH = 256


@dataclass(frozen=True)
class Job:
    """Everything a training run is made of.

    Attributes
    ----------
    learner : Learner
        Trained in place.
    training : Examples
    validation : Examples or None
    augmentation : Augmentation
    settings : TrainingSettings
        Resolved.
    plan : sequence of Phase
    seed : int
        The order of examples, augmentation, and whatever is random in the network follow from it and the epoch's number
        alone, which is what makes a resumed run exact.
    checkpoint : Path or None
        Where the state is kept after every epoch.
    """

    learner: Learner
    training: Examples
    validation: Examples | None
    augmentation: Augmentation
    settings: TrainingSettings
    plan: Sequence[Phase]
    seed: int
    checkpoint: Path | None = None
    described: str = ""

    def fingerprint(self) -> str:
        """A hash of data, parameters and seed: equal for a run and its resumption only."""
        settings = asdict(replace(self.settings, tensorboard=False))
        facts = [settings, [asdict(phase) for phase in self.plan], self.seed, str(self.learner), self.described]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for examples in (self.training, self.validation):
            if examples is not None:
                digest.update(examples.inputs.numpy().tobytes())
                digest.update(examples.labels.numpy().tobytes())
                if examples.weights is not None:
                    digest.update(examples.weights.numpy().tobytes())
        return digest.hexdigest()


def train(job: Job, callbacks: Sequence[Callback] = (), resume: bool = False) -> tuple[Epoch, ...]:
    """Train a learner in place and return what happened.

    Parameters
    ----------
    job : Job
    callbacks : sequence of callable
        Called with every `Event`; on several devices, or with a strategy, once, in this process, after training.
    resume : bool
        Go on from the job's checkpoint if there is one.

    Returns
    -------
    tuple of Epoch

    Raises
    ------
    ParameterError
        If there is no such device, strategy or precision here.
    TrainingError
        If the loss stops being finite, or the network collapses; if several devices have no room to hand on weights.
    ModelFileError
        If a checkpoint is damaged or belongs to another run.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.strategies import DDPStrategy

    settings = job.settings
    strategy: Any = settings.strategy
    if settings.devices > 1 and strategy == "auto":
        # Processes that need no launcher script, and that bear rooms which a phase leaves untrained.
        strategy = DDPStrategy(start_method="spawn", find_unused_parameters=True)
    try:
        fabric = Fabric(
            accelerator=settings.accelerator,
            devices=settings.devices,
            strategy=strategy,
            precision=settings.precision,  # type: ignore[arg-type]
        )
    except (ValueError, TypeError, RuntimeError) as error:
        raise ParameterError(
            describe(
                "training__accelerator, devices, strategy and precision as Lightning Fabric takes them", str(error)
            )
        ) from error
    if settings.devices == 1 and strategy == "auto":
        return _Run(fabric, job, callbacks).train(resume)
    trained = launch(fabric, partial(_train_a_copy, job=job, resume=resume))
    history = tuple(Epoch(**epoch) for epoch in trained.facts["history"])
    job.learner.load_state_dict(trained.tensors)
    job.learner.eval().requires_grad_(False)
    for callback in callbacks:
        callback(Started(1, len(history), trained.facts["steps"]))
        for number in range(1, len(history) + 1):
            callback(EpochEnded(history[:number]))
        callback(Finished(trained.facts["best"]))
    return history


def _train_a_copy(fabric: "Fabric", job: Job, resume: bool) -> Checkpoint:
    """What was learned in a process: weights, and under ``history``, ``best`` and ``steps`` what happened."""
    # What crosses to another process lies in shared memory, in which processes would overwrite each other's weights.
    job = replace(job, learner=copy.deepcopy(job.learner))
    run = _Run(fabric, job, ())
    history = [epoch.to_dict() for epoch in run.train(resume)]
    facts = {"history": history, "best": run.state.best_number, "steps": run.steps}
    return Checkpoint(job.learner.state_dict(), facts)


class _Run:
    """One training run in one process."""

    def __init__(self, fabric: "Fabric", job: Job, callbacks: Sequence[Callback]) -> None:
        if fabric.device.type == "cpu":
            keep_freed_memory()
        self.fabric, self.job, self.callbacks, self.settings = fabric, job, callbacks, job.settings
        self.module: Callable[..., Any] = fabric.setup_module(job.learner.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
        self.fingerprint = job.fingerprint() if job.checkpoint else ""
        self.optimizer: Any = None
        self.state = RunState(job.learner)
        share = len(job.training) // fabric.world_size
        self.batch_size = min(int(self.settings.batch_size), share)
        self.steps = max(1, share // self.batch_size)
        self.counts = epochs_of(job.plan, int(self.settings.epochs))
        own = type(job.augmentation).__module__.startswith("lookalike.")
        self.draws = draws(job.learner) or not own

    def train(self, resume: bool) -> tuple[Epoch, ...]:
        """Run every phase that is not done yet."""
        done, current = self._restore() if resume else (0, 0)
        self._tell(Started(done + 1, sum(self.counts), self.steps))
        self._show(done)
        try:
            self._phases(done, current)
        except BaseException:
            self._tell(Stopped(len(self.state.history)))
            raise
        self.job.learner.cpu().float().eval().requires_grad_(False)
        require_finite_weights(self.job.learner.state_dict())
        self._tell(Finished(self.state.best_number))
        return tuple(self.state.history)

    def _phases(self, done: int, current: int) -> None:
        for index, phase in enumerate(self.job.plan[current:], current):
            first = 1 + sum(self.counts[:index])
            if not (done and index == current):
                self._begin(phase)
            self._epochs(phase, range(max(first, done + 1), first + self.counts[index]), first)
            self.state.end_phase()
            if phase.project:
                project(self.job.learner.network, self.job.training)

    def _begin(self, phase: Phase) -> None:
        self.optimizer = self.fabric.setup_optimizers(self.state.begin_phase(phase, self.settings))

    def _epochs(self, phase: Phase, numbers: range, first: int) -> None:
        if not any(parameter.requires_grad for parameter in self.job.learner.parameters()):
            return
        length = numbers.stop - first
        first_without_reseeding = int(phase.reseed_until * length) + 1 if phase.reseed_until else 0
        if phase.merge and length <= first_without_reseeding:
            _log.info("%s epochs are too few for prototypes to merge: %s keeps them all", length, phase.name)
        for number in numbers:
            if self.state.stalled(phase, self.settings.patience):
                _log.info("no better validation loss for %s epochs: %s ends", self.settings.patience, phase.name)
                if phase.merge and number - first <= first_without_reseeding:
                    _log.info("%s has ended before prototypes merged, and keeps them all", phase.name)
                return
            if phase.reseed and first < number <= first + phase.reseed_until * length:
                self._reseed(phase.reseed, number)
            elif phase.merge and number - first == first_without_reseeding:
                self._merge(phase, number)
            self._epoch(phase, number, [(number - first + step / self.steps) / length for step in range(self.steps)])
            self.state.keep_latest(self.settings)
            if self.job.checkpoint is not None and self.fabric.is_global_zero:
                write_checkpoint(self.job.checkpoint, self.state.checkpoint(self.fingerprint))
            self._tell(EpochEnded(tuple(self.state.history)))
            self._show(number)
            if self.settings.stop_on_collapse:
                require_no_collapse(self.state.history, len(self.job.training))

    def _epoch(self, phase: Phase, number: int, progress: Sequence[float]) -> None:
        """One pass over the training examples; ``progress`` is the share of the phase done at every step."""
        began, sums, factor = time.perf_counter(), dict[str, float](), 1.0
        set_modes(self.job.learner, phase, self.state.frozen)
        stream = RandomStream(_seed(self.job.seed, number, self.fabric.global_rank))
        for step, indices in enumerate(self._order(number)):
            factor = learning_rate_factor(self.settings.schedule, self.settings.warmup, progress[step])
            with self._drawing_from(stream):
                terms = self._step(indices, factor, (number - 1 + step / self.steps) / sum(self.counts))
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + float(value)
            if step % _CHECK_EVERY == 0 or step == self.steps - 1:
                require_finite(sums["loss"], number, self.settings.learning_rate * factor)
            self._tell(Stepped(number, step + 1))
        agree(self.fabric, self.state.statistics())
        validation_loss, validation_accuracy = self._validate()
        means = {name: value / self.steps for name, value in sums.items()}
        self.state.history.append(
            Epoch(
                number=number,
                phase=phase.name,
                loss=means.pop("loss"),
                accuracy=means.pop("correct") / self.batch_size,
                validation_loss=validation_loss,
                validation_accuracy=validation_accuracy,
                learning_rate=self.settings.learning_rate * phase.learning_rate * factor,
                seconds=time.perf_counter() - began,
                penalties=means,
            )
        )

    @contextmanager
    def _drawing_from(self, stream: RandomStream) -> Iterator[None]:
        """Let a step draw from a stream: through its generator, or where a part knows only process-wide ones, there."""
        learner = self.job.learner
        with stream.lent() if self.draws else nullcontext():
            learner.generator = torch.default_generator if self.draws else stream.generator
            try:
                yield
            finally:
                del learner.generator

    def _reseed(self, share: float, number: int) -> None:
        # As they are when they decide, whether a validation came before or a checkpoint was read.
        self.job.learner.eval()
        generator = torch.Generator().manual_seed(_seed(self.job.seed, -number, 0))
        begun = reseed(self.job.learner.network, self.job.training, share, generator, self.optimizer)
        if begun:
            _log.info("epoch %s: prototypes %s begin anew", number, begun)

    def _merge(self, phase: Phase, number: int) -> None:
        """Let prototypes go that stand for nothing, and doubles."""
        self.job.learner.eval()
        network = self.job.learner.network
        if not isinstance(network, PrototypeNetwork):
            return
        generator = torch.Generator().manual_seed(_seed(self.job.seed, -number, 0))
        gone = superfluous(network, self.job.training, phase.reseed, phase.doubles, generator, phase.alike)
        if gone:
            network.retire(gone)
            _log.info("epoch %s: prototypes %s go", number, gone)

    def _order(self, number: int) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(_seed(self.job.seed, number, 0))
        order = torch.randperm(len(self.job.training), generator=generator)
        own = order[self.fabric.global_rank :: self.fabric.world_size]
        return iter(own[: self.steps * self.batch_size].split(self.batch_size))

    def _step(self, indices: Tensor, factor: float, progress: float) -> dict[str, Tensor]:
        originals, targets = self.job.training.batch(indices)
        inputs = self.job.augmentation(originals, self.job.learner.generator)
        inputs, targets, originals = self.fabric.to_device((inputs, targets, originals))
        set_learning_rate(self.optimizer, factor)
        with CheckedNormalization() if len(targets) == 1 else nullcontext():
            terms = self.module(inputs, targets, progress, originals, _weights(self.fabric, self.job, indices))
        self.optimizer.zero_grad()
        self.fabric.backward(terms["loss"])
        if self.settings.gradient_clip:
            self.fabric.clip_gradients(self.job.learner, self.optimizer, max_norm=self.settings.gradient_clip)
        self.optimizer.step()
        if self.state.average:
            self.state.average.update()
        return {name: value.detach() for name, value in terms.items()}

    @torch.no_grad()
    def _validate(self) -> tuple[float | None, float | None]:
        examples, learner = self.job.validation, self.job.learner
        if examples is None or not len(examples):
            return None, None
        learner.eval()
        loss, correct = 0.0, 0
        with self.state.averaged():
            given = learner.given()
            for batch in examples.weighted_batches(_VALIDATION_BATCH):
                inputs, targets, *weights = self.fabric.to_device(batch)
                inputs = inputs.to(next(learner.parameters()).dtype)
                batch_loss, batch_correct = learner.judge(inputs, targets, given, *weights)
                loss, correct = loss + batch_loss * len(targets), correct + batch_correct
        # All processes must decide alike what is best and when to stop.
        loss, accuracy = self.fabric.broadcast((loss / len(examples), correct / len(examples)))
        require_finite(loss, len(self.state.history) + 1, self.settings.learning_rate, "validation loss")
        return loss, accuracy

    def _restore(self) -> tuple[int, int]:
        """Epochs done and the index of their phase, from the checkpoint if there is one."""
        file = self.job.checkpoint
        if file is None or not file.exists():
            return 0, 0
        checkpoint = read_checkpoint(file)
        if checkpoint.facts["run"] != self.fingerprint:
            raise ModelFileError(
                describe(
                    "a checkpoint of the same data, parameters and seed",
                    f"{file} of another run",
                    "the same command as before with --resume, or another output folder",
                )
            )
        name, done = checkpoint.facts["history"][-1]["phase"], checkpoint.facts["history"][-1]["number"]
        current = next(index for index, phase in enumerate(self.job.plan) if phase.name == name)
        self._begin(self.job.plan[current])
        self.state.restore(checkpoint)
        return done, current

    def _show(self, epoch: int) -> None:
        network, preprocessing = self.job.learner.network, self.job.training.preprocessing
        prototypes = network.prototypes if isinstance(network, PrototypeNetwork) else None
        if not self.callbacks or prototypes is None or prototypes.space != "input" or len(prototypes.shape) != 3:
            return
        pictures = preprocessing.to_eight_bit(preprocessing.restore(prototypes().detach().float().cpu()))
        self._tell(Seen(epoch, pictures, tuple(prototypes.labels.tolist())))

    def _tell(self, event: Event) -> None:
        for callback in self.callbacks:
            callback(event)


def _weights(fabric: "Fabric", job: Job, indices: Tensor) -> Tensor | None:
    weights = job.training.weights_of(indices)
    return None if weights is None else fabric.to_device(weights)


def _seed(seed: int, epoch: int, rank: int) -> int:
    digest = hashlib.sha256(f"{seed}/{epoch}/{rank}".encode()).digest()
    return int.from_bytes(digest[:7], "big")
