"""Nice against true: what is counted together, what is kept apart, and what is drawn."""

import numpy as np
import pytest
import yaml
from scipy.stats import spearmanr

from lookalike.experiments import read_study
from lookalike.experiments.overall import LEAST_ARMS, relation_lines, relations, write_relations


def study(folder, name, data, n_arms):
    arms = {f"arm{index}": {"similarity__scale": 1.0 + index} for index in range(n_arms)}
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"worlds": 2, "card": True, "common": {"data": data}, "arms": arms}))
    return read_study(file)


def results(n_arms, nice, true, seeds=2):
    return {
        "runs": [
            {"arm": f"arm{index}", "seed": seed, "card": {"PATH": nice[index] + seed, "BIND": true[index] - seed}}
            for index in range(n_arms)
            for seed in range(seeds)
        ]
    }


def test_arms_of_all_studies_on_the_same_data_count_together(tmp_path):
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 2, 7))
    pairs = [
        (study(tmp_path, name, "knownproto:L3:{world}", 7), results(7, *values))
        for name, values in (("one", first), ("two", second))
    ]
    (found,) = relations(pairs)
    assert (found.nice, found.true, found.data, found.n_runs) == ("PATH", "BIND", "knownproto:L3", 28)
    nice, true = np.concatenate([first, second], 1)
    np.testing.assert_allclose(found.arms, np.stack([nice + 0.5, true - 0.5], 1))
    assert found.correlation == pytest.approx(spearmanr(nice, true).statistic)
    low, high = found.interval
    assert -1 <= low < found.correlation < high <= 1
    (row,) = relation_lines([found])[2:]
    assert row.startswith("| BIND | knownproto:L3 (14, 28) | – | – | – | ")
    assert f"{found.correlation:+.2f} ({low:+.2f} to {high:+.2f})" in row


def test_data_sets_are_kept_apart_and_few_arms_say_nothing(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    enough = results(LEAST_ARMS, values, values)
    few = results(LEAST_ARMS - 1, values, -values)
    pairs = [
        (study(tmp_path, "digits", "digits", LEAST_ARMS), enough),
        (study(tmp_path, "iris", "iris", LEAST_ARMS - 1), few),
        (study(tmp_path, "unrun", "digits", LEAST_ARMS), None),
    ]
    (found,) = relations(pairs)
    assert (found.data, found.correlation) == ("digits", pytest.approx(1.0))
    assert found.interval == (pytest.approx(1.0), pytest.approx(1.0))
    assert relations(pairs[1:]) == []
    assert relation_lines([]) == []


def test_what_never_varies_has_no_correlation(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    constant = results(LEAST_ARMS, values, np.ones(LEAST_ARMS))
    (found,) = relations([(study(tmp_path, "digits", "digits", LEAST_ARMS), constant)])
    assert np.isnan(found.correlation)
    assert np.isnan(found.interval).all()


def test_the_same_results_make_the_same_figure(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    found = relations([(study(tmp_path, "digits", "digits", LEAST_ARMS), results(LEAST_ARMS, values, values))])
    for name in ("a.svg", "b.svg"):
        assert write_relations(found, tmp_path / "figures" / name)
    first, second = ((tmp_path / "figures" / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    assert b"<svg" in first
    assert not write_relations([], tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()
