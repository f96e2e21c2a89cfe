"""The report in a real browser: it opens alone, traces on a click, and its views are linked."""

import hashlib

import pytest
import report_batches

WIDE, NARROW = {"width": 1300, "height": 900}, {"width": 400, "height": 800}
RAW_DIGEST = hashlib.sha256(report_batches.RAW_BYTES + b"image_1").hexdigest()


class Opened:
    """The page with what the browser complained of and asked for."""

    def __init__(self, browser, path, size):
        self.complaints, self.requests = [], []
        self.page = browser.new_page(viewport=size)
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function("document.querySelectorAll('.bk-Figure').length >= 4")

    def _listen(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def chosen(self, source):
        """Rows that are selected in a source of the plots."""
        return self.page.evaluate(
            "name => Bokeh.documents.map(d => d.get_model_by_name(name)).find(m => m)"
            ".selected.indices",
            source,
        )

    def place(self, plot, x, y):
        """Where on the screen a point of a plot is, in data coordinates."""
        self.page.locator(f"#{plot}").scroll_into_view_if_needed()
        return self.page.evaluate(
            """([plot, x, y]) => {
              const host = document.getElementById(plot);
              const view = [...Bokeh.index.roots].find((one) => host.contains(one.el));
              const box = view.canvas_view.el.getBoundingClientRect();
              const { x_scale, y_scale } = view.frame;
              return [box.x + x_scale.compute(x), box.y + y_scale.compute(y)];
            }""",
            [plot, x, y],
        )

    def tap(self, plot, x, y):
        self.page.mouse.click(*self.place(plot, x, y))
        self.page.wait_for_timeout(400)


@pytest.fixture
def opened(browser, report_path):
    found = Opened(browser, report_path, WIDE)
    yield found
    found.page.close()


def test_page__opens_from_disk_without_complaint_or_request(opened, report_path):
    assert opened.complaints == []
    asked = [url for url in opened.requests if not url.startswith("data:")]
    assert asked == [report_path.as_uri()]


def test_click_on_a_number__shows_its_chain_down_to_raw_bytes(opened):
    page = opened.page
    page.locator("#tables summary", has_text="Particles").click()
    page.locator("#tables tr", has_text="image_1").locator("button").first.click()
    dialog = page.locator("dialog#trace")
    assert dialog.is_visible()
    assert "1 raw file" in dialog.inner_text()
    assert RAW_DIGEST in page.locator("#trace-raw").inner_text()
    assert "image_1.dm4" in page.locator("#trace-raw").inner_text()
    assert "60.0" in page.locator("#trace-raw").inner_text()
    assert "ingest" in page.locator("#trace-steps").inner_text()


def test_click_on_a_panel__shows_the_files_of_both_images(opened):
    opened.page.locator("#figure_1 figcaption p button").first.click()
    names = opened.page.locator("#trace-raw strong").all_inner_texts()
    assert names == ["image_1.dm4", "image_2.dm4"]


def test_keys__open_a_trace_unfold_it_and_close_it(opened):
    page = opened.page
    button = page.locator("#claims button.traced").first
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog#trace").is_visible()
    inner = page.locator("#trace-steps ul summary").first
    inner.focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(200)
    assert "SHA-256" in page.locator("#trace-steps ul li").first.inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("dialog#trace").is_visible()
    assert button.evaluate("one => one === document.activeElement")


def test_particle_picked_in_the_image__is_marked_in_plot_and_histogram(opened):
    opened.tap("plot-image", 16, 21)  # the middle of the large particle [nm]
    assert opened.chosen("particles") == [2]
    said = opened.page.locator("#particles-said").inner_text()
    assert said.startswith("Particle 3: edge 12.0")
    assert "merged shape" in said
    heights = opened.page.evaluate(
        "Bokeh.documents.map(d => d.get_model_by_name('chosen')).find(m => m).data.count"
    )
    assert sum(heights) == 1
    assert heights[-1] == 1


def test_point_picked_in_the_plot__is_outlined_in_the_image(opened):
    opened.tap("plot-scatter", report_batches.LARGE_NM, 1.3)
    assert opened.chosen("particles") == [2]
    opened.tap("plot-scatter", report_batches.SMALL_NM, 1.1)
    assert opened.chosen("particles") == [1]


def test_bar_picked_in_the_histogram__is_outlined_in_the_image(opened):
    opened.tap("plot-histogram", report_batches.SMALL_NM + 0.1, 1)
    assert opened.chosen("particles") == [0, 1]
    assert "2 of 3 particles" in opened.page.locator("#particles-said").inner_text()


def test_particles__are_chosen_by_keys_too(opened):
    page = opened.page
    page.locator("#particles-next").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert opened.chosen("particles") == [1]
    page.locator("#particles-number").fill("3")
    page.keyboard.press("Tab")
    assert opened.chosen("particles") == [2]


def test_point_of_a_line_scan__shows_its_spectrum_and_its_gap(opened):
    opened.page.locator("#gaps-said").scroll_into_view_if_needed()
    opened.tap("plot-line", 3, report_batches.GAP_EV + 0.03)
    said = opened.page.locator("#gaps-said").inner_text()
    assert said.startswith("x = 3 nm: gap 2.430 eV [2.410, 2.450]")
    gap = "Bokeh.documents.map(d => d.get_model_by_name('gap')).find(m => m).location"
    assert opened.page.evaluate(gap) == pytest.approx(2.43)
    opened.page.locator("#gaps-place").select_option(label="x = 1 nm")
    assert opened.chosen("places") == [1]


def test_place_of_a_map__shows_its_spectrum(opened):
    opened.page.locator("#gaps-choice").select_option(index=1)
    opened.page.wait_for_timeout(500)
    opened.tap("plot-map", 2, 1)
    assert opened.page.locator("#gaps-said").inner_text().startswith("y = 1 nm, x = 2 nm: gap")


def test_narrow_screen__needs_no_scrolling_sideways(browser, report_path):
    opened = Opened(browser, report_path, NARROW)
    wide = "document.documentElement.scrollWidth"
    assert opened.page.evaluate(wide) <= NARROW["width"]
    opened.page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    assert opened.page.evaluate(wide) <= NARROW["width"]
    opened.page.locator("#figure_1 button").first.click()
    assert opened.page.evaluate(wide) <= NARROW["width"]
    opened.page.close()


def test_paper__has_figures_and_tables_and_no_controls(opened):
    page = opened.page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#figure_1 img").is_visible()
    assert page.locator("#tables table").first.is_visible()
    assert page.locator("#claims table").is_visible()
    for hidden in (".controls", "nav", "#views"):
        assert not page.locator(hidden).first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("#tables table").first.is_visible()


def test_headings_and_names__serve_a_screen_reader(opened):
    page = opened.page
    levels = page.evaluate(
        "[...document.querySelectorAll('header h1, main :is(h2, h3)')]"
        ".map(heading => Number(heading.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, select, input, img, [role=img], [role=region]')]"
        ".filter(e => !e.shadowRoot && !e.closest('.bk-Figure')).filter(e => !(e.textContent.trim()"
        " || e.ariaLabel || e.alt || e.labels?.length || e.getAttribute('aria-labelledby')))"
        ".map(e => e.outerHTML)"
    )
    assert unnamed == []
    assert page.locator("table:not(:has(caption))").count() == 0
