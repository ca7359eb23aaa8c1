"""Which arms are nice and true at once."""

import numpy as np
import yaml

from lookalike.experiments import read_study, write_table
from lookalike.experiments.fronts import front_lines, fronts_of, undominated

# Accuracy, NN-PCTL (less is nicer), TR*.
ARMS = {
    "true": (0.98, 0.9, 0.99),
    "both": (0.985, 0.5, 0.9),
    "nice": (0.975, 0.1, 0.2),
    "beaten": (0.98, 0.5, 0.8),
    "worse": (0.98, 0.95, 0.1),
    "unable": (0.9, 0.0, 1.0),
}


def study(folder, correlations):
    arms = {name: {"label": f"the {name}", "similarity__scale": 1.0 + index} for index, name in enumerate(ARMS)}
    arms["twin"] = {"twin": True}
    settings = {"card": True, "common": {"data": "digits"}, "arms": arms, "correlations": correlations}
    (folder / "digits.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    return read_study(folder / "digits.yaml")


def results():
    """Two seeds of each, whose means are the figures above; and a twin that nobody reaches."""
    figures = {"calibration_error": 0.1, "minutes": 1.0}
    runs = [
        {
            **figures,
            "arm": name,
            "seed": seed,
            "accuracy": accuracy,
            "card": {"NN-PCTL": nice + shift, "TR*": true + shift},
        }
        for name, (accuracy, nice, true) in ARMS.items()
        for seed, shift in enumerate((-0.05, 0.05))
    ]
    return {"runs": [*runs, {**figures, "arm": "twin", "seed": 0, "accuracy": 1.0}]}


def test_a_front_holds_whatever_no_able_arm_beats_in_both(tmp_path):
    (front,) = fronts_of(study(tmp_path, [["NN-PCTL", "TR*"]]), results())
    assert (front.nice, front.true, front.n_arms) == ("near to the data (less NN-PCTL)", "TR*", 5)
    assert front.arms == ("true", "both", "nice")


def test_few_arms_have_no_front(tmp_path):
    found = results()
    found["runs"] = [run for run in found["runs"] if run["arm"] != "beaten"]
    assert fronts_of(study(tmp_path, [["NN-PCTL", "TR*"]]), found) == []


def test_fronts_are_in_the_table_of_a_study_that_asks_what_goes_together(tmp_path):
    lines = front_lines(study(tmp_path, [["NN-PCTL", "TR*"]]), results())
    assert lines[-1] == "| near to the data (less NN-PCTL) | TR* | the true; the both; the nice | 5 |"
    assert front_lines(study(tmp_path, []), results()) == []
    assert "Nice and true at once" not in write_table(tmp_path).read_text()


def test_undominated_against_every_pair():
    pairs = [tuple(pair) for pair in np.random.default_rng(0).integers(0, 5, (30, 2)).tolist()]
    expected = []
    for place, (a, b) in enumerate(pairs):
        beaten = [(c, d) for c, d in pairs if (c > a and d >= b) or (c >= a and d > b)]
        if not beaten:
            expected.append(place)
    assert undominated(pairs) == expected
    assert 0 < len(expected) < len(pairs)
