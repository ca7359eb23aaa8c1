"""The page in a real browser: every action, both themes, no error, no request to anybody else."""

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.experiments import open_run, report_run
from lookalike.serve.changes import Change
from tests.serve.browsing import CHROMIUM, served

if CHROMIUM is None and os.environ.get("LOOKALIKE_REQUIRE_DATA") != "1":
    pytest.skip("no Chromium on this machine", allow_module_level=True)

pytestmark = [
    # Playwright's own loop is closed by its own thread.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def opened(browser, address, **options):
    """A page; what its console says and whom it asks must be nothing and nobody else."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(15_000)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    try:
        yield page
    finally:
        context.close()
    # That an answer was a refusal is noted by the browser itself; the page says why.
    assert [each for each in said if "status of 422" not in each and "status of 409" not in each] == []
    assert all(url.startswith((address, "data:", "blob:")) for url in asked), asked


@pytest.fixture
def digits_page(browser, digits_folder, tmp_path):
    # A copy: what is saved beside it goes with it.
    folder = shutil.copytree(digits_folder, tmp_path / "digits")
    with served(folder) as (address, desk), opened(browser, address) as page:
        page.wait_for_selector("#examples button")
        page.wait_for_selector("#cards .card")
        yield page, desk, folder


def answered(page):
    """The class that the answer names, once it is there."""
    page.wait_for_selector("#answer:not(.busy) .strip h3")
    return page.locator("#answer .strip h3").first.inner_text().split()[0]


def test_an_example_is_explained(digits_page):
    page, desk, _ = digits_page
    button = page.locator("#examples button").first
    index = int(button.get_attribute("aria-label").split(",")[0].removeprefix("test example "))
    button.click()
    assert answered(page) == str(desk.decisions[index])
    assert f"test example {index}" in page.locator("#answer .query").inner_text()


def test_only_wrong_ones_and_others(digits_page):
    page, desk, _ = digits_page
    first = [each.get_attribute("aria-label") for each in page.locator("#examples button").all()]
    page.click("#others")
    page.wait_for_function("first => document.querySelector('#examples button').ariaLabel !== first", arg=first[0])
    page.check("#only-wrong")
    n_wrong = int((desk.decisions != desk.test.labels).sum())
    page.wait_for_function(
        "n => document.querySelectorAll('#examples button.missed').length === n", arg=min(24, n_wrong)
    )
    assert page.locator("#examples button:not(.missed)").count() == 0


def test_a_file_and_a_pasted_picture(digits_page, tmp_path):
    page, desk, _ = digits_page
    picture = np.zeros((20, 20), np.uint8)
    picture[3:17, 8:12] = 255
    Image.fromarray(picture).save(tmp_path / "one <b>.png")
    page.set_input_files("#file", tmp_path / "one <b>.png")
    assert answered(page) in desk.standing.contents.about.classes
    assert "one <b>.png" in page.locator("#answer .query").inner_text()
    page.evaluate(
        """async () => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 8;
            const blob = await new Promise((done) => canvas.toBlob(done));
            const given = new DataTransfer();
            given.items.add(new File([blob], "pasted.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: given }));
        }"""
    )
    page.wait_for_function("() => document.querySelector('#answer .query')?.textContent.includes('pasted.png')")


def test_what_is_no_picture_is_said(digits_page, tmp_path):
    page, _, _ = digits_page
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with page.expect_response("**/strip") as answer:
        page.set_input_files("#file", tmp_path / "broken.png")
    assert answer.value.status == 422
    page.wait_for_function("() => document.querySelector('#notice').textContent.startsWith('expected a picture')")


def test_a_drawing(digits_page):
    page, desk, _ = digits_page
    empty = page.evaluate("document.getElementById('canvas').toDataURL()")
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 110, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 180, steps=8)
    page.mouse.up()
    drawn = page.evaluate("document.getElementById('canvas').toDataURL()")
    page.click("#ask-drawing")
    assert answered(page) in desk.standing.contents.about.classes
    page.click("#clear")
    assert page.evaluate("document.getElementById('canvas').toDataURL()") == empty != drawn


def moved(page, name, value):
    page.evaluate(
        """([name, value]) => {
            const slider = document.getElementById(name);
            slider.value = value;
            slider.dispatchEvent(new Event("input"));
            slider.dispatchEvent(new Event("change"));
        }""",
        [name, str(value)],
    )


def test_sliders(digits_page):
    page, desk, _ = digits_page
    page.locator("#examples button").first.click()
    answered(page)
    assert page.locator("#most").get_attribute("max") == "2"
    with page.expect_response("**/strip"):
        moved(page, "most", 1)
    share = desk.accuracy_by_size()[0]
    assert page.inner_text("#most-shown") == f"1; right on {100 * share:.1f}% of validation examples"
    with page.expect_response("**/strip"):
        moved(page, "coverage", 50)
    assert page.inner_text("#coverage-shown").startswith("50%")
    assert page.locator("#curve circle").count() == 1


def test_sliders_by_keyboard(digits_page):
    page, _, _ = digits_page
    page.locator("#examples button").first.focus()
    page.keyboard.press("Enter")
    answered(page)
    page.focus("#coverage")
    with page.expect_response("**/strip"):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#coverage-shown").startswith("6%")


def test_blending(digits_page):
    page, desk, _ = digits_page
    place = int(np.argmax(desk.scores.max(1)))
    page.evaluate("place => askAbout({ test: place })", place)
    page.wait_for_selector("#trace polyline")
    chosen = int(page.locator("#blend-prototype").input_value())
    begin, *_, end = desk.blend(desk.test.inputs[place : place + 1], chosen)
    assert f"similarity {begin['similarity']:.2f}" in page.inner_text("#blend-said")
    moved(page, "share", 20)
    assert f"similarity {end['similarity']:.2f}; {end['predicted']}" in page.inner_text("#blend-said")
    assert page.evaluate("document.getElementById('blend-to').style.opacity") == "1"


def test_prototypes_are_changed_and_saved(digits_page):
    page, desk, folder = digits_page
    n = len(desk.standing.run.classifier.prototypes_)

    def done(n_changes):
        page.click("#accept")
        page.wait_for_function("n => document.querySelectorAll('.history li').length === n", arg=n_changes)

    page.click("button[data-change=forget][data-prototype='3']")
    page.wait_for_selector("#effect[open]")
    assert "validation examples" in page.inner_text("#effect-said")
    page.click("#leave")
    assert len(desk.standing.run.classifier.prototypes_) == n
    page.click("button[data-change=forget][data-prototype='3']")
    done(1)
    assert len(desk.standing.run.classifier.prototypes_) == n - 1
    page.click("button[data-change=keep][data-prototype='0']")
    done(2)
    assert page.locator("button[data-change=keep][data-prototype='0']").count() == 0
    page.locator("#examples button").first.click()
    answered(page)
    page.click("button[data-change=replace][data-prototype='5']")
    done(3)
    page.select_option("#add-to", "7")
    page.click("#add")
    done(4)
    assert len(desk.standing.run.classifier.prototypes_) == n
    page.click("#undo")
    page.wait_for_function("() => document.querySelectorAll('.history li').length === 3")
    page.click("#save")
    page.wait_for_function("() => document.querySelector('#notice').textContent.startsWith('saved as')")
    saved = open_run(folder.parent / "digits-changed-1")
    assert [each["kind"] for each in saved.extras["changes"]] == ["forget", "keep", "replace"]


def test_replacing_needs_an_input(digits_page):
    page, _, _ = digits_page
    page.click("button[data-change=replace][data-prototype='5']")
    page.wait_for_function(
        "() => document.querySelector('#notice').textContent.startsWith('ask about the input first')"
    )


def test_a_class_is_dropped_in(digits_page, tmp_path):
    page, desk, _ = digits_page
    files = []
    for place, value in enumerate((200, 220, 240)):
        files.append(tmp_path / f"{place}.png")
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(files[-1])
    page.fill("#class-name", "10")
    page.set_input_files("#class-files", files)
    page.click("#add-class")
    page.wait_for_selector("#effect[open]")
    assert page.inner_text("#effect-title") == "Add the class 10 by 3 examples?"
    page.click("#accept")
    page.wait_for_function("() => document.querySelectorAll('#add-to option').length === 11")
    assert desk.standing.run.classifier.classes_.tolist() == list(range(11))


def dropped(page, name, count):
    """So many small pictures let fall on an element."""
    page.evaluate(
        """async ([name, count]) => {
            const given = new DataTransfer();
            for (let place = 0; place < count; place += 1) {
                const canvas = document.createElement("canvas");
                canvas.width = canvas.height = 8;
                canvas.getContext("2d").fillRect(0, 0, 4 + place, 8);
                const blob = await new Promise((done) => canvas.toBlob(done));
                given.items.add(new File([blob], `dropped ${place}.png`, { type: "image/png" }));
            }
            const options = { dataTransfer: given, bubbles: true, cancelable: true };
            document.getElementById(name).dispatchEvent(new DragEvent("dragover", options));
            document.getElementById(name).dispatchEvent(new DragEvent("drop", options));
        }""",
        [name, count],
    )


def test_pictures_are_dropped(digits_page):
    page, _, _ = digits_page
    dropped(page, "drop", 1)
    page.wait_for_function("() => document.querySelector('#answer .query')?.textContent.includes('dropped 0.png')")
    page.fill("#class-name", "11")
    dropped(page, "drop-class", 3)
    page.wait_for_selector("#effect[open]")
    assert page.inner_text("#effect-title") == "Add the class 11 by 3 examples?"


def test_what_is_kept_is_released(digits_page):
    page, desk, _ = digits_page
    for kind, kept in (("keep", [2]), ("release", [])):
        page.click(f"button[data-change={kind}][data-prototype='2']")
        page.wait_for_selector("#effect[open]")
        page.click("#accept")
        other = "release" if kept else "keep"
        page.wait_for_selector(f"button[data-change={other}][data-prototype='2']")
        assert desk.standing.kept_prototypes == kept


def test_a_change_of_another_tab_is_noticed(digits_page):
    page, desk, _ = digits_page
    page.click("button[data-change=forget][data-prototype='3']")
    page.wait_for_selector("#effect[open]")
    desk.accept(Change("forget", 0))
    with page.expect_response(lambda answer: answer.url.endswith("/changes")) as answer:
        page.click("#accept")
    assert answer.value.status == 409
    page.wait_for_function("() => document.querySelectorAll('.history li').length === 1")
    assert len(desk.standing.changes) == 1


def test_the_self_test(digits_page):
    page, _, folder = digits_page
    page.click("#begin")
    for place in range(20):
        page.wait_for_function(
            "place => document.querySelector('#trial p')?.textContent.startsWith(`${place + 1} of 20`)", arg=place
        )
        page.locator("#trial .trial button").nth(place % 2).click()
    page.wait_for_function("() => document.querySelector('#trial').textContent.includes('of 20 right')")
    kept = json.loads((folder / "self-tests.json").read_text())
    assert page.inner_text("#trial").startswith(f"{kept[-1]['right']} of 20 right")


def test_a_table(browser, iris_folder):
    with served(iris_folder) as (address, desk), opened(browser, address) as page:
        page.locator("#examples button").first.click()
        assert answered(page) in desk.standing.contents.about.classes
        fields = page.locator("#row input")
        for place, value in enumerate((5.0, 3.4, 1.5, 0.2)):
            fields.nth(place).fill(str(value))
        page.click("#ask-row")
        page.wait_for_function("() => document.querySelector('#answer').textContent.includes('true class not known')")


def test_names_do_not_run(browser, drawn_folder):
    with served(drawn_folder) as (address, _), opened(browser, address) as page:
        page.on("dialog", lambda dialog: pytest.fail("a name ran"))
        page.locator("#examples button").first.click()
        answered(page)
        page.wait_for_selector("#cards .card")
        assert "<script>alert(1)</script>" in page.inner_text("#cards")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_anybody(browser, digits_folder, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with served(digits_folder) as (address, _):
        # The checker is put into the page, which its own policy would forbid.
        context = browser.new_context(color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        page.goto(address)
        page.locator("#examples button").first.click()
        answered(page)
        page.wait_for_selector("#cards .card")
        page.click("button[data-change=keep][data-prototype='0']")
        page.wait_for_selector("#effect[open]")
        found = Axe().run(page).response["violations"]
        page.click("#leave")
        page.click("#begin")
        page.wait_for_selector("#trial .trial button")
        found += Axe().run(page).response["violations"]
        context.close()
    grave = [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]
    assert grave == []


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_no_width_scrolls_sideways(browser, digits_folder, width):
    with served(digits_folder) as (address, _):
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(address)
        page.locator("#examples button").first.click()
        answered(page)
        page.wait_for_selector("#cards .card")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        context.close()


def test_the_report_is_better_with_scripts(browser, digits_folder, tmp_path):
    report_run(open_run(digits_folder), tmp_path / "report.html")
    with opened(browser, (tmp_path / "report.html").as_uri()) as page:
        picture = page.locator(".card .top img").first
        picture.click()
        assert page.locator("dialog[open] img").get_attribute("src") == picture.get_attribute("src")
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
        strips = page.locator("article.strip")
        n, chosen = strips.count(), strips.first.get_attribute("data-predicted")
        page.locator("#choose-class select").select_option(chosen)
        left = [
            (each.get_attribute("data-true"), each.get_attribute("data-predicted"))
            for each in strips.all()
            if each.is_visible()
        ]
        assert 0 < len(left) < n
        assert all(chosen in pair for pair in left)
        page.locator("#choose-class select").select_option("all classes")
        assert sum(each.is_visible() for each in strips.all()) == n


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_holds_its_figures(browser, digits_folder, tmp_path, scheme):
    run = open_run(digits_folder)
    report_run(run, tmp_path / "report.html")
    report_run(run, tmp_path / "report.json", "json")
    address = (tmp_path / "report.html").as_uri()
    with opened(browser, address, color_scheme=scheme, java_script_enabled=scheme == "dark") as page:
        figures = json.loads(page.locator("#data").text_content())
        assert figures == json.loads(Path(tmp_path / "report.json").read_text())
        assert page.locator("h1").inner_text() == figures["title"]
        broken = "images => images.filter((each) => !each.naturalWidth).length"
        if scheme == "dark":
            assert page.eval_on_selector_all("img", broken) == 0
