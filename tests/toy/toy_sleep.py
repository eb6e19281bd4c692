"""The toy method with steps that take time and no processor, and a checkpoint after each."""

import time
from dataclasses import replace

from toy_method import METHOD as QUICK
from toy_method import SETTINGS, Jittered


class Sleeping(Jittered):
    """A step takes a fifth of a second, the training ten minutes."""

    def update(self, step):
        time.sleep(0.2)
        return super().update(step)


TRAINING = replace(SETTINGS.training, epochs=3_000, steps_per_epoch=1, checkpoint_seconds=0)
METHOD = replace(
    QUICK, posterior=Sleeping, settings={"lite": {"cubic": replace(SETTINGS, training=TRAINING)}}
)
