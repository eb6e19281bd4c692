import torch

from hypergan.data.augmentation import crop_and_flip

MEAN, STD = (0.25, 0.5), (0.5, 2.0)


def augmented(images, seed=0, padding=2):
    generator = torch.Generator().manual_seed(seed)
    return crop_and_flip(MEAN, STD, padding)(images, generator)


def windows(image, padding):
    """Every crop of a padded image and its mirror image, one by one."""
    black = torch.tensor([-0.5, -0.25]).view(2, 1, 1)
    channels, height, width = image.shape
    padded = black.expand(channels, height + 2 * padding, width + 2 * padding).clone()
    padded[:, padding : padding + height, padding : padding + width] = image
    for top in range(2 * padding + 1):
        for left in range(2 * padding + 1):
            crop = padded[:, top : top + height, left : left + width]
            yield from ((top, left, False, crop), (top, left, True, crop.flip(-1)))


def test_each_image_is_a_crop_of_itself_and_every_crop_occurs():
    images = torch.randn(400, 2, 5, 6, generator=torch.Generator().manual_seed(1))
    seen = set()
    for image, changed in zip(images, augmented(images), strict=True):
        matches = [name for *name, crop in windows(image, 2) if torch.equal(crop, changed)]
        assert len(matches) == 1
        seen.add(tuple(matches[0]))
    assert len(seen) == 50  # 5 x 5 corners, mirrored or not


def test_the_generator_alone_decides():
    images = torch.randn(8, 2, 5, 5)
    assert torch.equal(augmented(images, seed=3), augmented(images, seed=3))
    assert not torch.equal(augmented(images, seed=3), augmented(images, seed=4))


def test_the_images_given_are_left_as_they_are():
    images = torch.randn(8, 2, 5, 5)
    before = images.clone()
    augmented(images)
    assert torch.equal(images, before)
