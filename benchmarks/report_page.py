"""How long a report takes to make and to open: ``python -m benchmarks.report_page``.

Fashion-MNIST, ten classes by five prototypes, a model of one epoch (what a report costs does not depend on how good the
model is), all 10,000 test pictures: seconds of the whole command beside those of a bare pass over the same pictures,
the page's size, and what Chromium says of the time until it is loaded.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.pairs import RESULTS
from lookalike.experiments import config_from, data_of, fit_run, open_run

ROUNDS = 5


def opened(file):
    """Milliseconds until the page is loaded, of several times."""
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(file.as_uri())
            found.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            page.close()
        browser.close()
    return found


def main():
    """Fit, measure, print, keep."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "fm"
        config = {"data": "fashion-mnist", "prototypes__n_per_class": 5, "training__epochs": 1, "random_state": 0}
        run, _ = fit_run(config_from(config), folder)
        test = data_of(run).test.inputs
        made, passes = [], []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            open_run(folder).classifier.predict(test)
            passes.append(time.perf_counter() - began)
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "lookalike", "report", str(folder)], check=True, capture_output=True)
            made.append(time.perf_counter() - began)
        told = {
            "prototypes": len(run.classifier.prototypes_),
            "seconds": {"command": sorted(made), "one pass over the pictures": sorted(passes)},
            "megabytes": (folder / "report.html").stat().st_size / 1e6,
            "milliseconds until loaded": sorted(opened(folder / "report.html")),
        }
    print(json.dumps(told, indent=1))
    (RESULTS / "report_page.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
