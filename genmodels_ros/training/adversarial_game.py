"""One round of the adversarial game, whichever objective it is played with: some updates of D, then one of G."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from genmodels_ros.training.collapse_watch import preference
from genmodels_ros.training.gan_objectives import Objective, clip_weights


class AdversarialGame:
    """Players, optimisers and rules. G: code [B, Z] → sample; D: sample → logits.

    gamma: weight of the penalty, the objective's own when None; penalty_every: it is taken every so many rounds, and
    weighs as many times more (Karras et al. 2020, "lazy regularisation"); show: what D is shown of a sample, the same
    for real and generated ones (differentiable augmentation).
    """

    def __init__(
        self,
        objective: Objective,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizers: dict[str, torch.optim.Optimizer],
        *,
        rng: torch.Generator,
        gamma: float | None = None,
        penalty_every: int = 1,
        show: Callable[[Tensor], Tensor] = lambda sample: sample,
    ):
        self.objective, self.generator, self.discriminator = objective, generator, discriminator
        self.optimizers, self.rng, self.show = optimizers, rng, show
        self.gamma, self.penalty_every = objective.gamma if gamma is None else gamma, penalty_every

    def round(self, number: int, reals: Callable[[], Tensor], codes: Callable[[], Tensor]) -> dict[str, float]:
        """Plays round `number` with fresh batches of `reals()` and `codes()`; returns what `CollapseWatch` watches."""
        for _ in range(self.objective.discriminator_steps):
            report = self.update_discriminator(number, reals(), codes())
        return report | self.update_generator(reals(), codes())

    def update_discriminator(self, number: int, real: Tensor, code: Tensor) -> dict[str, float]:
        with torch.no_grad():
            fake = self.generator(code)
        real, fake = self.show(real), self.show(fake)
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        loss = adversarial = self.objective.discriminator(real_logits, fake_logits)
        if self.objective.penalty is not None and self.gamma and number % self.penalty_every == 0:
            penalty = self.objective.penalty(self.discriminator, real, fake, self.rng)
            loss = loss + self.gamma * self.penalty_every * penalty
        _descend(self.optimizers["discriminator"], loss)
        if self.objective.clip is not None:
            clip_weights(self.discriminator, self.objective.clip)
        margin = 0.5 * (real_logits.detach().mean() + fake_logits.detach().mean())
        return {
            "discriminator_loss": float(adversarial.detach()),
            "discriminator_accuracy": preference(real_logits, fake_logits),
            "overfitting": float((real_logits.detach() - margin).sign().mean()),
        }

    def update_generator(self, real: Tensor, code: Tensor) -> dict[str, float]:
        self.discriminator.requires_grad_(False)
        with torch.no_grad():
            real_logits = self.discriminator(self.show(real))
        loss = self.objective.generator(real_logits, self.discriminator(self.show(self.generator(code))))
        _descend(self.optimizers["generator"], loss)
        self.discriminator.requires_grad_(True)
        return {"generator_loss": float(loss.detach())}


def adam(
    generator: nn.Module, discriminator: nn.Module, rates: tuple[float, float], momentum: float = 0.0
) -> dict[str, torch.optim.Adam]:
    """Adam for both players; without momentum, as it makes a game circle (Gidel et al. 2019) unless D is damped."""
    players = {"generator": generator, "discriminator": discriminator}
    return {
        name: torch.optim.Adam(player.parameters(), rate, betas=(momentum, 0.99))
        for (name, player), rate in zip(players.items(), rates, strict=True)
    }


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
