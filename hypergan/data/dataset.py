"""The description of a data set."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from hypergan.data.raw import Raw

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class DataSet:
    """Everything known about a data set.

    Attributes:
        title: Its name in figures and tables.
        task: The task that networks learn from it.
        target: Makes its target network, given the number of classes.
        read: Reads it, given the folder of the data sets.
        stand_in: Makes the images that replace it in the profile ``smoke``; None if it needs no
            download.
        images: Numbers of training and test images; (0, 0) if they do not matter.
        colour: Whether its images have three channels.
        augmentation: How its training images are changed, by name; "" for not at all.
        compared: Whether Table 2 shows it.
        attacked: Whether networks trained on it are attacked.
        like: Another data set, whose settings a method uses if it has none for this one.
    """

    title: str
    task: Task
    target: Callable[[int], nn.Module]
    read: Callable[[Path], Raw]
    stand_in: Callable[[Path], Raw] | None = None
    images: tuple[int, int] = (0, 0)
    colour: bool = False
    augmentation: str = ""
    compared: bool = True
    attacked: bool = False
    like: str = ""
