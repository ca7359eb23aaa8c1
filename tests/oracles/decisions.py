"""Heads, objectives and regularizers, one number at a time. All take NumPy arrays in a record of the same names."""

import math

import numpy as np

from tests.oracles import networks, starts


def log_sum_exp_head(head, scores, labels, n_classes):
    logits = np.zeros((len(scores), n_classes))
    contributions = np.zeros((*scores.shape, n_classes))
    for i, row in enumerate(scores):
        for k in range(n_classes):
            own = [p for p in range(len(labels)) if labels[p] == k]
            total = sum(math.exp(row[p]) for p in own)
            logits[i, k] = math.log(total)
            for p in own:
                contributions[i, p, k] = math.exp(row[p]) / total * logits[i, k]
    return logits, contributions


def max_head(head, scores, labels, n_classes):
    logits = np.zeros((len(scores), n_classes))
    contributions = np.zeros((*scores.shape, n_classes))
    for i, row in enumerate(scores):
        for k in range(n_classes):
            winner = max((p for p in range(len(labels)) if labels[p] == k), key=lambda p: (row[p], -p))
            logits[i, k] = contributions[i, winner, k] = row[winner]
    return logits, contributions


def linear_head(head, scores, labels, n_classes):
    weights = head.weights.detach().numpy()
    logits = np.zeros((len(scores), n_classes))
    contributions = np.zeros((*scores.shape, n_classes))
    for i, row in enumerate(scores):
        for k in range(n_classes):
            for p in range(len(labels)):
                contributions[i, p, k] = weights[k, p] * row[p]
                logits[i, k] += weights[k, p] * row[p]
    return logits, contributions


def cross_entropy(objective, record):
    losses = []
    for logits, target in zip(record.logits, record.targets, strict=True):
        total = math.log(sum(math.exp(v) for v in logits))
        share = objective.label_smoothing / len(logits)
        weights = [share + (1 - objective.label_smoothing) * (k == target) for k in range(len(logits))]
        losses.append(sum(w * (total - v) for w, v in zip(weights, logits, strict=True)))
    return sum(losses) / len(losses)


def signed_target(objective, record):
    terms = [
        (value - (1 if k == target else -1)) ** 2
        for logits, target in zip(record.logits, record.targets, strict=True)
        for k, value in enumerate(logits)
    ]
    return sum(terms) / len(terms)


def squared_hinge(objective, record):
    terms = [
        max(0.0, objective.margin - (value if k == target else -value)) ** 2
        for logits, target in zip(record.logits, record.targets, strict=True)
        for k, value in enumerate(logits)
    ]
    return sum(terms) / len(terms)


def glvq(objective, record):
    losses = []
    for logits, target in zip(record.logits, record.targets, strict=True):
        own = -logits[target]
        other = min(-value for k, value in enumerate(logits) if k != target)
        relative = (own - other) / (own + other)
        losses.append(1 / (1 + math.exp(-objective.steepness * relative)) if objective.steepness else relative)
    return sum(losses) / len(losses)


def no_regularizer(regularizer, record):
    return 0.0


def total_variation(regularizer, record):
    down, across = [], []
    for picture in record.prototypes:
        for channel in picture:
            for y in range(channel.shape[0]):
                for x in range(channel.shape[1]):
                    if y + 1 < channel.shape[0]:
                        down.append(abs(channel[y + 1, x] - channel[y, x]))
                    if x + 1 < channel.shape[1]:
                        across.append(abs(channel[y, x + 1] - channel[y, x]))
    return sum(down) / len(down) + sum(across) / len(across)


def pixel_pull(regularizer, record):
    nearest = []
    for picture, target in zip(record.inputs, record.targets, strict=True):
        own = [record.prototypes[p] for p in range(len(record.labels)) if record.labels[p] == target]
        nearest.append(min(((picture - prototype) ** 2).mean() for prototype in own))
    return sum(nearest) / len(nearest)


def aligned_matching(regularizer, record):
    alike, contrasts = {}, {}
    for n, (picture, target) in enumerate(zip(record.inputs, record.targets, strict=True)):
        own = [p for p, label in enumerate(record.labels) if label == target]
        views = [(p, view.ravel()) for p in own for view in all_views(regularizer, record.prototypes[p])]
        weights = weights_of(regularizer, picture.ravel(), [view for _, view in views])
        found = [how_alike(picture.ravel(), view, weights, regularizer.error) for _, view in views]
        for (p, _), value in zip(views, found, strict=True):
            alike.setdefault((n, p), []).append(value)
        best = views[int(np.argmax(found))][1]
        levels = [np.average(each.ravel(), weights=weights) for each in (picture, best)]
        own_spread, other = np.sqrt(np.diag(np.cov(picture.ravel(), best, aweights=weights, ddof=0)))
        apart = ((levels[0] - levels[1]) ** 2 + (own_spread - other) ** 2) / own_spread**2
        contrasts[n] = 0 if regularizer.error == "squared" else apart

    return met_softly(regularizer, alike) + regularizer.contrast * sum(contrasts.values()) / len(contrasts)


def weights_of(regularizer, picture, views):
    """Of the picture's values, by the view that is most like it, half of the training done."""
    if regularizer.tolerance is None or regularizer.tolerant_from > 0.5:
        return np.ones(picture.size)
    alike = [float(np.corrcoef(picture, view)[0, 1]) for view in views]
    return tolerated(picture, views[int(np.argmax(alike))], regularizer.tolerance)


def met_softly(regularizer, alike):
    """Minus soft maxima of how alike each view of a prototype is to an input, over inputs and over prototypes."""
    inputs, prototypes = sorted({n for n, _ in alike}), sorted({p for _, p in alike})
    by_input = [[value for (n, _), values in alike.items() if n == each for value in values] for each in inputs]
    by_prototype = [[value for (_, p), values in alike.items() if p == each for value in values] for each in prototypes]
    temperature = halfway(regularizer, by_input)

    def met(values):
        return max(values) if regularizer.assignment == "hard" else soft_maximum(values, temperature)

    ours, theirs = ([met(values) for values in rows] for rows in (by_input, by_prototype))
    return -sum(ours) / len(ours) - regularizer.mutual * sum(theirs) / len(theirs)


def halfway(regularizer, by_input):
    """The temperature, in units of what is unexplained, when half of the training is done."""
    share = min(0.5 / regularizer.until, 1.0)
    first, last = regularizer.first_temperature, regularizer.last_temperature
    multiple = math.exp((1 - share) * math.log(first) + share * math.log(last))
    return multiple * (1 - sum(max(values) for values in by_input) / len(by_input))


def how_alike(picture, view, weights, error):
    """Correlation, or 1 less the squared error over the variance, all weighted."""
    if error == "squared":
        variance = np.cov(picture, aweights=weights, ddof=0)
        return 1 - np.average((picture - view) ** 2, weights=weights) / variance
    pair = np.cov(picture, view, aweights=weights, ddof=0)
    return pair[0, 1] / math.sqrt(pair[0, 0] * pair[1, 1])


def all_views(regularizer, prototype):
    deformed = starts.ORACLES[type(regularizer.transforms).__name__](regularizer.transforms, prototype[None])
    return [view for each in deformed for view in all_shifts(each, regularizer.pixels)]


def all_shifts(picture, pixels):
    steps, (height, width) = range(-pixels, pixels + 1), picture.shape[1:]
    for down in steps:
        for right in steps:
            rows = np.clip(np.arange(height) - down, 0, height - 1)
            yield picture[:, rows][:, :, np.clip(np.arange(width) - right, 0, width - 1)]


def tolerated(picture, view, tolerance):
    weights = np.ones_like(picture)
    for _ in range(2):
        both = np.stack([view, np.ones_like(view)], 1) * np.sqrt(weights)[:, None]
        gain, offset = np.linalg.lstsq(both, picture * np.sqrt(weights), rcond=None)[0]
        if gain < 0:
            gain, offset = 0.0, np.average(picture, weights=weights)
        residual = picture - gain * view - offset
        middle = (len(residual) - 1) // 2
        residual = residual - np.sort(residual)[middle]
        root_mean_square = math.sqrt((residual**2).mean())
        scale = max(1.4826 * np.sort(np.abs(residual))[middle], 1e-6 + 0.1 * picture.std(), 0.8 * root_mean_square)
        weights = 0.05 + 0.95 / (1 + (residual / (tolerance * scale)) ** 2) ** 2
    return weights


def soft_maximum(values, temperature):
    return temperature * math.log(sum(math.exp(value / temperature) for value in values) / len(values))


def matched_softly(regularizer, correlations):
    """Minus the mean of soft maxima; half of the training is done."""
    maxima = [soft_maximum(values, halfway(regularizer, correlations)) for values in correlations]
    return -sum(maxima) / len(maxima)


def feature_matching(regularizer, record):
    inputs, prototypes = record.taps[regularizer.depth]
    alike = {}
    for n, (activation, target) in enumerate(zip(inputs, record.targets, strict=True)):
        own = [p for p, label in enumerate(record.labels) if label == target]
        views = [(p, view.ravel()) for p in own for view in all_shifts(prototypes[p], regularizer.positions)]
        weights = weights_of(regularizer, activation.ravel(), [view for _, view in views])
        for p, view in views:
            alike.setdefault((n, p), []).append(how_alike(activation.ravel(), view, weights, "correlation"))
    return met_softly(regularizer, alike)


def feature_statistics(regularizer, record):
    inputs, prototypes = record.taps[regularizer.depth]
    terms = []
    for label in sorted(set(record.targets.tolist())):
        real, ours = (
            np.concatenate(
                [each.reshape(len(each), -1) for each, own in zip(rows, labels, strict=True) if own == label], 1
            )
            for rows, labels in ((inputs, record.targets), (prototypes, record.labels))
        )
        variances = np.maximum(real.var(1), 0.1 * real.var(1).mean())
        means = (real.mean(1) - ours.mean(1)) ** 2 / variances
        terms.append(means.mean() + ((np.corrcoef(real) - np.corrcoef(ours)) ** 2).mean())
    return sum(terms) / len(terms)


def power_by_ring(pictures):
    """Every frequency's power from its sines and cosines, in rings of one cycle."""
    height, width = pictures.shape[2:]
    rings = {}
    for up in range(height):
        for across in range(width):
            wave = np.exp(-2j * np.pi * (np.arange(height)[:, None] * up / height + np.arange(width) * across / width))
            power = np.mean(np.abs((pictures * wave).sum((2, 3))) ** 2) / (height * width)
            cycles = math.hypot(min(up, height - up), min(across, width - across))
            rings.setdefault(round(cycles), []).append(power)
    return [np.mean(rings.get(ring, [0.0])) + 1e-6 for ring in range(1, max(height, width) // 2 + 1)]


def spectrum(regularizer, record):
    wanted, ours = power_by_ring(record.inputs), power_by_ring(record.prototypes)
    return np.mean([(math.log(a) - math.log(b)) ** 2 for a, b in zip(ours, wanted, strict=True)])


def diversity(regularizer, record):
    terms = []
    for a, first in enumerate(record.prototypes):
        for b, second in enumerate(record.prototypes):
            if a != b and record.labels[a] == record.labels[b]:
                views = all_shifts(second, regularizer.pixels)
                alike = max(float(np.corrcoef(first.ravel(), view.ravel())[0, 1]) for view in views)
                terms.append((max(0.0, alike - regularizer.largest) / (1 - regularizer.largest)) ** 2)
    return sum(terms) / len(terms)


def critic(regularizer, record):
    state = networks.state_of(regularizer.critic)

    def told(pictures):
        for name in ("0", "2"):
            pictures = networks.convolve(pictures, state[f"{name}.weight"], state[f"{name}.bias"], 2, 1)
            pictures = np.where(pictures > 0, pictures, 0.2 * pictures)
        return pictures.reshape(len(pictures), -1) @ state["5.weight"].T + state["5.bias"]

    real, fake = told(record.inputs), told(record.prototypes)
    return np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean() + np.log1p(np.exp(-fake)).mean()


def autoencoder(regularizer, record):
    state = networks.state_of(regularizer.autoencoder)
    real, ours = (
        [
            ((networks.drawn_by_autoencoder(state, each[None], regularizer.latent) - each) ** 2).mean()
            for each in pictures
        ]
        for pictures in (record.inputs, record.prototypes)
    )
    usual = sum(real) / len(real)
    return usual + sum(max(0.0, error - usual) for error in ours) / len(ours)


def warped_matching(regularizer, record):
    """Every pair is warped pixel by pixel, as the net says."""
    state, reach = networks.state_of(regularizer.predictor), regularizer.predictor.reach.tolist()
    correlations = []
    for picture, target in zip(record.inputs, record.targets, strict=True):
        found = []
        for p, prototype in enumerate(record.prototypes):
            if record.labels[p] == target:
                said = predicted_alignment(state, reach, picture, prototype)
                view = bent_and_moved(prototype, dict(zip(regularizer.predictor.names, said, strict=True)))
                found.append(float(np.corrcoef(picture.ravel(), view.ravel())[0, 1]))
        correlations.append(found)
    return matched_softly(regularizer, correlations)


def predicted_alignment(state, reach, picture, prototype):
    """Degrees, scale, pixels right and down, and the rest: both in small and their products at 25 shifts, one layer."""

    def in_small(each):
        grey, side = each.mean(axis=0), 12
        height, width = grey.shape
        small = np.array(
            [
                [
                    grey[
                        i * height // side : -(-(i + 1) * height // side),
                        j * width // side : -(-(j + 1) * width // side),
                    ].mean()
                    for j in range(side)
                ]
                for i in range(side)
            ]
        )
        small = small - small.mean()
        return small / max(np.sqrt((small**2).mean()), 1e-6)

    mine, other = in_small(picture), in_small(prototype)
    alike = [
        (mine * starts.moved(other[None], down, right)[0]).mean() for down in range(-2, 3) for right in range(-2, 3)
    ]
    seen = np.concatenate([mine.ravel(), other.ravel(), alike])
    hidden = np.maximum(state["hidden.weight"] @ seen + state["hidden.bias"], 0)
    said = np.array(reach) * np.tanh(state["predicted.weight"] @ hidden + state["predicted.bias"])
    # Scale and, where there is one, stretch are predicted as logarithms: what comes fifth of 6 or of 12 is a stretch.
    factors = [1, 4] if len(said) in {6, 12} else [1]
    said[factors] = np.exp(said[factors])
    return said


def bent_and_moved(picture, said):
    """First bent, by all waves at once, then slanted, stretched, enlarged and turned, and at last moved."""
    height, width = picture.shape[1:]
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    ratio, slant = said.get("stretch", 1.0), said.get("slant", 0.0)
    linear = starts.rotation(said["degrees"]) @ np.diag([ratio**0.5, ratio**-0.5]) @ np.array([[1, -slant], [0, 1]])
    inverse = np.linalg.inv(said["scale"] * linear)

    def source(y, x):
        x, y = inverse @ (np.array([x - said["right"], y - said["down"]]) - center) + center
        waves = {
            f"{i}{j}": np.cos(np.pi * i * y / (height - 1)) * np.cos(np.pi * j * x / (width - 1))
            for i, j in ((0, 1), (1, 0), (1, 1))
        }
        down, right = (
            sum(said.get(f"{direction}_{ij}", 0.0) * wave for ij, wave in waves.items())
            for direction in ("down", "right")
        )
        return y - down, x - right

    return starts.warped(picture, source)


def no_counterfactual(counterfactual, record):
    return {}


def residual_swap(counterfactual, record):
    """What a hybrid may be made of: ``(input, partner) -> what is explained, the partner's residual, its own``."""
    views = [list(all_views(counterfactual, prototype)) for prototype in record.prototypes]
    return swapped(record, record.inputs, views, counterfactual.residuals)


def feature_swap(counterfactual, record):
    inputs, prototypes = record.taps[counterfactual.depth]
    views = [list(all_shifts(prototype, counterfactual.positions)) for prototype in prototypes]
    return swapped(record, inputs, views, counterfactual.residuals)


def swapped(record, inputs, views, residuals):
    n, explained = len(inputs), []
    for picture, target in zip(inputs, record.targets, strict=True):
        best, fitted = -2.0, None
        for own, label in zip(views, record.labels, strict=True):
            for moved in own if label == target else ():
                correlation = float(np.corrcoef(picture.ravel(), moved.ravel())[0, 1])
                if correlation > best:
                    gain, offset = np.polyfit(moved.ravel().astype(float), picture.ravel().astype(float), 1)
                    best, fitted = correlation, gain * moved + offset
                    if gain < 0:
                        fitted = np.full_like(moved, picture.mean())
        explained.append(fitted)

    def margin(own, partner):
        logits, targets = record.logits, record.targets
        return logits[partner][targets[partner]] - logits[partner][targets[own]]

    allowed = {}
    for own in range(n):
        others = [each for each in range(n) if each != own]
        if residuals != "any":
            others = [each for each in others if record.targets[each] != record.targets[own]]
        if residuals == "hardest":
            others = sorted(others, key=lambda partner, own=own: margin(own, partner))[-1:]
        for partner in others:
            allowed[own, partner] = (explained[own], inputs[partner] - explained[partner], inputs[own] - explained[own])
    return allowed


def cluster(regularizer, record):
    best = [
        max(row[p] for p in range(len(row)) if record.labels[p] == target)
        for row, target in zip(record.scores, record.targets, strict=True)
    ]
    return -sum(best) / len(best)


def separation(regularizer, record):
    best = [
        max(row[p] for p in range(len(row)) if record.labels[p] != target)
        for row, target in zip(record.scores, record.targets, strict=True)
    ]
    return sum(best) / len(best)


ORACLES = {
    "LogSumExpHead": log_sum_exp_head,
    "MaxHead": max_head,
    "LinearHead": linear_head,
    "CrossEntropyObjective": cross_entropy,
    "SignedTargetObjective": signed_target,
    "SquaredHingeObjective": squared_hinge,
    "GlvqObjective": glvq,
    "NoRegularizer": no_regularizer,
    "TotalVariationRegularizer": total_variation,
    "PixelPullRegularizer": pixel_pull,
    "AlignedMatchingRegularizer": aligned_matching,
    "FeatureMatchingRegularizer": feature_matching,
    "FeatureStatisticsRegularizer": feature_statistics,
    "SpectrumRegularizer": spectrum,
    "DiversityRegularizer": diversity,
    "CriticRegularizer": critic,
    "AutoencoderRegularizer": autoencoder,
    "WarpedMatchingRegularizer": warped_matching,
    "NoCounterfactual": no_counterfactual,
    "ResidualSwapCounterfactual": residual_swap,
    "FeatureSwapCounterfactual": feature_swap,
    "ClusterRegularizer": cluster,
    "SeparationRegularizer": separation,
}
