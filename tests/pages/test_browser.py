"""The page as a browser shows it: on a screen, a telephone and paper, to a pointer and to keys."""

import io
import re
from math import floor, log10
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
from browser import Browser, executable
from pypdf import PdfReader
from short_desorption import SETTINGS, shorten

import scatter
from scatter.analysis import Sticking
from scatter.analysis.curve import curves
from scatter.analysis.sites import IMPACT
from scatter.outcomes import Outcome
from scatter.plots.fitted import fits_of
from scatter.plots.states import channels_figure
from scatter.report.answer import answered, asked
from scatter.report.chart import Chart
from scatter.report.curves import curve_section, fit_section
from scatter.report.document import MOST_MB, Exhibit, Section, write_document
from scatter.report.page import quality_section, write_report
from scatter.report.sites import site_map
from scatter.report.states import CHANNELS, STATES
from scatter.results.folder import ResultsFile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(executable() is None, reason="no Chromium or Chrome: apt install chromium"),
]
SCREEN, TELEPHONE, PAPER = (1280, 900), (400, 800), (688, 1000)  # PAPER: A4 within its margins
KINDS = ("plain", "several", "desorption", "hostile")
FIRST = "document.querySelector('figure[data-chart]')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def pages(undisturbed, write_tiny, tmp_path_factory):
    """A page of each kind, by its name."""
    made = {"plain": write_report(undisturbed, output=tmp_path_factory.mktemp("plain"))}
    folder = tmp_path_factory.mktemp("several")
    from scatter.campaign.run import run

    changes = {"molecule__formula": ["H2", "HD"], "incidence__polar_deg": [0, 40]}
    few = {"sampling__trajectories": 4, "frames__trajectories": 0}
    made["several"] = _without_figures(run(write_tiny(folder, **changes, **few)))
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        folder = tmp_path_factory.mktemp("desorption") / "out"
        scatter.run(SETTINGS, folder=folder)
    made["desorption"] = write_report(folder)
    made["hostile"] = _hostile(tmp_path_factory.mktemp("hostile") / "report.html")
    return made


def _without_figures(folder):
    """The first sections of a campaign's page: those of every state have many figures."""
    results = ResultsFile.of(folder)
    sections = [curve_section(results), fit_section(results), quality_section(results)]
    path = folder / "report.html"
    write_document(path, "Several", asked(results), sections, answered(results))
    return path


def _fitted(path):
    """A curve with its fit, and final states at two energies; answers the fit."""
    stuck = [1, 4, 22, 71, 123, 158, 171]
    rows = [
        Sticking("111", 925.0, "H2", 0, 1, None, 0.3 + 0.1 * n, 0.0, None, k, 200 - k, 0, 0)
        for n, k in enumerate(stuck)
    ]
    (own,) = curves(rows, "energy_eV")
    (fitted,) = fits_of([own])
    table = [{"energy_eV": r.energy_eV, "S0": r.S0, "low": r.low, "high": r.high} for r in rows]
    chart = Chart("energy_eV", "S0", "energy (eV)", "S0").with_fits([(table[0], own, fitted)])
    states = [
        {"energy_eV": E, "v_final": v, "J_final": J, "P_scattered": P}
        | {"low_scattered": P / 2, "high_scattered": 1.5 * P}
        for E, v, J, P in [(0.3, 0, 0, 0.5), (0.3, 0, 2, 0.4), (0.6, 0, 0, 0.3), (0.6, 1, 2, 0.2)]
    ]
    exhibits = [
        Exhibit("sticking", "S0.", None, table, [*table[0]], chart=chart),
        Exhibit("states", "States.", None, states, [*states[0]], chart=STATES),
    ]
    write_document(path, "Fitted", "How likely?", [Section("Sticking", [], exhibits)])
    return fitted


def _mapped(path):
    """A map of the cell of (111), where what comes down at a < 1/2 reacts, and channels."""
    impacts, draw = np.zeros(2000, IMPACT), np.random.default_rng(0)
    impacts["a"], impacts["b"] = draw.uniform(0, 1, (2, 2000))
    impacts["outcome"] = np.where(impacts["a"] < 0.5, Outcome.DISSOCIATED, Outcome.SCATTERED)
    row = Sticking("111", 925.0, "H2", 0, 1, None, 0.5, 0.0, None, 1000, 1000, 0, 0)
    sites = pd.DataFrame(
        {"energy_eV": 0.5, "site": site, "count": 50, "S0": 0.5, "low": 0.4, "high": 0.6}
        for site in ("top", "bridge", "fcc", "hcp")
    )
    fates = pd.DataFrame(
        {"energy_eV": E, "channel": channel, "n": 50, "P": P, "low": P / 2, "high": 1.5 * P}
        for E in (0.4, 0.5)
        for channel, P in [("survival", 0.5 * E), ("elastic", E)]
    )
    exhibits = [
        site_map("H2 at 925 K", row, impacts, sites, "fcc", 3.71),
        Exhibit.of_scan("vibration", "H2", "fates.", channels_figure(fates), fates, CHANNELS),
    ]
    write_document(path, "Mapped", "Where?", [Section("Sites", [], exhibits)])


def _hostile(path):
    """A page of words that would be markup, a script or a link, were they not text."""
    word = '"><img src=http://x.invalid onerror="document.title=\'run\'"></script><script>alert(1)'
    rows = [{"name": f"{word}{n}", **{f"a_{c}": n / 7 for c in range(9)}} for n in range(70)]
    exhibit = Exhibit("table", word, None, rows, [*rows[0]])
    write_document(path, word, word, [Section(word, [word], [exhibit])], [word])
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_complains_of_nothing_and_is_small(browser, pages, kind):
    assert pages[kind].stat().st_size < MOST_MB * 1e6
    browser.size(*SCREEN)
    browser.open(pages[kind])
    title = browser.run("document.title")
    assert title != "run"
    complaints = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert browser.named(*complaints, "Page.javascriptDialogOpening") == []
    asked = [each["request"]["url"] for each in browser.named("Network.requestWillBeSent")]
    assert asked
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert browser.run("document.querySelectorAll('script').length") == 1


@pytest.mark.parametrize("size", [SCREEN, TELEPHONE])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_page_and_tables_scroll_in_their_boxes(
    browser, pages, kind, size
):
    browser.size(*size)
    browser.open(pages[kind])
    browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.run("document.documentElement.scrollWidth") <= size[0]
    wide = browser.run(
        "[...document.querySelectorAll('.wide')].filter(box => box.scrollWidth > box.clientWidth)"
        ".map(box => [box.ariaLabel, getComputedStyle(box).overflowX])"
    )
    assert {how for _, how in wide} <= {"auto"}
    if size == SCREEN and kind != "hostile":
        assert wide == []


@pytest.mark.parametrize(("kind", "known"), [("plain", "S0 ="), ("desorption", "thermal sticking")])
def test_the_answer_is_on_the_first_screen_of_a_telephone(browser, pages, kind, known):
    browser.size(*TELEPHONE)
    browser.open(pages[kind])
    assert known in browser.run("document.querySelector('#answer').innerText")
    answer = "document.querySelector('#answer').getBoundingClientRect().bottom"
    row = "document.querySelector('tbody tr').getBoundingClientRect().bottom"
    assert browser.run(answer) < TELEPHONE[1]
    if kind == "plain":
        assert browser.run(row) < TELEPHONE[1]


def test_a_point_says_its_numbers_and_lights_its_row_and_a_row_its_point(browser, pages):
    browser.size(*SCREEN)
    browser.open(pages["several"])
    browser.run(f"{FIRST}.scrollIntoView()")
    rows = browser.run(
        f"[...{FIRST}.querySelectorAll('tr[data-x]')].map(row => ({{...row.dataset}}))"
    )
    assert len({row["curve"] for row in rows}) == 4
    place = "(at => [at.x + at.width / 2, at.y + at.height / 2])({}.getBoundingClientRect())"
    browser.move(*browser.run(place.format(f"{FIRST}.querySelector('.mark')")))
    text = browser.run(f"{FIRST}.querySelector('.told').innerText")
    hot = browser.run(f"({{...{FIRST}.querySelector('tr.hot').dataset}})")
    low, high = float(hot["low"]), float(hot["high"])
    places = 1 - floor(log10(high - low))  # the width of the interval has two digits
    ends = f"({low:.{places}f} to {high:.{places}f})"
    assert f"{float(hot['y']):.{places}f} {ends}" in text
    assert hot["curve"] in text
    browser.move(*browser.run(place.format(f"{FIRST}.querySelector('tbody tr:last-child')")))
    assert rows[-1]["curve"] in browser.run(f"{FIRST}.querySelector('.told').innerText")
    assert browser.run(f"{FIRST}.querySelectorAll('g.hot').length") == 1


def test_a_fit_is_drawn_with_its_band_in_place_of_straight_joins_and_says_its_numbers(
    browser, tmp_path
):
    fitted = _fitted(tmp_path / "report.html")
    browser.size(*SCREEN)
    browser.open(tmp_path / "report.html")
    drawn = f"{FIRST}.querySelectorAll('{{}}').length"
    lines, bands = browser.run(drawn.format(".line")), browser.run(drawn.format("polygon.band"))
    assert (lines, bands, browser.run(drawn.format(".fitted"))) == (1, 1, 1)
    inside = browser.run(
        f"(line => {{ const box = {FIRST}.querySelector('svg').getBoundingClientRect();"
        "return [...line.points].map(at => [at.x + box.x, at.y + box.y]) })"
        f"({FIRST}.querySelector('.fitted'))"
    )
    band = browser.run(f"[...{FIRST}.querySelector('.band').points].map(at => at.y)")
    top = browser.run(f"{FIRST}.querySelector('svg').getBoundingClientRect().y")
    half = len(inside) // 2
    assert band[-1 - half] < inside[half][1] - top < band[half]
    marks = browser.run(
        f"[...{FIRST}.querySelectorAll('.chart > svg .mark')].map(each => "
        "(at => [at.x + at.width / 2, at.y + at.height / 2])(each.getBoundingClientRect()))"
    )
    free = [at for at in inside if all(abs(at[0] - x) + abs(at[1] - y) > 45 for x, y in marks)]
    assert free
    browser.move(*free[0])
    text = browser.run(f"{FIRST}.querySelector('.told').innerText")
    value, low, high, energy = map(
        float, re.match(r"fit (\S+) \((\S+) to (\S+)\) at energy \(eV\) (\S+);", text).groups()
    )
    ends = [float(end[0]) for end in fitted.band(np.array([energy]))]
    digit = 10.0 ** floor(log10(high - low)) / 10  # the last one of two
    assert value == pytest.approx(float(fitted(np.array([energy]))[0]), abs=0.6 * digit)
    assert [low, high] == pytest.approx(ends, abs=0.6 * digit)
    assert f"E0 = {fitted.E0_eV:.3f} ± " in text
    browser.run(f"[...{FIRST}.querySelectorAll('button')].at(-1).click()")  # logarithmic
    assert browser.run(drawn.format(".fitted")) == 1
    assert browser.named("Runtime.exceptionThrown") == []


def test_final_states_stand_on_stems_one_energy_at_a_time_and_a_row_brings_its_own(
    browser, tmp_path
):
    _fitted(tmp_path / "report.html")
    browser.size(*SCREEN)
    browser.open(tmp_path / "report.html")
    second = "document.querySelectorAll('figure[data-chart]')[1]"
    browser.run(f"{second}.scrollIntoView()")
    shown = f"[{second}.querySelector('select').value, {second}.querySelectorAll('.stem').length]"
    assert browser.run(shown) == ["0.3 eV", 2]
    assert browser.run(f"{second}.querySelectorAll('.line').length") == 0
    row = f"{second}.querySelector('tbody tr:last-child').getBoundingClientRect()"
    browser.move(*browser.run(f"(at => [at.x + at.width / 2, at.y + at.height / 2])({row})"))
    assert browser.run(shown) == ["0.6 eV", 2]
    text = browser.run(f"{second}.querySelector('.told').innerText")
    assert text.startswith("v′ = 1: ")
    assert "0.20 (0.10 to 0.30)" in text
    browser.run(
        f"(choice => {{ choice.value = '0.3 eV'; choice.dispatchEvent(new Event('change')) }})"
        f"({second}.querySelector('select'))"
    )
    assert browser.run(shown) == ["0.3 eV", 2]
    assert browser.named("Runtime.exceptionThrown") == []


MAP = "document.querySelector('figure[data-cell]')"


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    path = tmp_path_factory.mktemp("mapped") / "report.html"
    _mapped(path)
    return path


@pytest.mark.parametrize("size", [SCREEN, TELEPHONE])
def test_a_map_of_the_cell_says_the_tile_under_the_pointer_and_its_images(browser, mapped, size):
    browser.size(*size)
    browser.open(mapped)
    assert not browser.run(f"{MAP}.querySelector('img').checkVisibility()")
    browser.run(f"{MAP}.querySelector('svg').scrollIntoView()")
    rows = browser.run(
        f"[...{MAP}.querySelectorAll('tr[data-x]')].map(row => ({{...row.dataset}}))"
    )
    assert len(rows) == int(browser.run(f"{MAP}.dataset.side")) ** 2
    middle = "(at => [at.x + at.width / 2, at.y + at.height / 2])(each.getBoundingClientRect())"
    tiles = browser.run(
        f"[...{MAP}.querySelectorAll('g:has(> .tile)')]"
        f".map(group => [...group.children].map(each => {middle}))"
    )
    left, right, top, bottom = browser.run(
        "(at => [at.left, at.right, at.top, at.bottom])"
        f"({MAP}.querySelector('.frame').getBoundingClientRect())"
    )
    middles = [
        (row, x, y)
        for row, images in zip(rows, tiles, strict=True)
        for x, y in images
        if left + 2 < x < right - 2 and top + 2 < y < bottom - 2
    ]
    assert len(middles) > len(rows)  # the cell repeats
    for row, x, y in middles:
        browser.move(x, y)
        share, words = _said(browser)
        assert words == row["words"]
        assert share == pytest.approx(float(row["y"]), abs=6e-3)
    assert {row["words"] for row, *_ in middles} == {row["words"] for row in rows}
    browser.move(left - 20, (top + bottom) / 2)
    assert browser.run(f"{MAP}.querySelector('.told').innerText") == ""
    assert browser.named("Runtime.exceptionThrown") == []


def _said(browser):
    """The share and the counts that the map says."""
    text = browser.run(f"{MAP}.querySelector('.told').innerText")
    form = r"Share of impacts that dissociated (\S+) \(\S+ to \S+\) around x \S+ Å, y \S+ Å; (.*)"
    share, words = re.fullmatch(form, text).groups()
    return float(share), words


def test_an_angstrom_of_a_map_is_as_long_both_ways_and_zoom_keeps_it(browser, mapped):
    browser.size(*SCREEN)
    browser.open(mapped)
    corners = f"[...{MAP}.querySelector('.cell').points].map(at => [at.x, at.y])"
    near = 3.71 / np.sqrt(2)
    for zoomed in (False, True):
        if zoomed:
            browser.run(f"[...{MAP}.querySelectorAll('button')][0].click()")
        a, b, _, d = np.array(browser.run(corners))
        assert np.hypot(*(b - a)) == pytest.approx(np.hypot(*(d - a)), rel=1e-3)
        radius = float(browser.run(f"{MAP}.querySelector('.atom').getAttribute('r')"))
        assert np.hypot(*(b - a)) == pytest.approx(2 * radius, rel=1e-3)
    assert browser.run(f"{MAP}.dataset.cell").split()[0] == f"{near:.4g}"


def test_a_row_of_a_map_lights_its_tile_and_keys_walk_over_the_tiles(browser, mapped):
    browser.size(*SCREEN)
    browser.open(mapped)
    browser.run(f"{MAP}.querySelector('details').open = true")
    last = f"{MAP}.querySelector('tbody tr:last-child')"
    browser.run(f"{last}.scrollIntoView()")
    browser.move(
        *browser.run(f"(at => [at.x + 9, at.y + at.height / 2])({last}.getBoundingClientRect())")
    )
    words = browser.run(f"{last}.dataset.words")
    assert _said(browser)[1] == words
    assert browser.run(f"{MAP}.querySelectorAll('g.hot').length") == 1
    browser.move(1, 1)  # else the page, which scrolls to what has the focus, moves it under the row
    browser.run(f"{MAP}.querySelector('svg').focus()")
    browser.press("Home")
    assert _said(browser)[1] == browser.run(f"{MAP}.querySelector('tbody tr').dataset.words")


def test_the_page_of_a_campaign_has_its_channels_and_its_map_to_point_at(browser, pages):
    browser.size(*SCREEN)
    browser.open(pages["plain"])
    labels = browser.run("[...document.querySelectorAll('[data-chart]')].map(f => f.dataset.y)")
    assert "Probability of a trajectory" in labels
    assert browser.run("document.querySelectorAll('figure[data-cell] .tile').length") > 0


def test_channels_of_the_vibration_answer_the_pointer_in_words(browser, mapped):
    browser.size(*SCREEN)
    browser.open(mapped)
    figure = "document.querySelectorAll('figure[data-chart]')[1]"
    browser.run(f"{figure}.scrollIntoView()")
    names = browser.run(f"[...{figure}.querySelectorAll('[aria-pressed]')].map(e => e.innerText)")
    assert names[:2] == ["same v and J", "same v"]
    mark = f"{figure}.querySelector('.chart > svg .mark').getBoundingClientRect()"
    browser.move(*browser.run(f"(at => [at.x + at.width / 2, at.y + at.height / 2])({mark})"))
    told = browser.run(f"{figure}.querySelector('.told').innerText")
    assert told.startswith("same v and J: Probability of a trajectory 0.20 (0.10 to 0.30) at ")


def test_keys_go_from_point_to_point_and_zoom(browser, pages):
    browser.size(*SCREEN)
    browser.open(pages["plain"])
    browser.run(f"{FIRST}.querySelector('svg').focus()")
    ticks = f"[...{FIRST}.querySelectorAll('svg text')].map(one => one.textContent).join()"
    whole, said = browser.run(ticks), []
    for _ in range(3):
        browser.press("ArrowRight")
        said.append(browser.run(f"{FIRST}.querySelector('.told').innerText"))
    assert "0.9" in said[0]
    assert "1.2" in said[1]
    assert said[2] == said[0]
    browser.press("+")
    assert browser.run(ticks) != whole
    browser.press("0")
    assert browser.run(ticks) == whole


@pytest.mark.parametrize("kind", ["plain", "several", "desorption"])
def test_paper_holds_every_table_whole_and_each_section_on_its_pages(browser, pages, kind):
    browser.size(*PAPER, "print")
    browser.open(pages[kind])
    cut = (
        "[...document.querySelectorAll('.wide, figure')].filter(e => e.scrollWidth > e.clientWidth)"
    )
    assert browser.run(f"{cut}.map(each => each.innerText)") == []
    seen = ".filter(each => each.checkVisibility()).map(each => each.innerText)"
    cells = browser.run(f"[...document.querySelectorAll('td, th')]{seen}")
    sections = browser.run(f"[...document.querySelectorAll('h2')]{seen}")
    assert browser.run(f"[...document.querySelectorAll('button, summary, .chart')]{seen}") == []
    assert browser.run(f"[...document.querySelectorAll('img')]{seen}.length") > 1
    printed = [page.extract_text() for page in PdfReader(io.BytesIO(browser.pdf())).pages]
    assert len(printed) >= len(sections)
    begun = [n for n, text in enumerate(printed) if text.split("\n")[0] in sections]
    assert len(begun) == len(sections) - 1  # the first stands below the title
    whole = _letters("".join(printed))
    assert [cell for cell in cells if _letters(cell) not in whole] == []


def _letters(text):
    """A text without what a line's end and a font's ligatures change."""
    return "".join(normalize("NFKC", text).split())


def test_without_its_script_the_page_has_its_pictures_and_tables(browser, pages):
    browser.size(*SCREEN)
    browser.open(pages["plain"], scripts=False)
    shown = f"{FIRST}.querySelector('{{}}').checkVisibility()"
    assert browser.run(shown.format("img"))
    assert browser.run(shown.format("table"))
    assert not browser.run("document.querySelector('.chart, button')")
