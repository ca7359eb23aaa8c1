"""Small training jobs."""

import torch

from lookalike import registry
from lookalike.backbones import MlpBackbone
from lookalike.data import Examples, NoAugmentation, Preprocessing
from lookalike.heads import LogSumExpHead
from lookalike.network import PrototypeNetwork
from lookalike.objectives import CrossEntropyObjective
from lookalike.pooling import MaxPooling
from lookalike.prototypes import LatentPrototypes, PixelPrototypes
from lookalike.similarities import CosineSimilarity
from lookalike.training import Job, Learner, TrainingSettings, plan_from
from lookalike.transforms import IdentityTransform


def examples(n=120, seed=0):
    """Three clouds in four dimensions."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    centers = 4 * torch.randn(3, 4, generator=torch.Generator().manual_seed(99))
    inputs = centers[labels] + torch.randn(n, 4, generator=generator)
    return Examples(inputs, labels, Preprocessing.of(inputs))


def network(latent=False, backbone=None):
    torch.manual_seed(0)
    backbone = backbone or MlpBackbone((4,), widths=(8, 6), normalize=True)
    if latent:
        prototypes = LatentPrototypes((6, 1, 1), 3, n_per_class=2)
    else:
        prototypes = PixelPrototypes((4,), 3, (torch.tensor(0.0), torch.tensor(1.0)), n_per_class=2)
    prototypes.set_values(torch.randn(6, *prototypes.shape))
    return PrototypeNetwork(
        backbone=backbone,
        prototypes=prototypes,
        similarity=CosineSimilarity(),
        transform=IdentityTransform(),
        pooling=MaxPooling(),
        head=LogSumExpHead(prototypes.labels, 3),
    )


def job(*, plan="joint", latent=False, checkpoint=None, regularizers=(), model=None, training=None, **settings):
    settings = {"epochs": 6, "batch_size": 20, "learning_rate": 0.01, **settings}
    training = training or examples()
    return Job(
        learner=Learner(
            model or network(latent),
            CrossEntropyObjective(),
            [(registry.build("regularizer", name, {}, {}), weight) for name, weight in regularizers],
        ),
        training=training,
        validation=examples(60, seed=1),
        augmentation=NoAugmentation(),
        settings=TrainingSettings(**settings).resolve(len(training), is_picture=False),
        plan=plan_from(plan),
        seed=3,
        checkpoint=checkpoint,
    )
