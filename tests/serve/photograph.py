"""A photograph of the page: ``python -m tests.serve.photograph RUN EXAMPLE FILE``; what the README and a page show."""

import sys
from pathlib import Path

from tests.serve.browsing import CHROMIUM, served


def photograph(folder, example, file, selector="main", share=8):
    """The page asked about a test example, cut to an element."""
    from playwright.sync_api import sync_playwright

    with served(folder) as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1160, "height": 1120})
        page.goto(address)
        page.wait_for_selector("#examples button")
        page.evaluate("example => askAbout({ test: example })", example)
        page.wait_for_selector("#answer:not(.busy) .strip h3")
        page.wait_for_timeout(600)
        page.evaluate(
            """share => {
                const slider = document.getElementById("share");
                slider.value = share;
                slider.dispatchEvent(new Event("input"));
                window.scrollTo(0, 0);
            }""",
            share,
        )
        if selector == "main":
            page.screenshot(path=file)
        else:
            page.locator(selector).screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    photograph(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:5])
