"""The live figures in the built book, in a headless Chromium with the network off, and in JupyterLab."""

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browser import BUILT, Visit, chromium

from lifcore import live
from lifcore.live import numbers, widget
from lifcore.live.pictures import PICTURES

BOOK = Path(__file__).parents[1] / "book"
PAGES = {
    match[1]: page.stem
    for page in sorted(BOOK.glob("*.md"))
    for match in re.finditer(r'live\.show\("(\w+)"\)', page.read_text("utf8"))
}
MOVABLE = [name for name, picture in PICTURES.items() if picture().moving]
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser):
    """Open the page of a live figure; at the end nothing may have gone wrong there."""
    opened = []

    def go(name, state=None, **options):
        address = "".join(
            f"{'&' if number else '#'}{name}.{key}={text(value)}"
            for number, (key, value) in enumerate((state or {}).items())
        )
        opened.append(Visit(browser, PAGES[name], address, **options))
        if options.get("java_script_enabled", True):
            opened[-1].page.wait_for_selector(f"#live-{name}[data-ready]", state="attached")
        return opened[-1].page

    yield go
    for each in opened:
        assert not each.errors and not each.elsewhere
        each.close()


def text(value):
    if isinstance(value, list):
        return "_".join(f"{each:g}" for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def numbers_in(line):
    """The numbers of a line of results, as numbers."""
    found = re.findall(r"[-+]?\d+(?:\.\d+)?(?: × 10-?\d+)?", line.translate(SUPERSCRIPTS))
    return [float(each.replace(" × 10", "e")) for each in found]


def expected(name, state):
    """What the line of results should say in a state, by lifcore."""
    picture = PICTURES[name]()
    state = {**picture.state, **state}
    answers = widget.answers(picture, state)
    shown = [(where.split("."), form) for where, form in picture.readout if form is not None]
    return [(answers[ask][key], form) for (ask, key), form in shown]


def assert_shows(page, name, state):
    line = page.locator(f"#live-{name} .live-readout").inner_text()
    wanted = expected(name, state)
    shown = numbers_in(line)
    assert len(shown) == len(wanted), line
    for number, (value, form) in zip(shown, wanted, strict=True):
        half = 0.5 if form == "d" else 0.5 * 10.0 ** -int(form) if "e" not in form else 0.005 * abs(value)
        assert abs(number - value) <= 1.001 * half + 1e-12, (line, wanted)  # the digits shown; below 1e-12 it says 0


def settled(page):
    """Two frames: one to compute and draw, one to be sure. The address follows a quarter of a second later."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def spikes(page):
    return [int(pin.get_attribute("aria-valuenow")) for pin in page.locator(".live-svg .pin").all()]


def knob(page, k):
    box = page.locator(".live-svg .knob").nth(k).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# A state of each figure that is not the one it starts with.
STATES = {
    "epsp": {"tau_m": 12.5, "tau_s": 12.5, "weight": -4.0},
    "forward": {"spikes": [10.0, 40.0, 40.0, 300.0], "weight": 2.5, "corrected": True},
    "time_step": {"dt": 2.5, "corrected": False},
    "adjoint": {"spikes": [60.0, 90.0, 300.0], "scheme": "exact", "duration": 350.0, "corrected": False},
    "symmetry": {"spikes": [220.0, 228.0, 251.0], "duration": 300.0, "loss": "exponential"},
    "pull": {"loss": "first spike", "tau": 50.0, "duration": 600.0, "spike": 550.0},
    "hidden": {"weight": 11.3, "second": 45.0, "loss": "mean cross-entropy"},
}


def test_every_picture_is_on_a_page_in_the_place_of_its_figure():
    assert set(PAGES) == set(PICTURES) == set(STATES)
    for name, page in PAGES.items():
        assert f"name: {PICTURES[name]().figure}\n" in (BOOK / f"{page}.md").read_text("utf8")


@pytest.mark.parametrize("name", PICTURES)
def test_it_takes_the_place_of_the_printed_figure_and_nothing_moves(visit, name):
    without = visit(name, java_script_enabled=False)
    figure = f"#{PICTURES[name]().figure} img"
    printed = without.locator(figure).bounding_box()
    assert without.locator(figure).is_visible() and not without.locator(f"#live-{name}").is_visible()
    page = visit(name, without="**/tex-svg*")  # mathematics, set after a page is drawn, moves what is below it
    place = page.locator(f"#{PICTURES[name]().figure} .live-place")
    drawn = place.locator("svg").bounding_box()
    for side in ("width", "height"):
        assert drawn[side] == pytest.approx(printed[side], abs=1)
    place.scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifted") == []
    assert_shows(page, name, {})
    page.emulate_media(media="print")
    assert not place.locator("svg").is_visible() and place.locator("img").is_visible()


@pytest.mark.parametrize("name", PICTURES)
def test_a_button_shows_the_printed_figure_that_the_caption_describes(visit, name):
    page = visit(name)
    place = page.locator(f"#{PICTURES[name]().figure} .live-place")
    button = page.locator(f"#{PICTURES[name]().figure} figcaption button")
    for printed in (False, True, False, True):
        assert button.get_attribute("aria-pressed") == str(printed).lower()
        assert (place.locator("svg").is_visible(), place.locator("img").is_visible()) == (not printed, printed)
        button.click()
    assert not place.locator("img").is_visible()
    button.click()
    page.locator(f"#live-{name} input").first.press("ArrowLeft")  # who turns a control wants to see what it does
    assert place.locator("svg").is_visible()


def test_short_arrows_are_drawn_longer_but_none_where_there_is_nothing_to_say(visit):
    """The push at 50 ms ends inside the dot that it starts from; at 600 ms it is 1e-16."""
    for second, pointed in ((150.0, True), (700.0, False)):
        page = visit("adjoint", {"spikes": [100.0, second], "scheme": "exact", "duration": 1400.0})
        lines = page.locator(".live-svg line.original.solid").all()
        lengths = [abs(float(line.get_attribute("x2")) - float(line.get_attribute("x1"))) for line in lines]
        assert len(lengths) == 2 and all((length > 6) == pointed for length in lengths)


@pytest.mark.parametrize("name", PICTURES)
def test_the_state_is_in_the_address_and_the_numbers_are_those_of_lifcore(visit, name):
    page = visit(name, STATES[name])
    assert_shows(page, name, STATES[name])
    page.click(f"#live-{name} [data-do=reset]")
    settled(page)
    assert_shows(page, name, {})
    page.wait_for_function("!location.hash.includes('=')")


def test_an_address_of_nonsense_is_ignored(visit):
    page = visit("adjoint", {"spikes": "a_b", "scheme": "magic", "dt": "7", "duration": "-3", "weight": "NaN"})
    assert spikes(page) == [100, 150]
    assert_shows(page, "adjoint", {})


@pytest.mark.parametrize("name", MOVABLE)
def test_a_spike_follows_the_mouse(visit, name):
    page = visit(name)
    page.locator(f"#{PICTURES[name]().figure} .live-svg").scroll_into_view_if_needed()
    before = spikes(page)
    x, y = knob(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    settled(page)
    after = spikes(page)
    moving = PICTURES[name]().moving
    value = [float(each) for each in after]
    assert after != before and len(after) == len(before)
    if moving.together:
        assert {now - then for now, then in zip(after, before, strict=True)} == {after[0] - before[0]}
    assert_shows(
        page, name, {moving.name: value if isinstance(PICTURES[name]().state[moving.name], list) else value[0]}
    )


@pytest.mark.parametrize("name", MOVABLE)
def test_a_spike_follows_a_finger(visit, name):
    page = visit(name, viewport={"width": 360, "height": 760}, has_touch=True, is_mobile=True)
    page.locator(f"#{PICTURES[name]().figure} .live-svg").scroll_into_view_if_needed()
    before = spikes(page)
    x, y = knob(page, 0)
    session = page.context.new_cdp_session(page)
    for kind, by in (("touchStart", 0), *(("touchMove", 10 * k) for k in range(1, 6)), ("touchEnd", None)):
        points = [] if by is None else [{"x": x + by, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settled(page)
    assert spikes(page) != before and len(spikes(page)) == len(before)


def test_a_click_adds_a_spike_and_another_removes_it(visit):
    page = visit("adjoint")
    svg = page.locator(".live-svg")
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    settled(page)
    added = spikes(page)
    assert len(added) == 3 and added[:2] == [100, 150] and added[2] > 300
    assert_shows(page, "adjoint", {"spikes": [float(each) for each in added]})
    page.mouse.click(*knob(page, 2))
    settled(page)
    assert spikes(page) == [100, 150]
    page.click("[data-do=add]")
    settled(page)
    assert len(spikes(page)) == 3


def test_the_keyboard_moves_adds_and_removes_spikes(visit):
    page = visit("adjoint")
    page.locator(".live-svg .pin").first.focus()
    for key, expected_first in (("ArrowRight", 101), ("Shift+ArrowRight", 111), ("ArrowLeft", 110), ("Home", 0)):
        page.keyboard.press(key)
        settled(page)
        assert spikes(page) == [expected_first, 150]
        assert page.evaluate("document.activeElement.getAttribute('aria-valuenow')") == str(expected_first)
    page.keyboard.press("Delete")
    settled(page)
    assert spikes(page) == [150]
    page.locator("[name=scheme]").select_option("exact")
    page.locator("[name=weight]").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert_shows(page, "adjoint", {"spikes": [150.0], "scheme": "exact", "weight": 1.1})


def test_every_control_has_a_label_and_every_spike_a_name(visit):
    for name in PICTURES:
        page = visit(name)
        for control in page.locator(f"#live-{name} :is(input, select)").all():
            assert control.evaluate("each => each.labels[0].textContent.trim().length") > 3
        for pin in page.locator(".live-svg .pin").all():
            assert pin.get_attribute("aria-label") and pin.get_attribute("aria-valuetext").endswith(" ms")


RANDOM_EVENTS = (Path(__file__).parent / "random_events.js").read_text("utf8")


@pytest.mark.parametrize("name", PICTURES)
def test_ten_thousand_random_events(visit, name):
    """Nothing is thrown (``visit`` looks at the console) and nothing is drawn that is no number."""
    page = visit(name)
    page.set_default_timeout(300_000)
    assert page.evaluate(RANDOM_EVENTS, [name, 10_000, 50]) == []
    page.click(f"#live-{name} [data-do=reset]")
    settled(page)
    assert_shows(page, name, {})


def test_dark_and_still(visit):
    """In dark colours the drawing's own background follows; and nothing in it is animated, ever."""
    page = visit("adjoint", color_scheme="dark")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = page.locator(".live-svg").evaluate("each => getComputedStyle(each).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", dark)[:3])
    assert max(red, green, blue) < 60
    style = (Path(widget.__file__).parent / "figure.css").read_text("utf8")
    assert "transition" not in style and "animation" not in style


def test_what_a_page_weighs_and_that_others_carry_none_of_it():
    for name in PICTURES:
        assert len(gzip.compress(widget.page(PICTURES[name]()).encode())) < 30_000  # the issue allows 200 KB
    for page in BUILT.glob("book/*.html"):
        assert ("inPage(" in page.read_text("utf8")) == (page.stem in PAGES.values())


def test_a_widget_answers_what_it_is_asked():
    figure = live.show("adjoint")
    state = {**PICTURES["adjoint"]().state, "scheme": "exact"}
    figure.asked = {"number": 3, "state": state}
    assert figure.told["number"] == 3 and abs(figure.told["answers"]["adjoint"]["sum"]) < 1e-12
    json.dumps(figure.told)
    assert repr(figure) == "LiveFigure(adjoint)"
    with pytest.raises(ValueError, match="name is 'pulse'; pass one of 'epsp', "):
        live.show("pulse")


def test_colours_are_those_of_the_printed_figures():
    assert "--c:#0072B2" in widget.style() and set(numbers.constants()) > {"tau_m", "nodes"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of a page, as make lab starts it."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(BOOK / "adjoint.md", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}",
         "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"],
        env={**os.environ, "JUPYTER_CONFIG_PATH": str(BOOK.parent / ".jupyter"), "HOME": str(folder)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(120):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.5)
    yield f"http://127.0.0.1:{port}/lab/tree/adjoint.md"
    server.terminate()
    server.wait()


def test_in_jupyterlab_the_kernel_answers(browser, lab):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".live[data-ready]", state="attached")
    page.wait_for_function("!document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=busy]')")
    top = "document.querySelector('.live-svg').scrollIntoView({block: 'start'})"
    page.evaluate(top)
    page.wait_for_function("document.querySelector('.live-readout').innerText")  # Lab draws only what is in view
    assert page.locator(".jp-RenderedHTML .live").count() == 0  # the widget, not the HTML for static pages
    assert_shows(page, "adjoint", {})
    page.locator(".live [name=scheme]").select_option("exact")
    page.evaluate(top)
    page.wait_for_timeout(500)
    x, y = knob(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y, steps=5)
    page.mouse.up()
    page.wait_for_function("!document.querySelector('.live-readout').textContent.includes('3.59')")
    page.wait_for_timeout(1000)  # for the last of several answers
    after = [float(each) for each in spikes(page)]
    assert after[0] == 100.0 and after[1] > 200.0
    assert_shows(page, "adjoint", {"spikes": after, "scheme": "exact"})
    page.close()
