"""The ResNet-20 of the page on one's own network."""

from hypergan.figures import resnet20


def test_the_finding_follows_what_was_measured():
    measured = resnet20.read()
    measured["generated"] |= {"single": 61.26, "minutes": 77.2}
    (said,) = resnet20.finding(measured)
    assert "one of its networks is right on 61.3 % of the test images" in said
    assert "training took 77 minutes of a core" in said
    assert f"on {measured['plain']['single']:.1f} %; training" in said


def test_the_table_has_a_row_for_each_kind_of_network():
    measured = resnet20.read()
    table = resnet20.table(measured)
    ours = measured["generated"]
    assert table.frame["test accuracy (%)"].to_list() == [
        measured["plain"]["single"], ours["single"], ours["ensemble"],
    ]  # fmt: skip
    assert "272\u202f474 weights" in table.caption
    assert "–" in table._repr_html_()
