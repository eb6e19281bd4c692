"""A page in a browser: seen as on some screen, and read by axe."""

from axe_playwright_python.sync_playwright import Axe

DESKTOP, PHONE, HEIGHT = 1360, 375, 850

SERIOUS = ("warning", "error", "critical", "serious")
"""What of the console's messages and of axe's findings counts."""

WHOLE_PAGE = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}

READ_BY_AXE = """async options => {
    const drawings = [...document.querySelectorAll("svg[aria-label]")];
    const drawn = drawings.map(one => [...one.childNodes]);
    drawings.forEach(one => one.replaceChildren());
    const found = await axe.run(options);
    drawings.forEach((one, i) => one.replaceChildren(...drawn[i]));
    return found.violations;
}"""
"""Without what is in drawings, which takes half of the time: their name says what they show, and of
their colours axe understands nothing."""


def seen(page, width, **media):
    """Show a page as wide as this, on a screen and by day unless told otherwise."""
    page.emulate_media(**{"media": "screen", "color_scheme": "light"} | media)
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate("new Promise(shown => requestAnimationFrame(() => setTimeout(shown)))")


def broken(page, rules):
    """Those of axe's rules that a page breaks seriously, each with a place."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"], "runOnly": rules, "preload": False}
    serious = [one for one in page.evaluate(READ_BY_AXE, options) if one["impact"] in SERIOUS]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in serious]
