"""Files and classes with names of sixty letters stay where they belong: measured in a browser."""

import os

import numpy as np
import pytest

from lookalike import PrototypeClassifier
from lookalike.data import Part
from lookalike.estimators.showing import judged_contents
from lookalike.report import write_report
from lookalike.report.picture import draw_picture
from tests.serve.browsing import CHROMIUM

if CHROMIUM is None and os.environ.get("LOOKALIKE_REQUIRE_DATA") != "1":
    pytest.skip("no Chromium on this machine", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CLASSES = ["american_staffordshire_bull_terrier_photographed_out_of_doors", "birman", "x" * 60]
# What runs out of the box it stands in, and what covers a picture or another text; in words, to be read in a failure.
MEASURE = """() => {
  const found = [], root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} wide`);
  const boxes = ".card, .strip > *, .matches > figure, .bars > span, .facts li, .group > header, main";
  for (const box of document.querySelectorAll(boxes))
    if (box.scrollWidth > box.clientWidth + 1 && box.clientWidth) found.push(`${box.className}: ${box.textContent}`);
  const parts = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, inside = node.parentElement.closest("td, th, " + boxes);
    const apart = node.parentElement.closest("svg, script, style, select, details, .scroll");
    if (!node.textContent.trim() || apart) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const at of range.getClientRects()) {
      if (at.right > inside.getBoundingClientRect().right + 1) found.push(`runs out: ${node.textContent}`);
      parts.push([at, node.textContent]);
    }
  }
  for (const image of document.querySelectorAll("main img")) {
    if (image.closest("details, .scroll")) continue;
    const at = image.getBoundingClientRect(), inside = image.closest(boxes).getBoundingClientRect();
    if (at.right > inside.right + 1 || at.bottom > inside.bottom + 1) found.push(`cut: ${image.alt}`);
    const bent = at.width / at.height - image.naturalWidth / image.naturalHeight;
    if (Math.abs(bent) > 0.15) found.push(`bent: ${image.alt}`);
    parts.push([at, image.alt]);
  }
  for (const name of document.querySelectorAll("svg.map text.name")) {
    const at = name.getBoundingClientRect(), inside = name.closest("svg").getBoundingClientRect();
    if (at.left < inside.left - 1 || at.right > inside.right + 1) found.push(`off the map: ${name.textContent}`);
  }
  for (const [place, [a, name]] of parts.entries())
    for (const [b, other] of parts.slice(place + 1)) {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && high > 4) found.push(`${name} on ${other}`);
    }
  return found;
}"""


@pytest.fixture(scope="module")
def contents():
    random = np.random.default_rng(0)
    labels = np.array(CLASSES)[np.arange(30) % 3]
    inputs = random.integers(0, 255, (30, 12, 16, 3)).astype(np.uint8)
    inputs[np.arange(30), :, np.arange(30) % 3 * 4 + 2] = 255
    classifier = PrototypeClassifier(training="none", prototypes__n_per_class=2, backbone="identity", random_state=0)
    classifier.fit(inputs, labels)
    names = np.array([f"{'photograph_of_an_animal_in_the_garden_' * 2}{place:04d}.png" for place in range(30)])
    known = {place: f"training/{name}" for place, name in enumerate(names)}
    card = classifier.scorecard(inputs, labels, (inputs, labels), rows=["ACC", "SIZE"]).to_dict()
    test = Part(255 - inputs, labels, names=names)
    return judged_contents(classifier, test, title="y" * 70, names=known, card=card, making={"data": "z" * 200})


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1300, 800, 400])
def test_nothing_runs_out_of_its_box_or_over_another(browser, contents, tmp_path, width):
    write_report(tmp_path / "report.html", contents)
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((tmp_path / "report.html").as_uri())
    assert len(contents.examples) > 3
    assert page.evaluate(MEASURE) == []
    page.close()


def test_titles_of_a_drawn_explanation_stand_apart(contents):
    figure = draw_picture(contents.examples[0], contents)
    figure.canvas.draw()
    titles = [panel.title.get_window_extent() for panel in figure.axes if panel.get_title()]
    assert len(titles) == 1 + len(contents.examples[0].explanation.reasons())
    for place, title in enumerate(titles):
        assert title.x0 >= 0
        assert title.x1 <= figure.bbox.x1
        assert not any(title.overlaps(other) for other in titles[place + 1 :])
