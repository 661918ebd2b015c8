"""The accessibility rules of WCAG 2.2 A and AA, run in the page by axe (from the package axe-playwright-python)."""

from importlib.resources import files

SIZES = ((1440, 900), (390, 844))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page) -> list[str]:
    """Each broken rule with the places; the page's context needs `bypass_csp=True`."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [
        f"{found['id']}: {found['help']} at {[node['target'][0] for node in found['nodes']]}"
        for found in result["violations"]
    ]


def check(page, address) -> None:
    """On a desk and on a phone: no broken rule, and nothing scrolls sideways."""
    page.goto(address)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        found = violations(page)
        assert found == [], (address, width, found)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
