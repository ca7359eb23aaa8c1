"""What rows of the scorecard measure, one example at a time."""

import itertools
import math
import statistics

import numpy as np


def area_under_roc(known, unknown):
    wins = [1.0 if k > u else 0.5 if k == u else 0.0 for k in known for u in unknown]
    return sum(wins) / len(wins)


def accuracy_coverage(scores, right):
    coverage, accuracy = [], []
    for threshold in sorted(set(scores), reverse=True):
        answered = [r for s, r in zip(scores, right, strict=True) if s >= threshold]
        coverage.append(len(answered) / len(scores))
        accuracy.append(sum(answered) / len(answered))
    return coverage, accuracy


def effective_size(contributions):
    found = []
    for row in contributions:
        total = sum(abs(value) for value in row)
        shares = [abs(value) / total for value in row] if total else [1 / len(row)] * len(row)
        found.append(math.exp(-sum(share * math.log(share) for share in shares if share)))
    return found


def dead_prototypes(wins, labels, share=0.01):
    found = []
    for count, label in zip(wins, labels, strict=True):
        own = [other for other, other_label in zip(wins, labels, strict=True) if other_label == label]
        found.append(count < share * sum(own) / len(own))
    return found


def mode_recall(winners, modes):
    stood_for = set()
    for prototype in set(winners):
        met = sorted(mode for winner, mode in zip(winners, modes, strict=True) if winner == prototype)
        stood_for.add(statistics.mode(met))
    return len(stood_for) / len(set(modes))


def displacement(prototypes, starts, real):
    usual = statistics.fmean(math.dist(a, b) for a, b in itertools.pairwise(real))
    return [math.dist(now, before) / usual for now, before in zip(prototypes, starts, strict=True)]


def duplicates(alike, labels, least=0.95):
    gone = set()
    for later in range(len(labels)):
        for earlier in range(later):
            same = labels[earlier] == labels[later] and earlier not in gone
            if same and max(alike[later][earlier], alike[earlier][later]) > least:
                gone.add(later)
    return len(gone)


def transfer(judged, labels):
    return statistics.fmean(float(seen == label) for row in judged for seen, label in zip(row, labels, strict=True))


def percentile_among(values, reference):
    return [sum(1.0 if r < v else 0.5 if r == v else 0.0 for r in reference) / len(reference) for v in values]


def ranks(row):
    """Mean rank of equal values."""
    return [sum(other < value for other in row) + (sum(other == value for other in row) + 1) / 2 for value in row]


def rank_correlations(first, second):
    found = []
    for one in first:
        line = []
        for other in second:
            a, b = ranks(list(one)), ranks(list(other))
            constant = len(set(a)) == 1 or len(set(b)) == 1
            line.append(0.0 if constant else statistics.correlation(a, b))
        found.append(line)
    return found


def flip_rate(tops, changed_tops, classes, changed_classes):
    same = [i for i in range(len(tops)) if classes[i] == changed_classes[i]]
    return sum(tops[i] != changed_tops[i] for i in same) / len(same)


def beyond_prior(simulated, decided):
    right = sum(s == d for s, d in zip(simulated, decided, strict=True)) / len(decided)
    return right - max(list(decided).count(d) for d in decided) / len(decided)


def total_variation(pictures):
    found = []
    for picture in pictures:
        steps = []
        for channel in picture:
            for y in range(channel.shape[0]):
                for x in range(channel.shape[1]):
                    if y + 1 < channel.shape[0]:
                        steps.append(abs(channel[y + 1, x] - channel[y, x]))
                    if x + 1 < channel.shape[1]:
                        steps.append(abs(channel[y, x + 1] - channel[y, x]))
        spread = picture.std()
        found.append(sum(steps) / len(steps) / spread if spread else 0.0)
    return found


def high_frequency_share(pictures):
    """By projecting on every wave."""
    found = []
    for picture in pictures:
        high = total = 0.0
        for channel in picture - picture.mean((1, 2), keepdims=True):
            height, width = channel.shape
            rows, columns = np.indices(channel.shape)
            for a in range(height):
                for b in range(width):
                    wave = np.exp(-2j * np.pi * (a * rows / height + b * columns / width))
                    energy = abs((channel * wave).sum()) ** 2
                    speed = math.hypot(min(a, height - a) / height, min(b, width - b) / width)
                    total += energy
                    high += energy if speed > 0.25 else 0.0
        found.append(high / total if total > 1e-12 else 0.0)
    return found


def mean_interval(values):
    """The BCa interval of a large bootstrap, from its formula."""
    random, n = np.random.default_rng(1), len(values)
    means = np.sort(random.choice(values, (20_000, n)).mean(1))
    normal = statistics.NormalDist()
    bias = normal.inv_cdf((np.sum(means < values.mean()) + np.sum(means <= values.mean())) / 2 / len(means))
    left_out = np.array([np.delete(values, i).mean() for i in range(n)])
    away = left_out.mean() - left_out
    acceleration = (away**3).sum() / (6 * ((away**2).sum()) ** 1.5)
    ends = []
    for share in (0.025, 0.975):
        z = bias + normal.inv_cdf(share)
        ends.append(np.quantile(means, normal.cdf(bias + z / (1 - acceleration * z))))
    return ends


def matched(alike, labels, other_labels):
    """The best pairing of all; within a class, as many pairs as the smaller side has."""
    pairs = [-1] * len(labels)
    for label in set(labels):
        rows = [row for row, other in enumerate(labels) if other == label]
        columns = [column for column, other in enumerate(other_labels) if other == label]
        slots = [*columns, *[None] * max(0, len(rows) - len(columns))]
        best = max(
            itertools.permutations(slots, len(rows)),
            key=lambda order: sum(alike[r][c] for r, c in zip(rows, order, strict=True) if c is not None),
        )
        for row, column in zip(rows, best, strict=True):
            pairs[row] = -1 if column is None else column
    return pairs


def matched_similarity(alike, labels, other_labels):
    pairs = matched(alike, labels, other_labels)
    return sum(alike[row][column] for row, column in enumerate(pairs) if column >= 0) / len(labels)


def beyond_chance(value, chance):
    return (value - chance) / (1 - chance)


def winner_overlap(won, other_won):
    found = []
    for prototype in range(max(won) + 1):
        own = {i for i, winner in enumerate(won) if winner == prototype}
        line = []
        for other in range(max(other_won) + 1):
            others = {i for i, winner in enumerate(other_won) if winner == other}
            line.append(len(own & others) / len(own | others) if own | others else 0.0)
        found.append(line)
    return found


def consensus(alike, labels, runs, least):
    def like(index, free):
        return [o for o in sorted(free) if labels[o] == labels[index] and (o == index or alike[index][o] >= least)]

    def rank(index, free):
        others = like(index, free)
        closeness = round(sum(alike[index][o] for o in others) / len(others), 9)
        return len({runs[o] for o in others}), closeness, -index

    free, found = set(range(len(labels))), []
    while free:
        support, _, best = max(rank(index, free) for index in free)
        found.append((-best, support))
        free -= set(like(-best, free))
    return found


def sign_flip_p(differences):
    observed = abs(sum(differences))
    sums = [0.0]
    for difference in differences:
        sums = [total + sign * difference for total in sums for sign in (-1, 1)]
    return sum(abs(total) >= observed - 1e-9 for total in sums) / len(sums)


def holm(p_values):
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    remaining = sorted(range(len(p_values)), key=lambda index: p_values[index])
    while remaining:
        index = remaining[0]
        largest = max(largest, len(remaining) * p_values[index])
        adjusted[index] = min(1.0, largest)
        remaining = remaining[1:]
    return adjusted
