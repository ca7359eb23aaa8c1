"""Nice against true: what is counted together, what is kept apart, and what is drawn."""

import json
import re

import numpy as np
import pytest
import yaml
from scipy.stats import spearmanr

from lookalike.evaluation import ROUGHNESS
from lookalike.experiments import read_study, write_table
from lookalike.experiments.overall import LEAST_ARMS, NICE, relation_lines, relations
from lookalike.report import image_address

PATH = list(NICE)[-1]
FIGURES = {"config_hash": "any", "accuracy": 0.5, "calibration_error": 0.1, "minutes": 1.0}


def study(folder, name, data, n_arms, first=0, **options):
    arms = {f"arm{index}": {"similarity__scale": 1.0 + first + index} for index in range(n_arms)}
    common = {"data": data, **options}
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"worlds": 2, "card": True, "common": common, "arms": arms}, sort_keys=False))
    return read_study(file)


def results(n_arms, nice, true, seeds=2, nice_name="PATH"):
    return {
        "runs": [
            {
                **FIGURES,
                "arm": f"arm{index}",
                "seed": seed,
                "card": {nice_name: nice[index] + seed, "BIND": true[index] - seed},
            }
            for index in range(n_arms)
            for seed in range(seeds)
        ]
    }


def test_arms_of_all_studies_on_the_same_data_count_together(tmp_path):
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 2, 7))
    pairs = [
        (study(tmp_path, "one", "knownproto:L3:{world}", 7), results(7, *first)),
        (study(tmp_path, "two", "knownproto:L3:{world}", 7, 7, data__judge_share=0.2), results(7, *second)),
    ]
    (found,) = relations(pairs)
    assert (found.nice, found.true, found.data) == (PATH, "BIND", "knownproto:L3")
    nice, true = np.concatenate([first, second], 1)
    np.testing.assert_allclose(found.arms, np.stack([nice + 0.5, true - 0.5], 1))
    assert found.correlation == pytest.approx(spearmanr(nice, true).statistic)
    low, high = found.interval
    assert -1 <= low < found.correlation < high <= 1
    row = relation_lines([found])[-1]
    assert row == f"| BIND | knownproto:L3 | – | – | – | – | {found.correlation:+.2f} ({low:+.2f} to {high:+.2f}), 14 |"


def test_what_two_studies_have_counts_once(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    pairs = [
        (study(tmp_path, name, "digits", LEAST_ARMS), results(LEAST_ARMS, values, values, seeds))
        for name, seeds in (("one", 1), ("two", 3))
    ]
    (found,) = relations(pairs)
    np.testing.assert_allclose(found.arms, np.stack([values + 1, values - 1], 1))


def test_data_sets_are_kept_apart_and_few_arms_say_nothing(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    pairs = [
        (study(tmp_path, "digits", "digits", LEAST_ARMS), results(LEAST_ARMS, values, values)),
        (study(tmp_path, "less", "digits", LEAST_ARMS, data__limit=100), results(LEAST_ARMS, values, -values)),
        (study(tmp_path, "iris", "iris", LEAST_ARMS - 1), results(LEAST_ARMS - 1, values, values)),
        (study(tmp_path, "unrun", "wine", LEAST_ARMS), None),
    ]
    found = relations(pairs)
    assert {each.data: round(each.correlation, 9) for each in found} == {"digits": 1.0, "digits (limit 100)": -1.0}
    assert found[0].interval == (pytest.approx(1.0), pytest.approx(1.0))
    assert relations(pairs[2:]) == []


def test_more_is_always_nicer(tmp_path):
    """Ratios to real pictures are nicest at 1; of smoothness and of NN-PCTL less is nicer."""
    ratios = np.exp(np.linspace(-2, 1, 12))
    for name in (*ROUGHNESS, "NN-PCTL"):
        here = [(study(tmp_path, "one", "digits", 12), results(12, ratios, np.arange(12.0), 1, name))]
        found = {each.nice: each.arms[:, 0] for each in relations(here)}
        for nice, turned in found.items():
            best = np.argmin(np.abs(ratios - 1)) if "as in real" in nice else 0
            assert np.argmax(turned) == best, nice
        assert len(found) == (2 if name == ROUGHNESS[0] else 1)


def test_what_never_varies_has_no_correlation(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    constant = results(LEAST_ARMS, values, np.ones(LEAST_ARMS))
    (found,) = relations([(study(tmp_path, "digits", "digits", LEAST_ARMS), constant)])
    assert np.isnan(found.correlation)
    assert np.isnan(found.interval).all()


def test_table_and_figure_are_written(tmp_path):
    """A dot per arm; the same results make the same figure, and none is left of what is no longer found."""
    values = np.arange(float(LEAST_ARMS))
    study(tmp_path, "digits", "digits", LEAST_ARMS)
    (tmp_path / "results").mkdir()
    figure = tmp_path / "figures" / "nice_against_true.svg"
    drawn = []
    for n_arms in (LEAST_ARMS, LEAST_ARMS, LEAST_ARMS - 1):
        stored = {"study": "digits", **results(n_arms, values, values)}
        (tmp_path / "results" / "digits.json").write_text(json.dumps(stored))
        table = write_table(tmp_path).read_text()
        drawn.append(figure.read_bytes() if figure.exists() else None)
        assert ("## Nice against true" in table) == (n_arms == LEAST_ARMS)
    assert drawn[0] == drawn[1]
    dots = re.findall(r'<use [^>]*x="([0-9.]+)" y="([0-9.]+)" style="fill: #1f77b4', drawn[0].decode())
    # Another is the legend's.
    across, down = np.array(dots, float)[:LEAST_ARMS].T
    assert len(dots) == LEAST_ARMS + 1
    assert (np.diff(across) > 0).all()
    assert (np.diff(down) < 0).all()
    assert drawn[2] is None


def test_a_few_arms_far_apart_have_their_prototypes_drawn(tmp_path):
    values = np.arange(float(LEAST_ARMS))
    study(tmp_path, "digits", "digits", LEAST_ARMS)
    (tmp_path / "results").mkdir()
    stored = {"study": "digits", **results(LEAST_ARMS, values, values)}
    for run in stored["runs"]:
        run["thumbnail"] = image_address(np.full((9, 9), 10 * int(run["arm"][3:]), np.uint8))
    (tmp_path / "results" / "digits.json").write_text(json.dumps(stored))
    (found,) = relations([(read_study(tmp_path / "digits.yaml"), stored)])
    assert found.pictures == tuple(run["thumbnail"] for run in stored["runs"][::2])
    write_table(tmp_path)
    drawn = re.findall(r"<image [^>]*>", (tmp_path / "figures" / "nice_against_true.svg").read_text())
    assert len(drawn) == 5
