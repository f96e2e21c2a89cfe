"""A place before and after: which particle became which, and what is said of the whole."""

import image_panels as made
import numpy as np
import pytest
import xarray as xr
from figure_trees import by_gid, misplaced, panel_axes, texts
from matplotlib.patches import ConnectionPatch
from scan_panels import one_panel, panel_a

from nanostitch import draw
from nanostitch.draw import change_pair, kinds
from nanostitch.errors import BatchError

BEFORE = [(2, 2), (2, 3.2), (6, 2), (6, 6)]
AFTER = [(2, 2.5), (4, 6), (6, 2.2)]


def pair(**options):
    """Two particles merge, one grows, one vanishes, one is new."""
    at = {"acquisition": "later", "condition": "merged"}
    return [
        made.raw("early"),
        made.raw("later", "merged"),
        made.particles(BEFORE, acquisition="early"),
        made.particles(AFTER, **at),
        made.change([3, 3, 1, 5], [1, 1, 3, 0], [2, 0, 1], **at, **options),
    ]


def test_change__follows_every_particle_to_what_it_became():
    data = panel_a(one_panel("change"), pair())
    np.testing.assert_allclose(np.stack([data["from_y"], data["from_x"]], -1), BEFORE)
    ends = np.stack([data["to_y"], data["to_x"]], -1)
    np.testing.assert_allclose(ends, [AFTER[0], AFTER[0], AFTER[2], (np.nan, np.nan)])
    assert (data["new_y"].item(), data["new_x"].item()) == AFTER[1]
    assert data["number"].values.tolist() == [0, 1, 0, 2, 0, 1, 0]


def test_change__draws_a_line_from_each_to_what_it_became_in_the_other_image():
    figure = draw.figure(draw.collect(one_panel("change"), pair()))
    lines = figure.findobj(ConnectionPatch)
    found = {(line.xy1[::-1], line.xy2[::-1]) for line in lines}
    assert found == {(BEFORE[0], AFTER[0]), (BEFORE[1], AFTER[0]), (BEFORE[2], AFTER[2])}
    assert all(line.axesA is panel_axes(figure, "a") for line in lines)
    assert all(line.axesB is not panel_axes(figure, "a") for line in lines)


def test_change__says_what_became_of_how_many_and_of_the_area():
    figure = draw.figure(draw.collect(one_panel("change"), pair()))
    said = {text.get_text() for text in texts(figure)}
    assert {"merged (2)", "grown (1)", "vanished (1)", "new (1)"} <= said
    assert "a: area after over before 0.98 (95\xa0% interval 0.95–1.02)" in said
    assert "a: mechanism: coalesc. (probability 0.90)" in said
    assert not misplaced(figure)


def test_change__marks_differ_in_more_than_colour():
    assert len({marker for _, _, marker in (*change_pair.FATES, change_pair.NEW)}) == 8
    axes = panel_axes(draw.figure(draw.collect(one_panel("change"), pair())), "a")
    assert {line.get_marker() for line in by_gid(axes, "fate")} == {
        marker for _, _, marker in change_pair.FATES
    }


def test_change__undecided_is_an_answer():
    products = pair()
    products[-1]["decided_mechanism"] = products[-1]["decided_mechanism"] * 0
    notes = panel_a(one_panel("change"), products).attrs["notes"]
    assert "mechanism: undecided, most likely coalesc. (probability 0.90)" in notes


def test_change__that_cannot_be_trusted_says_why():
    products = pair(reasons={"images do not match": "bad"})
    notes = panel_a(one_panel("change"), products).attrs["notes"]
    assert notes.splitlines()[0] == "bad (images do not match)"


def test_change__leaves_lines_out_where_they_would_hide_the_images():
    rng = np.random.default_rng(1)
    many = change_pair.MOST_LINES + 5
    places = [tuple(place) for place in rng.uniform(1, 7, (many, 2))]
    at = {"acquisition": "later", "condition": "merged"}
    products = [
        *pair()[:2],
        made.particles(places, acquisition="early"),
        made.particles(places, **at),
        made.change([0] * many, np.arange(many) + 1, [1] * many, **at),
    ]
    tree = draw.collect(one_panel("change"), products)
    assert f"lines of {many} particles left out" in tree["a"].attrs["notes"]
    assert not draw.figure(tree).findobj(ConnectionPatch)


@pytest.mark.parametrize("select", [{"acquisition": "later"}, {"acquisition": "early"}])
def test_change__needs_both_images(select):
    with pytest.raises(BatchError, match="select two, one of which names the other"):
        panel_a(one_panel("change", select), pair())


def test_change__asks_for_the_comparison_only_where_there_is_one():
    panel = {"kind": "change", "select": {}}
    assert kinds.needs(panel) == ("adf", ("raw", "particles"))
    assert kinds.also(panel) == ("change",)
    assert kinds.also({"kind": "image", "select": {}}) == ()


def test_change__survives_the_file(tmp_path):
    tree = draw.collect(one_panel("change"), pair())
    tree.to_netcdf(tmp_path / "figure.nc")
    with xr.open_datatree(tmp_path / "figure.nc", decode_times=False) as file:
        read = file.load()
    xr.testing.assert_equal(read, tree)
    draw.figure(read)
