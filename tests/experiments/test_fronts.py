"""Which arms are nice and true at once."""

import json

import numpy as np
import yaml

from lookalike.experiments import read_study, write_table
from lookalike.experiments.fronts import front_lines, fronts_of, undominated
from lookalike.experiments.tables import study_section
from lookalike.metrics import mean_interval

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
    figures = {"config_hash": "any", "calibration_error": 0.1, "minutes": 1.0}
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
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "digits.json").write_text(json.dumps({"study": "digits", **results()}))
    row = "| near to the data (less NN-PCTL) | TR* | the true (2); the both (2); the nice (2) | 5 |"
    assert front_lines(study(tmp_path, [["NN-PCTL", "TR*"]]), results())[-1] == row
    table = write_table(tmp_path).read_text()
    assert "Nice and true at once" in table
    assert row in table
    assert front_lines(study(tmp_path, []), results()) == []
    assert "Nice and true at once" not in write_table(tmp_path).read_text()


def test_figures_have_intervals_from_three_runs_on_and_cues_where_there_are_any(tmp_path):
    """The twin, and an arm of three runs beside those of two."""
    found = results()
    wrong = "TR*: accuracy, cues of a wrong class"
    for seed in range(3):
        card = {"TR*": 0.8 + 0.1 * seed, wrong: 0.5, "TR*: energy: marks": 0.25}
        run = {"arm": "true", "seed": seed, "accuracy": 0.98, "calibration_error": 0.1, "minutes": 1.0, "card": card}
        found["runs"] = [each for each in found["runs"] if (each["arm"], each["seed"]) != ("true", seed)] + [run]
    lines = study_section(study(tmp_path, []), found)
    head = next(line for line in lines if wrong in line)
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    rows = {line.strip("| ").split(" |")[0]: line for line in lines[lines.index(head) :] if line.startswith("| the")}
    cells = dict(zip(columns, (cell.strip() for cell in rows["the true"].strip("|").split("|")), strict=True))
    low, high = mean_interval(np.array([0.8, 0.9, 1.0]))
    assert cells["TR*"] == f"0.900 ({low:.3f} to {high:.3f})"
    assert low < 0.9 < high
    assert cells[wrong] == "0.500 (0.500 to 0.500)"
    assert cells["TR*: energy: marks"] == "0.250 (0.250 to 0.250)"
    assert "| 0.900 |" in rows["the both"]
    assert not any(wrong in line for line in study_section(study(tmp_path, []), results()))


def test_undominated_against_every_pair():
    pairs = [tuple(pair) for pair in np.random.default_rng(0).integers(0, 5, (30, 2)).tolist()]
    expected = []
    for place, (a, b) in enumerate(pairs):
        beaten = [(c, d) for c, d in pairs if (c > a and d >= b) or (c >= a and d > b)]
        if not beaten:
            expected.append(place)
    assert undominated(pairs) == expected
    assert 0 < len(expected) < len(pairs)
