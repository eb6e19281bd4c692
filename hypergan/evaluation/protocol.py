"""Settings by which trained posteriors are evaluated and attacked, the same for every method."""

from dataclasses import dataclass

from hypergan.errors import require_at_least
from hypergan.kinds import require_kinds
from hypergan.precision import Precision


@dataclass(frozen=True)
class Attack:
    """How a trained posterior is attacked (section 4.5).

    Attributes:
        images: Test images attacked, evenly spaced.
        eps: Largest changes to a pixel, in [0, 1].
        steps: Steps of PGD per start.
        restarts: Random starts of PGD.
        ensembles: For each attack: number of networks attacked together, of new networks that the
            examples are tested on, and of images, fewer for many networks.
        singles: Single networks attacked to see how far their examples transfer.
        transfer: Sizes of the ensembles that these examples are tested on.
        draws: Number of networks drawn anew at each step of the adaptive attack, and of fixed ones
            in the attack it is compared with. Both take the steps of all restarts from one start,
            and are tested on as many new networks as the largest ``transfer``.
        strong_steps: Steps of one more attack on ``draws`` fixed networks, which does not stop
            early either; 0 for none. It shows whether the steps above are enough.
    """

    images: int = 100
    eps: tuple[float, ...] = (0.01, 0.03, 0.08, 0.1, 0.3, 0.5, 1.0)
    steps: int = 10
    restarts: int = 2
    ensembles: tuple[tuple[int, int, int], ...] = (
        (1, 100, 100),
        (5, 5, 100),
        (10, 10, 100),
        (100, 100, 50),
        (1000, 1000, 10),
    )
    singles: int = 3
    transfer: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100)
    draws: int = 10
    strong_steps: int = 0

    def __post_init__(self) -> None:
        """Check all settings.

        Raises:
            SettingsError: If a value has the wrong type or is out of range.
        """
        require_kinds(Attack, vars(self))
        require_at_least(
            0,
            singles=self.singles,
            strong_steps=self.strong_steps,
            eps=min(self.eps, default=0),
        )
        sizes = [number for attacked in self.ensembles for number in attacked]
        require_at_least(
            1,
            images=self.images,
            steps=self.steps,
            restarts=self.restarts,
            ensembles=min(sizes, default=1),
            transfer=min(self.transfer, default=1),
            draws=self.draws,
        )


@dataclass(frozen=True)
class Evaluation:
    """How a trained posterior is evaluated.

    Attributes:
        networks: Networks per full ensemble, whose norms are also measured.
        sizes: Sizes of the ensembles that are scored; each full ensemble is split into disjoint
            ones of every size.
        draws: Number of full ensembles.
        many: Size of one large ensemble whose uncertainty is measured, if draws are unlimited; 0
            for none.
        stride: The large ensemble sees every ``stride``-th image.
        attack: The attacks; None for none.
        precision: Precision of matrix products, see :func:`hypergan.precision.products_in`.
    """

    networks: int = 100
    sizes: tuple[int, ...] = (1, 5, 10, 100)
    draws: int = 1
    many: int = 1000
    stride: int = 10
    attack: Attack | None = None
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        """Check all settings.

        Raises:
            SettingsError: If a value has the wrong type or is out of range.
        """
        require_kinds(Evaluation, vars(self))
        require_at_least(0, many=self.many)
        require_at_least(
            1,
            networks=self.networks,
            sizes=min(self.sizes, default=1),
            draws=self.draws,
            stride=self.stride,
        )


def at_most(size: int | None, wanted: int) -> int:
    """The wanted number of networks, or all that a posterior of limited size has."""
    return wanted if size is None else min(size, wanted)
