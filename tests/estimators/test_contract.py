"""Scikit-learn's own suite for estimators, with our defaults; no failure is declared as expected."""

import json
import subprocess
import sys

# In a process of its own: the checks build the estimator with arguments of any kind, which is its right ("`__init__`
# stores"), while the other tests check the annotations of every call at run time.
_CHECKS = """
import json
from sklearn.utils.estimator_checks import check_estimator
from lookalike import PrototypeClassifier

results = check_estimator(PrototypeClassifier(random_state=0), on_fail=None, on_skip=None)
found = [[result["check_name"], result["status"], repr(result["exception"])] for result in results]
print(json.dumps(found))
"""
# Scikit-learn runs it only where SciPy's support for array libraries is switched on by a variable of the environment.
_SKIPPED_BY_SCIKIT_LEARN = {"check_array_api_input"}


def test_scikit_learn_contract():
    done = subprocess.run([sys.executable, "-c", _CHECKS], capture_output=True, text=True, check=True)
    results = json.loads(done.stdout.splitlines()[-1])
    assert len(results) > 50
    failed = [result for result in results if result[1] not in ("passed", "skipped")]
    assert not failed, failed
    assert {name for name, status, _ in results if status == "skipped"} <= _SKIPPED_BY_SCIKIT_LEARN
