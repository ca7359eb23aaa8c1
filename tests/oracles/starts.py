"""Prototypes, initializers, transforms and augmentations, one example at a time."""

import math

import numpy as np
import torch

from tests.oracles.networks import drawn_by_autoencoder, state_of


def pixel_prototypes(prototypes, wanted):
    """What reading gives after writing: the values, or, when bounded, the nearest inside the range's edge.

    Within reach of a base all but the outermost thousandth can be had; whatever is beyond reach becomes the base.
    """
    if prototypes.within is not None:
        reach, result = prototypes.within, []
        for base, value in zip(prototypes.base.numpy(), wanted, strict=True):
            share = np.clip((value - base) / reach, -0.999, 0.999)
            result.append(value if abs(value - base).max() > 1.001 * reach else base + reach * share)
        return np.stack(result)
    if not prototypes.bounded:
        return wanted
    low, high = prototypes.low.numpy(), prototypes.high.numpy()
    share = np.clip((wanted - low) / (high - low), 1e-3, 1 - 1e-3)
    return low + (high - low) * share


def candidates_of(prototypes, label):
    n = prototypes.values.shape[1]
    return [prototypes.candidates[label * n + place].numpy() for place in range(n)]


def weighted_candidates(prototypes, wanted, nearest, others):
    """One candidate of the class, the nearest to what is wanted, counts so much, every other one so much."""
    result = []
    for value, label in zip(wanted, prototypes.labels.tolist(), strict=True):
        own = candidates_of(prototypes, label)
        distances = [((each - value) ** 2).sum() for each in own]
        best = distances.index(min(distances))
        result.append(sum(nearest * each if place == best else others * each for place, each in enumerate(own)))
    return np.stack(result)


def hull_prototypes(prototypes, wanted):
    n = prototypes.values.shape[1]
    return weighted_candidates(prototypes, wanted, prototypes.nearest, (1 - prototypes.nearest) / (n - 1))


def chosen_prototypes(prototypes, wanted):
    """The nearest candidate has a head start of 2 in a softmax of temperature 1."""
    n = prototypes.values.shape[1]
    total = math.exp(2) + n - 1
    return weighted_candidates(prototypes, wanted, math.exp(2) / total, 1 / total)


def generated_prototypes(prototypes, wanted):
    return drawn_by_autoencoder(state_of(prototypes.generator), wanted, prototypes.latent)


def as_written(prototypes, wanted):
    return wanted


def uniform(initializer, shape, labels, inputs, generator):
    low = inputs.min() if initializer.low is None else initializer.low
    high = inputs.max() if initializer.high is None else initializer.high
    values = [torch.rand((), generator=generator).item() for _ in range(len(labels) * math.prod(shape))]
    return low + (high - low) * np.array(values).reshape(len(labels), *shape)


def normal(initializer, shape, labels, inputs, generator):
    """Standard values by the same generator, then each channel's mean and spread, one channel at a time."""
    noise = torch.randn(len(labels), *shape, generator=generator).numpy()
    result = np.empty_like(noise)
    for channel in range(inputs.shape[1]):
        values = inputs[:, channel].ravel().tolist()
        mean = sum(values) / len(values)
        spread = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
        result[:, channel] = mean + spread * noise[:, channel]
    return result


def is_start_at_points(initializer, values, prototype_labels, inputs, labels):
    """Every value is a training example of the right class, none twice within a class."""
    chosen = []
    for value, label in zip(values, prototype_labels, strict=True):
        found = [i for i in range(len(inputs)) if np.array_equal(inputs[i], value)]
        if not found or (labels[found[0]] == label) != initializer.own_class:
            return False
        chosen.append((label, found[0]))
    return len(set(chosen)) == len(chosen)


def is_start_at_means(initializer, values, prototype_labels, inputs, labels):
    """Every value is the class's mean, up to the spread where prototypes share a class."""
    for index, label in enumerate(prototype_labels):
        own = [inputs[i] for i in range(len(inputs)) if labels[i] == label]
        mean = sum(own[1:], own[0]) / len(own)
        alone = sum(prototype_labels == label) == 1
        allowed = 1e-5 if alone else 6 * initializer.spread * inputs.std() + 1e-5
        if abs(values[index] - mean).max() > allowed:
            return False
    return True


def is_start_at_centroids(initializer, values, prototype_labels, inputs, labels):
    """One more of Lloyd's steps moves no centroid."""
    for label in set(prototype_labels.tolist()):
        centroids = [values[p] for p in range(len(values)) if prototype_labels[p] == label]
        clusters = [[] for _ in centroids]
        for example, own in zip(inputs, labels, strict=True):
            if own == label:
                distances = [((example - centroid) ** 2).sum() for centroid in centroids]
                clusters[distances.index(min(distances))].append(example)
        for centroid, cluster in zip(centroids, clusters, strict=True):
            if not cluster or abs(sum(cluster[1:], cluster[0]) / len(cluster) - centroid).max() > 1e-3:
                return False
    return True


def no_augmentation(augmentation, inputs, generator):
    return inputs


def shift(augmentation, inputs, generator):
    """The same draws, then every pixel of every picture looked up on its own."""
    n, _, height, width = inputs.shape
    mirrored = (torch.rand(n, generator=generator) < 0.5).tolist() if augmentation.mirror else [False] * n
    down, right = torch.randint(-augmentation.pixels, augmentation.pixels + 1, (2, n, 1), generator=generator).tolist()
    result = np.empty_like(inputs)
    for i in range(n):
        for y in range(height):
            for x in range(width):
                row = min(max(y + down[i][0], 0), height - 1)
                start = width - 1 - x if mirrored[i] else x
                column = min(max(start + right[i][0], 0), width - 1)
                result[i, :, y, x] = inputs[i, :, row, column]
    return result


def shift_transform(transform, prototypes):
    """Every pixel of every view, taken from where the shift says, or from the nearest edge."""
    pixels, pictures = transform.pixels, np.asarray(prototypes)
    _, channels, height, width = pictures.shape
    views = []
    for picture in pictures:
        for down in range(-pixels, pixels + 1):
            for right in range(-pixels, pixels + 1):
                view = np.zeros_like(picture)
                for channel in range(channels):
                    for y in range(height):
                        for x in range(width):
                            row, column = min(max(y - down, 0), height - 1), min(max(x - right, 0), width - 1)
                            view[channel, y, x] = picture[channel, row, column]
                views.append(view)
    return np.stack(views)


def identity_transform(transform, prototypes):
    return prototypes


def between_pixels(channel, row, column):
    """A channel's value at a place between pixels, linear in both directions; edges repeat."""
    height, width = channel.shape
    row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    top, left = math.floor(row), math.floor(column)
    down, right = min(top + 1, height - 1), min(left + 1, width - 1)
    low, high = row - top, column - left
    above = (1 - high) * channel[top, left] + high * channel[top, right]
    below = (1 - high) * channel[down, left] + high * channel[down, right]
    return (1 - low) * above + low * below


def warped(picture, source):
    """Every pixel read where `source(row, column)` says."""
    _, height, width = picture.shape
    view = np.zeros_like(picture, dtype=np.float64)
    for channel in range(len(picture)):
        for y in range(height):
            for x in range(width):
                view[channel, y, x] = between_pixels(picture[channel], *source(y, x))
    return view


def steps_of(largest, n):
    return np.linspace(-largest, largest, n) if n > 1 and largest else [0.0]


def powers_of(largest, n):
    """Of a factor; one alone where it is 1."""
    return steps_of(1 if largest != 1 else 0, n)


def linear_views(prototypes, maps):
    """Maps take (right, down) from the picture's center to the view's; a view's pixel is where its inverse says."""
    _, _, height, width = prototypes.shape
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    views = []
    for picture in np.asarray(prototypes):
        for matrix in maps:
            inverse = np.linalg.inv(matrix)
            views.append(warped(picture, lambda y, x, i=inverse: (i @ (np.array([x, y]) - center) + center)[::-1]))
    return np.stack(views)


def rotation(degrees):
    angle = np.pi * degrees / 180
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def rotation_scale_transform(transform, prototypes):
    maps = [
        transform.scale**power * rotation(degrees)
        for degrees in steps_of(transform.degrees, transform.angles)
        for power in powers_of(transform.scale, transform.scales)
    ]
    return linear_views(prototypes, maps)


def affine_transform(transform, prototypes):
    n = transform.steps
    maps = []
    for degrees in steps_of(transform.degrees, n):
        for enlarged in powers_of(transform.scale, n):
            for stretched in powers_of(transform.stretch, n):
                for slant in steps_of(transform.slant, n):
                    ratio = transform.stretch**stretched
                    stretch = np.diag([ratio**0.5, ratio**-0.5])
                    # Whoever is higher, which is to say less far down, goes to the right.
                    slanted = np.array([[1, -slant], [0, 1]])
                    maps.append(rotation(degrees) @ (transform.scale**enlarged * stretch) @ slanted)
    return linear_views(prototypes, maps)


def elastic_transform(transform, prototypes):
    pixels, order = transform.pixels, transform.order
    _, _, height, width = prototypes.shape
    waves = [(i, j) for i in range(order + 1) for j in range(order + 1) if (i, j) != (0, 0)]
    views = []
    for picture in np.asarray(prototypes):
        views.append(np.asarray(picture, dtype=np.float64))
        for i, j in waves:
            for downward in (True, False):
                for sign in (-1, 1):

                    def source(y, x, i=i, j=j, downward=downward, sign=sign):
                        wave = np.cos(np.pi * i * y / (height - 1)) * np.cos(np.pi * j * x / (width - 1))
                        moved = sign * pixels * wave
                        return (y - moved, x) if downward else (y, x - moved)

                    views.append(warped(picture, source))
    return np.stack(views)


def tone_transform(transform, prototypes):
    return np.stack(
        [
            transform.gain**power * prototype + offset
            for prototype in np.asarray(prototypes)
            for power in powers_of(transform.gain, transform.steps)
            for offset in steps_of(transform.offset, transform.steps)
        ]
    )


def pose_transform(transform, prototypes):
    turned = rotation_scale_transform(transform, prototypes)
    moved = shift_transform(transform, turned)
    return np.stack(
        [
            transform.gain**power * view + offset
            for view in moved
            for power in powers_of(transform.gain, transform.tones)
            for offset in steps_of(transform.offset, transform.tones)
        ]
    )


def color_transform(transform, prototypes):
    powers = list(powers_of(transform.gain, transform.steps))
    views = []
    for prototype in np.asarray(prototypes):
        for red in powers:
            for green in powers:
                for blue in powers:
                    gains = transform.gain ** np.array([red, green, blue])
                    views.append(np.stack([gain * channel for gain, channel in zip(gains, prototype, strict=True)]))
    return np.stack(views)


def aligned_means(pictures, starts, pixels):
    """Every picture to the mean and the shift it correlates with most; every mean of its pictures, shifted back."""
    means, before = [each.copy() for each in starts], None
    for _ in range(20):
        met = []
        for picture in pictures:
            tried = [
                (np.corrcoef(picture.ravel(), moved(mean, down, right).ravel())[0, 1], -place, -down, -right)
                for place, mean in enumerate(means)
                for down in range(-pixels, pixels + 1)
                for right in range(-pixels, pixels + 1)
            ]
            met.append(tuple(-value for value in max(tried)[1:]))
        if met == before:
            break
        before = met
        for place in {each[0] for each in met}:
            own = [
                moved(picture, -down, -right)
                for picture, (mine, down, right) in zip(pictures, met, strict=True)
                if mine == place
            ]
            means[place] = np.mean(own, axis=0)
    return np.stack(means)


def moved(picture, down, right):
    """A picture ``(c, h, w)`` by so many pixels, its edges repeated."""
    _, height, width = picture.shape
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return picture[:, rows][:, :, columns]


ORACLES = {
    "PixelPrototypes": pixel_prototypes,
    "LatentPrototypes": as_written,
    "ExemplarPrototypes": as_written,
    "HullPrototypes": hull_prototypes,
    "ChosenPrototypes": chosen_prototypes,
    "FourierPrototypes": as_written,
    "GeneratedPrototypes": generated_prototypes,
    "UniformInitializer": uniform,
    "NormalInitializer": normal,
    "PointsInitializer": is_start_at_points,
    "MeansInitializer": is_start_at_means,
    "KmeansInitializer": is_start_at_centroids,
    "NoAugmentation": no_augmentation,
    "ShiftAugmentation": shift,
    "IdentityTransform": identity_transform,
    "ShiftTransform": shift_transform,
    "RotationScaleTransform": rotation_scale_transform,
    "AffineTransform": affine_transform,
    "ElasticTransform": elastic_transform,
    "ToneTransform": tone_transform,
    "PoseTransform": pose_transform,
    "ColorTransform": color_transform,
}
