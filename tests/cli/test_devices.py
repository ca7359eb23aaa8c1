"""Several devices, as a user asks for them."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_two_devices_learn_pictures_that_are_bound(tmp_path):
    """The defaults, with prototypes that merge and make hybrids; their weights fill more than a pipe."""
    options = ["training__devices=2", "training__accelerator=cpu", "data__limit=600", "initializer=uniform"]
    command = [sys.executable, "-m", "lookalike", "fit", "knownproto:L3", "--epochs", "6", "--seed", "0"]
    command += [word for option in options for word in ("--set", option)]
    environment = {**os.environ, "LOOKALIKE_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    # Left by what trained on several devices in this process, and perhaps no longer free.
    environment.pop("MASTER_PORT", None)
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "run")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=600)
    except subprocess.TimeoutExpired:
        # Processes that wait for each other would wait for ever.
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 0, err
    # What is told afterwards is told as of a run that is over.
    assert "to go" not in err
    assert "strides" not in err
    assert "stood for nothing, or for what another shows, and went" in out + err
    with (tmp_path / "run" / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert len(history) == 6
    assert float(history[0]["ResidualSwapCounterfactual"]) == 0 < float(history[-1]["ResidualSwapCounterfactual"])
    assert float(history[-1]["AlignedMatchingRegularizer"]) < float(history[0]["AlignedMatchingRegularizer"]) - 0.2
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text())["accuracy"] > 0.95
