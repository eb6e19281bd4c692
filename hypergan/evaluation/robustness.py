"""How ensembles withstand attacks (section 4.5): a record's attack metrics and arrays.

Shapes: N networks, B images, C classes.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hypergan.batches import evenly
from hypergan.data.datasets import Data
from hypergan.ensemble import Ensemble
from hypergan.evaluation.attacks import Victim, fgsm, in_pixels, pgd
from hypergan.evaluation.detection import detection
from hypergan.evaluation.protocol import Attack, at_most
from hypergan.evaluation.stages import Arrays, Found, Stages
from hypergan.metrics import entropy, log_mixture, uncertainty
from hypergan.posterior import Posterior
from hypergan.precision import Precision
from hypergan.progress import progress_bar

Method = Callable[[Victim, Tensor, Tensor, float], Tensor]
"""An attack: maps victim, images, labels and eps to adversarial examples."""


@dataclass(frozen=True)
class Outcome:
    """An ensemble's predictions for images.

    Attributes:
        entropy: Entropy of the mean softmax, in nats, (B,).
        mutual_information: Mutual information of class and network, in nats, (B,).
        fools: Whether an image fools each network, (N, B).
        wrong: Whether the mean softmax predicts a wrong class, (B,).
        softmax: The mean softmax, (B, C).
        images: The images, (B, channels, H, W).
    """

    entropy: Tensor
    mutual_information: Tensor
    fools: Tensor
    wrong: Tensor
    softmax: Tensor
    images: Tensor

    @classmethod
    def of(cls, victim: Victim, images: Tensor, labels: Tensor) -> "Outcome":
        """Evaluate an ensemble on images (B, channels, H, W) with labels (B,)."""
        log_probabilities = torch.cat([part.log_softmax(-1) for part in victim(images)])
        mixture = log_mixture(log_probabilities)
        unsure = uncertainty(mixture, entropy(log_probabilities.exp()).mean(0))
        return cls(
            unsure["entropy"],
            unsure["mutual_information"],
            log_probabilities.argmax(-1) != labels,
            mixture.argmax(-1) != labels,
            mixture.exp(),
            images,
        )


@torch.no_grad()
def evaluate_attacks(
    posterior: Posterior,
    data: Data,
    attack: Attack,
    stages: Stages,
    *,
    precision: Precision = "auto",
    progress: bool = True,
) -> Found:
    """Attack ensembles, and test the adversarial examples on the same networks and on new ones.

    If the posterior has a limited size, networks that were not attacked serve as new ones, as far
    as there are any; larger ensembles are left out, and so are the adaptive attack and the one it
    is compared with.

    Returns:
        The metrics ``attacks`` and ``transfer``, and arrays.

        ``attacks`` has paths ATTACK / SIZE / TESTED / EPS. ATTACK is fgsm; pgd; eot, PGD over fresh
        draws at each step; unstopped, PGD on fixed networks that, like eot, takes all its steps
        even if every network is fooled; or strong, the same with more steps. SIZE is the number of
        networks attacked at once. TESTED is "same" or "fresh", the networks that the examples were
        tested on. EPS is the largest change to a pixel, "0" for the clean images. Each path leads
        to the numbers of ``networks`` tested and of ``images``; ``entropy``, its mean over the
        images; ``entropy_fooled``, its mean over those that fool every attacked network (for eot,
        every tested one), None if there are none; ``all_fooled``, their share; ``success``, the
        share of images whose mean softmax is wrong; ``fooled``, the mean share of networks that an
        image fools; and ``auroc`` and ``auroc_mutual_information``, how well entropy and mutual
        information tell adversarial examples from clean images.

        The arrays ``SCORE_ATTACK_SIZE_TESTED``, with one row per eps and one column per image, hold
        each image's ``entropy``, ``mutual_information``, ``fooled`` and ``wrong``. For the first
        images attacked with PGD on ``draws`` networks, ``images_pgd_SIZE`` holds the attacked
        pixels as bytes and ``softmax_pgd_SIZE_TESTED`` the ensembles' mean softmax.

        ``transfer`` has paths ATTACK / EPS / N. For the ``examples`` that one network classified
        correctly before the attack on it and wrongly after, ``fooled`` is the mean share of N new
        networks that they fool, and ``success`` the share that the new networks' mean softmax gets
        wrong; both are None without examples.
    """
    size = posterior.size
    ensembles = [sizes for sizes in attack.ensembles if size is None or sizes[0] <= size]
    strong = attack.strong_steps > 0
    tries = 2 * (len(ensembles) + attack.singles + (size is None)) + strong
    metrics: dict[str, Any] = {"fgsm": {}, "pgd": {}}
    arrays: Arrays = {}
    with progress_bar(
        progress, total=tries * len(attack.eps), desc="attacks", unit="attack"
    ) as bar:
        attacker = Attacker(posterior, data, attack, stages.generator, bar, precision)

        def stage(name: str, attacks: int, work: Callable[[], Found]) -> Found:
            end = bar.n + attacks * len(attack.eps)
            found = stages.do(name, work)
            bar.update(end - bar.n)  # for stages done before a restart
            return found

        for sizes in ensembles:
            name = f"attack on {sizes[0]}"
            found, more = stage(name, 2, partial(attacker.attack_ensemble, *sizes))
            for method, summaries in found.items():
                metrics[method][str(sizes[0])] = summaries
            arrays |= more
        if size is None:
            found, more = stage("adaptive attack", 1, attacker.attack_draws)
            metrics["eot"] = {str(attack.draws): found}
            arrays |= more
        transfer, _ = stage("transfer", 2 * attack.singles, attacker.attack_singles)
        if size is None:
            found, more = stage("unstopped attack", 1, attacker.attack_unstopped)
            metrics["unstopped"] = {str(attack.draws): found}
            arrays |= more
        if strong:
            found, more = stage("strong attack", 1, attacker.attack_strongly)
            metrics["strong"] = {str(at_most(size, attack.draws)): found}
            arrays |= more
    return {"attacks": metrics, "transfer": transfer}, arrays


@dataclass(frozen=True)
class Attacker:
    """Attacks the networks of a posterior, in parts of :func:`evaluate_attacks`.

    Attributes:
        posterior: The posterior that networks are drawn from.
        data: The data set whose test images are attacked.
        attack: The settings.
        generator: Source of draws and of random starts.
        bar: Counts attacks, one per eps.
        precision: Precision of matrix products.
    """

    posterior: Posterior
    data: Data
    attack: Attack
    generator: torch.Generator
    bar: Any
    precision: Precision = "auto"

    @property
    def methods(self) -> dict[str, Method]:
        """Attacks on fixed networks, by name."""
        steps, restarts = self.attack.steps, self.attack.restarts
        descend = partial(pgd, steps=steps, restarts=restarts, generator=self.generator)
        return {"fgsm": fgsm, "pgd": descend}

    def attack_ensemble(self, attacked: int, new: int, count: int) -> Found:
        """Attack one ensemble with ``count`` images.

        Args:
            attacked: Number of networks attacked together.
            new: Number of other networks that the examples are also tested on.
            count: Number of images.
        """
        images, labels = pixels(self.data, self.attack.images, count)
        tested = self._victims(attacked, new)
        summaries: dict[str, Any] = {}
        arrays: Arrays = {}
        for name, method in self.methods.items():
            found = self._outcomes(method, tested["same"], tested, images, labels)
            summaries[name] = _summaries(found)
            arrays |= _arrays(found, f"{name}_{attacked}")
            if name == "pgd" and attacked == self.attack.draws:
                arrays |= _shown(found, f"{name}_{attacked}")
        return summaries, arrays

    def attack_draws(self) -> Found:
        """Attack with PGD that draws new networks at each step."""
        return self._attack_to_the_end("eot", self._through(self._drawn), {})

    def attack_unstopped(self) -> Found:
        """Attack as many fixed networks with as many steps."""
        fixed = self._fixed(self._drawn())
        return self._attack_to_the_end("unstopped", fixed, {"same": fixed})

    def attack_strongly(self) -> Found:
        """Attack fixed networks with PGD of many steps."""
        count = at_most(self.posterior.size, self.attack.draws)
        tested = self._victims(count, count)
        images, labels = pixels(self.data, self.attack.images)
        method = partial(
            pgd, steps=self.attack.strong_steps, until_fooled=False, generator=self.generator
        )
        found = self._outcomes(method, tested["same"], tested, images, labels)
        return _summaries(found), _arrays(found, f"strong_{count}")

    def _drawn(self) -> Ensemble:
        return self.posterior.ensemble(self.attack.draws, self.generator)

    def _attack_to_the_end(self, name: str, attacked: Victim, tested: dict[str, Victim]) -> Found:
        """Attack with PGD that does not stop early; also test on many new networks."""
        attack = self.attack
        images, labels = pixels(self.data, attack.images)
        new = self.posterior.ensemble(max(attack.transfer), self.generator)
        tested = tested | {"fresh": self._fixed(new)}
        all_steps = attack.steps * attack.restarts
        method = partial(pgd, steps=all_steps, until_fooled=False, generator=self.generator)
        found = self._outcomes(method, attacked, tested, images, labels)
        return _summaries(found), _arrays(found, f"{name}_{attack.draws}")

    def attack_singles(self) -> Found:
        """Attack single networks, and test the examples on others."""
        attack, held = self.attack, self.posterior.size
        images, labels = pixels(self.data, attack.images)
        most = max(attack.transfer) if held is None else min(max(attack.transfer), held - 1)
        sizes = [size for size in attack.transfer if size <= most]
        shares = defaultdict[tuple[str, float, int], list[tuple[Tensor, Tensor]]](list)
        for _ in range(attack.singles if sizes else 0):
            victims = self._victims(1, most)
            single, fresh = victims.values()
            right = ~Outcome.of(single, images, labels).wrong
            for (name, method), eps in product(self.methods.items(), attack.eps):
                adversarial = method(single, images, labels, eps)
                example = right & Outcome.of(single, adversarial, labels).wrong
                log_probabilities = torch.cat([part.log_softmax(-1) for part in fresh(adversarial)])
                fools = log_probabilities.argmax(-1) != labels
                for size in sizes:
                    wrong = log_mixture(log_probabilities[:size]).argmax(-1) != labels
                    fooled = fools[:size].float().mean(0)
                    shares[name, eps, size].append((fooled[example], wrong[example].float()))
                self.bar.update()
        found: dict[str, Any] = {
            name: {f"{eps:g}": {} for eps in attack.eps} for name in self.methods
        }
        for (name, eps, size), values in shares.items():
            fooled, wrong = (torch.cat(parts) for parts in zip(*values, strict=True))
            found[name][f"{eps:g}"][str(size)] = {
                "examples": len(fooled),
                "fooled": float(fooled.mean()) if len(fooled) else None,
                "success": float(wrong.mean()) if len(fooled) else None,
            }
        return found, {}

    def _victims(self, attacked: int, new: int) -> dict[str, Victim]:
        """The "same" ensemble that is attacked and, if there are more networks, a "fresh" one."""
        size = self.posterior.size
        count = at_most(size, attacked + new)
        drawn = self.posterior.ensemble(count, self.generator)
        if size is not None:  # a posterior may return all its networks in order
            order = torch.randperm(count, generator=self.generator)
            weights = {name: tensor[order] for name, tensor in drawn.weights.items()}
            drawn = Ensemble(drawn.target, weights)
        victims = {"same": self._fixed(drawn[:attacked])}
        if count > attacked:
            victims["fresh"] = self._fixed(drawn[attacked:])
        return victims

    def _fixed(self, ensemble: Ensemble) -> Victim:
        """A fixed ensemble as a victim."""
        return self._through(lambda: ensemble)

    def _through(self, draw: Callable[[], Ensemble]) -> Victim:
        """A victim whose ensemble may be drawn anew at every forward pass."""
        return in_pixels(draw, self.data.mean, self.data.std, precision=self.precision)

    def _outcomes(
        self,
        method: Method,
        attacked: Victim,
        tested: dict[str, Victim],
        images: Tensor,
        labels: Tensor,
    ) -> dict[str, dict[float, Outcome]]:
        """Outcomes of an attack, for each tested ensemble by eps, the clean images first."""
        found: dict[str, dict[float, Outcome]] = {name: {} for name in tested}
        for eps in (0.0, *self.attack.eps):
            shown = method(attacked, images, labels, eps) if eps else images
            for name, victim in tested.items():
                found[name][eps] = Outcome.of(victim, shown, labels)
            self.bar.update(eps > 0)
        return found


def pixels(data: Data, among: int, count: int | None = None) -> tuple[Tensor, Tensor]:
    """Evenly spaced test images in [0, 1] and their labels, all of them if there are fewer.

    Args:
        data: The data.
        among: Number of images.
        count: If given, return only ``count`` of these images, again evenly spaced.
    """
    inputs, labels = data.test.tensors
    chosen = evenly(len(inputs), among)
    if count is not None:
        chosen = chosen[:: max(1, len(chosen) // count)][:count]
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (data.mean, data.std))
    return (inputs[chosen] * std + mean).clamp(0, 1), labels[chosen]


def _summaries(found: dict[str, dict[float, Outcome]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Summaries of outcomes, by tested ensemble and eps."""
    attacked = next(iter(found.values()))  # "same" comes first
    return {
        name: {
            f"{eps:g}": _summary(outcome, outcomes[0.0], attacked[eps].fools.all(0))
            for eps, outcome in outcomes.items()
        }
        for name, outcomes in found.items()
    }


def _summary(outcome: Outcome, clean: Outcome, all_fooled: Tensor) -> dict[str, Any]:
    """Summarise an outcome, given that of the clean images."""
    kept = outcome.entropy[all_fooled]
    information = detection(clean.mutual_information, outcome.mutual_information)
    return {
        "networks": len(outcome.fools),
        "images": len(outcome.wrong),
        "entropy": float(outcome.entropy.mean()),
        "entropy_fooled": float(kept.mean()) if len(kept) else None,
        "all_fooled": float(all_fooled.float().mean()),
        "success": float(outcome.wrong.float().mean()),
        "fooled": float(outcome.fools.float().mean()),
        "auroc": detection(clean.entropy, outcome.entropy)["auroc"],
        "auroc_mutual_information": information["auroc"],
    }


def _shown(found: dict[str, dict[float, Outcome]], name: str, count: int = 8) -> Arrays:
    """The first attacked images as bytes, (eps, count, ...), and each ensemble's softmax."""
    images = torch.stack([outcome.images[:count] for outcome in found["same"].values()])
    arrays = {f"images_{name}": images.mul(255).round().byte().numpy()}
    for tested, by_eps in found.items():
        softmax = torch.stack([outcome.softmax[:count] for outcome in by_eps.values()])
        arrays[f"softmax_{name}_{tested}"] = softmax.numpy().astype(np.float16)
    return arrays


def _arrays(found: dict[str, dict[float, Outcome]], name: str) -> Arrays:
    """Each image's scores, (eps, B) per score."""
    arrays: Arrays = {}
    for tested, by_eps in found.items():
        outcomes = by_eps.values()
        columns = {
            "entropy": [outcome.entropy for outcome in outcomes],
            "mutual_information": [outcome.mutual_information for outcome in outcomes],
            "fooled": [outcome.fools.float().mean(0) for outcome in outcomes],
        }
        arrays |= {
            f"{score}_{name}_{tested}": torch.stack(values).numpy().astype(np.float16)
            for score, values in columns.items()
        }
        wrong = torch.stack([outcome.wrong for outcome in outcomes])
        arrays[f"wrong_{name}_{tested}"] = wrong.numpy()
    return arrays
