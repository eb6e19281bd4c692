"""Random changes of training images that leave their class as it is.

Shapes: B images, C channels, H x W pixels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from hypergan.fitting import Augmentation
from hypergan.randomness import on


def crop_and_flip(mean: Sequence[float], std: Sequence[float], padding: int = 4) -> Augmentation:
    """Random crops of images padded with black, half of them mirrored (He et al., 2016, §4.2).

    Every image gets a crop of its own. All of them are taken by one gather, which costs about a
    hundredth of a training step.

    Args:
        mean: Per channel: images are ``(pixel - mean) / std``, and black is a pixel of 0.
        std: Per channel, like ``mean``.
        padding: Black pixels added on each side.
    """
    black = (-torch.tensor(mean) / torch.tensor(std)).view(-1, 1, 1)

    def augment(images: Tensor, generator: torch.Generator) -> Tensor:
        count, channels, height, width = images.shape
        device = images.device
        padded = (
            black.to(images)
            .expand(count, channels, height + 2 * padding, width + 2 * padding)
            .clone()
        )
        padded[..., padding : padding + height, padding : padding + width] = images
        corners = on(device, torch.randint(2 * padding + 1, (2, count, 1), generator=generator))
        mirrored = on(device, torch.randint(2, (count, 1), generator=generator).bool())
        across, down = torch.arange(width, device=device), torch.arange(height, device=device)
        rows = corners[0] + down
        columns = corners[1] + torch.where(mirrored, across.flip(0), across)
        places = rows[:, :, None] * padded.shape[-1] + columns[:, None, :]
        taken = places.view(count, 1, -1).expand(-1, channels, -1)
        return padded.flatten(2).gather(2, taken).view_as(images)

    return augment
