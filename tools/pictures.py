"""Take the README's picture of the running demo: `python -m tools.pictures`. Needs Chromium."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tools.installation import Installation

IMAGES = Path(__file__).parent.parent / "docs" / "images"
LOGIN = re.compile(r"Log in as (\S+) with the password (\S+)")


def main() -> None:
    """Start a demo of its own, log in, take the picture of the home page."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data", "--demo")
        installation.start(patience=600)
        try:
            found = LOGIN.search(installation.text)
            assert found, installation.text
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
                log_in(page, installation.url, found[1], found[2])
                page.screenshot(path=IMAGES / "home.png")
                browser.close()
        finally:
            installation.stop()
    sys.stdout.write("docs/images/home.png\n")


def log_in(page: Page, url: str, email: str, password: str) -> None:
    """Log in and wait until the home page stands still."""
    page.goto(f"{url}/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("form button[type=submit]")
    page.wait_for_url(f"{url}/")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_500)


if __name__ == "__main__":
    main()
