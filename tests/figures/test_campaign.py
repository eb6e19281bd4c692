"""The campaign's progress."""

from collections import Counter
from itertools import product

from hypergan.data import datasets
from hypergan.experiments import methods
from hypergan.figures import campaign


def test_every_method_that_is_compared_has_as_many_seeds_on_every_data_set_of_images():
    counts = Counter((cell.method, cell.dataset) for cell in campaign.cells())
    pairs = product(methods.compared(), datasets.compared())
    assert {counts[pair] for pair in pairs} == {5}
    assert len(set(campaign.cells())) == counts.total()


def test_a_record_counts_once_it_is_published(tmp_path, monkeypatch):
    cell = next(campaign.cells())
    record = campaign.published() / cell.path
    monkeypatch.setattr(campaign, "published", lambda: tmp_path)
    total = sum(1 for _ in campaign.cells())
    assert f" 0 of {total} cells" in campaign.progress().caption
    for path in record.parent.glob(f"{record.stem}.*"):
        copy = tmp_path / cell.path.with_name(path.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    table = campaign.progress()
    assert f" 1 of {total} cells" in table.caption
    assert table.frame.loc[methods.title_of(cell.method), cell.dataset] == "1 of 5"
