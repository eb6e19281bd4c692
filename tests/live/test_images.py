"""What the scripts of images hold is what the records say."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from examples import with_arrays
from PIL import Image

from hypergan.data import pictures
from hypergan.experiments.collection import Collection, compare
from hypergan.figures.attacked import attacked_images
from hypergan.live import page


def cut(sheet, mode="L"):
    """The pictures of a sheet, (N, H, W), or (N, H, W, 3) of the mode RGB."""
    data = base64.b64decode(sheet["address"].partition(",")[2])
    whole = np.asarray(Image.open(io.BytesIO(data)).convert(mode))
    rows = np.split(whole, sheet["down"])
    return np.stack([one for row in rows for one in np.split(row, sheet["across"], axis=1)])


def content(part):
    """What a script puts into ``hypergan.numbers``."""
    return json.loads(part.partition("]=")[2].rstrip(";\n"))


def test_pictures_have_their_records_numbers(images):
    record = images.shown["hypergan"]
    found = content(page.part("smoke/mnist/hypergan/seed3.entropies"))
    assert (found["title"], found["networks"], found["seed"]) == ("HyperGAN", 100, 3)
    for where, own in found["sets"].items():
        some = pictures.embedded("mnist", where)
        every = record.arrays[f"entropy_{where}_100"].astype(float)
        for picture, place in enumerate(some.indices):
            assert own["entropy"][picture] == pytest.approx(every[place], abs=1e-3)
            assert own["share"][picture] == pytest.approx((every <= every[place]).mean(), abs=1e-4)
            unsure = record.arrays[f"least_confidence_{where}_100"][place]
            assert own["confidence"][picture] == pytest.approx(1 - float(unsure), abs=1e-3)
            assert own["answer"][picture] == record.arrays[f"answer_{where}"][place]
        assert own["count"] == len(every)


def test_every_picture_has_its_second_answer(images):
    record = images.shown["hypergan"]
    own = content(page.part("smoke/mnist/hypergan/seed3.entropies"))["sets"]["out"]
    for (index, share), row in zip(own["second"], record.arrays["shown_out"], strict=True):
        assert share == pytest.approx(float(np.sort(row)[-2]), abs=1e-3)
        assert row[index] == np.sort(row)[-2]


def test_a_record_without_answers_gives_none(images):
    own = content(page.part("smoke/mnist/ensemble/seed3.entropies"))["sets"]["in"]
    assert own["answer"] is None
    assert not any(own["second"])
    assert len(own["confidence"]) == pictures.COUNT


@pytest.mark.parametrize("dataset", pictures.SHOWN)
def test_published_pictures_travel_as_one(dataset):
    found = content(page.part(f"pictures/{dataset}"))
    for where, sent in found.items():
        some = pictures.published(dataset, where)
        assert sent["words"] == some.words
        grey = some.images.ndim == 3
        off = np.abs(cut(sent["sheet"], "L" if grey else "RGB").astype(int) - some.images)
        assert off.mean() < (1e-9 if grey else 6)  # photographs are compressed
    assert len(page.part(f"pictures/{dataset}")) < 100_000


def test_attacked_images_travel_to_the_byte(images):
    record = images.shown["hypergan"]
    found = content(page.part("smoke/mnist/hypergan/seed3.attacked"))
    pixels = record.arrays["images_pgd_10"]
    assert np.array_equal(cut(found["sheet"]), pixels.reshape(-1, 28, 28))
    assert (found["sheet"]["down"], found["sheet"]["across"]) == pixels.shape[:2]
    assert found["eps"] == [0, 0.1, 0.3]
    for which, answers in found["tested"].items():
        softmax = record.arrays[f"softmax_pgd_10_{which}"]
        assert np.allclose(answers["softmax"], softmax, atol=1e-3)
        assert np.allclose(
            answers["entropy"], record.arrays[f"entropy_pgd_10_{which}"][:, :8], atol=1e-3
        )
        assert answers["wrong"] == [[0] * 8, [0] * 8, [1] * 8]


def test_attacked_images_are_shown_eps_by_eps(images):
    grid = attacked_images(images, count=2)
    record = images.shown["hypergan"]
    pixels = record.arrays["images_pgd_10"]
    assert np.array_equal(grid.images[:3], pixels[:, 0, 0])
    assert np.array_equal(grid.images[3:], pixels[:, 1, 0])
    answers = record.arrays["softmax_pgd_10_fresh"].argmax(-1)
    assert list(grid.below) == [
        f"{eps}\n{answers[place, image]}"
        for image in range(2)
        for place, eps in enumerate(("0", "0.1", "0.3"))
    ]
    assert "what 10 new ones answer" in grid.caption
    assert attacked_images(Collection(images.of("ensemble"), [])).data == ""


def test_only_records_with_attacked_images_are_shown(images):
    assert page.attacked(images).numbers == ["smoke/mnist/hypergan/seed3.attacked"]
    without = Collection(images.of("ensemble"), [])
    assert "None of this page's does" in page.attacked(without).data


def test_attacks_on_other_images_do_not_stand_beside_each_other(images):
    own = images.shown["hypergan"]
    other = with_arrays(replace(own, method="ensemble"), dict(own.arrays))
    assert len(page.attacked(Collection([own, other], [])).numbers) == 2
    other.arrays["images_pgd_10"] = 255 - own.arrays["images_pgd_10"]
    assert len(page.attacked(Collection([own, other], [])).numbers) == 1


@pytest.mark.parametrize("dataset", pictures.SHOWN)
def test_published_records_show_their_images(dataset):
    figure = page.entropies(compare(dataset))
    assert len(figure.numbers) > 1
    assert figure.numbers[0] == f"pictures/{dataset}"
    assert sum(map(len, figure.parts.values())) < 300_000


def test_a_page_without_records_says_how_to_have_them():
    none = compare("mnist", [77])
    assert none.missing[0].command in page.entropies(none)._repr_html_()
    assert "None of this page's does" in page.attacked(none).data
