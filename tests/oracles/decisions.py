"""Heads, objectives and regularizers, one number at a time. All take NumPy arrays in a record of the same names."""

import math

import numpy as np


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
    share = min(0.5 / regularizer.until, 1.0)
    first, last = regularizer.first_temperature, regularizer.last_temperature
    multiple = math.exp((1 - share) * math.log(first) + share * math.log(last))
    alike, contrasts = {}, {}
    for n, (picture, target) in enumerate(zip(record.inputs, record.targets, strict=True)):
        own = [p for p, label in enumerate(record.labels) if label == target]
        views = [(p, view.ravel()) for p in own for view in all_shifts(record.prototypes[p], regularizer.pixels)]
        correlations = [float(np.corrcoef(picture.ravel(), view)[0, 1]) for _, view in views]
        weights = np.ones(picture.size)
        if regularizer.tolerance is not None and regularizer.tolerant_from <= 0.5:
            weights = tolerated(picture.ravel(), views[int(np.argmax(correlations))][1], regularizer.tolerance)
        pairs = [np.cov(picture.ravel(), view, aweights=weights, ddof=0) for _, view in views]
        for (p, _), pair in zip(views, pairs, strict=True):
            alike.setdefault((n, p), []).append(pair[0, 1] / math.sqrt(pair[0, 0] * pair[1, 1]))
        found = [pair[0, 1] / math.sqrt(pair[0, 0] * pair[1, 1]) for pair in pairs]
        best = int(np.argmax(found))
        levels = [np.average(each.ravel(), weights=weights) for each in (picture, views[best][1])]
        own_spread, other = np.sqrt(np.diag(pairs[best]))
        contrasts[n] = ((levels[0] - levels[1]) ** 2 + (own_spread - other) ** 2) / own_spread**2

    inputs, prototypes = sorted({n for n, _ in alike}), sorted({p for _, p in alike})
    by_input = [[value for (n, _), values in alike.items() if n == each for value in values] for each in inputs]
    by_prototype = [[value for (_, p), values in alike.items() if p == each for value in values] for each in prototypes]
    temperature = multiple * (1 - sum(max(values) for values in by_input) / len(inputs))

    def soft_least(values):
        return -temperature * math.log(sum(math.exp(value / temperature) for value in values) / len(values))

    ours = [soft_least(values) for values in by_input]
    theirs = [soft_least(values) for values in by_prototype]
    contrast = regularizer.contrast * sum(contrasts.values()) / len(inputs)
    return sum(ours) / len(ours) + contrast + regularizer.mutual * sum(theirs) / len(theirs)


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


def no_counterfactual(counterfactual, record):
    return {}


def residual_swap(counterfactual, record):
    """Everything a hybrid may be made of: ``(input, partner) -> what is explained, the residual``."""
    n, explained = len(record.inputs), []
    for picture, target in zip(record.inputs, record.targets, strict=True):
        best, fitted = -2.0, None
        for prototype, label in zip(record.prototypes, record.labels, strict=True):
            for moved in all_shifts(prototype, counterfactual.pixels) if label == target else ():
                correlation = float(np.corrcoef(picture.ravel(), moved.ravel())[0, 1])
                if correlation > best:
                    gain, offset = np.polyfit(moved.ravel().astype(float), picture.ravel().astype(float), 1)
                    best, fitted = correlation, gain * moved + offset
                    if gain < 0:
                        fitted = np.full_like(moved, picture.mean())
        explained.append(fitted)
    others = counterfactual.residuals == "any"
    return {
        (own, partner): (explained[own], record.inputs[partner] - explained[partner])
        for own in range(n)
        for partner in range(n)
        if (partner != own if others else record.targets[partner] != record.targets[own])
    }


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
    "NoCounterfactual": no_counterfactual,
    "ResidualSwapCounterfactual": residual_swap,
    "ClusterRegularizer": cluster,
    "SeparationRegularizer": separation,
}
