"""What is known of a data set besides its examples."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from hypergan.data.raw import Raw

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class DataSet:
    """All that is known of a data set.

    Attributes:
        title: What figures and tables call it.
        task: What networks do with it.
        target: Makes its target network, given the number of classes.
        read: Reads it, given the folder of the data sets.
        stand_in: Makes the images that take its place in the profile ``smoke``; None where it needs
            no download.
        images: How many images it has for training and for testing; (0, 0) if that is of no
            concern.
        colour: Whether its images have three channels.
        compared: Whether Table 2 shows it.
        attacked: Whether networks trained on it are attacked.
        like: Another data set, whose settings a method uses here if it has none for this one.
    """

    title: str
    task: Task
    target: Callable[[int], nn.Module]
    read: Callable[[Path], Raw]
    stand_in: Callable[[Path], Raw] | None = None
    images: tuple[int, int] = (0, 0)
    colour: bool = False
    compared: bool = True
    attacked: bool = False
    like: str = ""
