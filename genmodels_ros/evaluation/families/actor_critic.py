"""A GAN is an actor and a critic in a decision process without states (Pfau & Vinyals 2016, section 3).

    episode    the actor acts once, blindly: a = G(z). A coin decides what is shown: the action (reward 0) or a real
               sample (reward 1). The episode ends: there is no next state and nothing to bootstrap from.
    critic     Q(x) = P(reward 1 | x shown), learnt by cross-entropy from (x, reward)            the discriminator
    actor      ascends a utility of Q(G(z)) by the deterministic policy gradient                 the generator
                   grad_theta = (da / d theta)' grad_a U(Q(a))          (Silver et al. 2014, eq. 7, without a state)

U(Q) = -log(1 - Q) is the minimax game, U(Q) = log Q the non-saturating one. The actor never sees a real sample.

python -m genmodels_ros.evaluation.families.actor_critic
"""

import argparse
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.models.family import perceptron
from genmodels_ros.training.gan_objectives import OBJECTIVES

UTILITIES = {  # of log-odds, q = log Q / (1 - Q): by the objective that it is
    "minimax": lambda q: -nn.functional.logsigmoid(-q),
    "non_saturating": lambda q: nn.functional.logsigmoid(q),
}
MEAN, DEVIATION = 2.0, 0.5  # of the real samples
BATCH, RATE, WIDTH = 256, 2e-3, 32


@dataclass(frozen=True)
class Environment:
    """Shows action or real sample. With as many of either as of the other the coin is fair and the same for both."""

    real: Tensor  # [N, D]

    def step(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """(shown [2 N, D], reward [2 N, 1]) of the two halves of all episodes."""
        reward = torch.cat([torch.ones(len(self.real), 1), torch.zeros(len(action), 1)])
        return torch.cat([self.real, action.detach()]), reward


def critic_loss(critic: nn.Module, shown: Tensor, reward: Tensor) -> Tensor:
    """Cross-entropy of rewards and Q. Twice the mean over episodes is the sum of the two halves' means."""
    return 2 * nn.functional.binary_cross_entropy_with_logits(critic(shown), reward)


def policy_gradient(actor: nn.Module, critic: nn.Module, code: Tensor, utility: str) -> list[Tensor]:
    """Gradient to ascend, of each of the actor's parameters: slope of the critic at the action, then the chain rule."""
    action = actor(code)
    at = action.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(UTILITIES[utility](critic(at)).mean(), at)
    return list(torch.autograd.grad(action, list(actor.parameters()), grad_outputs=slope))


def written_both_ways(utility: str, seed: int = 0) -> tuple[float, float]:
    """Greatest difference between entries of the gradients of (critic and D, actor and G), from the same draws."""
    actor, critic, rng = players(seed)
    real, code = real_samples(rng), torch.randn(BATCH, 1, generator=rng)
    objective = OBJECTIVES[utility]
    of_d = torch.autograd.grad(
        objective.discriminator(critic(real), critic(actor(code).detach())), [*critic.parameters()]
    )
    of_q = torch.autograd.grad(critic_loss(critic, *Environment(real).step(actor(code))), [*critic.parameters()])
    of_g = torch.autograd.grad(objective.generator(critic(real), critic(actor(code))), [*actor.parameters()])
    of_actor = policy_gradient(actor, critic, code, utility)
    return _greatest([a - b for a, b in zip(of_d, of_q, strict=True)]), _greatest(
        [a + b for a, b in zip(of_g, of_actor, strict=True)]  # one descends, the other ascends
    )


def learn(utility: str = "non_saturating", updates: int = 500, seed: int = 0) -> tuple[float, float, float]:
    """Mean and deviation of the actions, and the critic's Q of them, after so many episodes of BATCH actors."""
    actor, critic, rng = players(seed)
    optimizers = [torch.optim.Adam(player.parameters(), RATE, betas=(0.0, 0.9)) for player in (actor, critic)]
    for _ in range(updates):
        code = torch.randn(BATCH, 1, generator=rng)
        optimizers[1].zero_grad()
        critic_loss(critic, *Environment(real_samples(rng)).step(actor(code))).backward()
        optimizers[1].step()
        for parameter, gradient in zip(actor.parameters(), policy_gradient(actor, critic, code, utility), strict=True):
            parameter.grad = -gradient
        optimizers[0].step()
    with torch.no_grad():
        action = actor(torch.randn(4000, 1, generator=rng))
        return float(action.mean()), float(action.std()), float(critic(action).sigmoid().mean())


def players(seed: int) -> tuple[nn.Module, nn.Module, torch.Generator]:
    """Actor, critic, and the generator of what they draw."""
    torch.manual_seed(seed)
    return perceptron(1, 1, WIDTH, 1), perceptron(1, 1, WIDTH, 2), torch.Generator().manual_seed(seed)


def real_samples(rng: torch.Generator) -> Tensor:
    """[BATCH, 1]."""
    return MEAN + DEVIATION * torch.randn(BATCH, 1, generator=rng)


def _greatest(tensors: list[Tensor]) -> float:
    return max(float(tensor.abs().max()) for tensor in tensors)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    for utility in UTILITIES:
        critic, actor = written_both_ways(utility)
        print(f"{utility}: gradients differ by {critic:.1e} (critic and D) and {actor:.1e} (actor and G)")
    mean, deviation, q = learn()
    print(f"the actor acts with mean {mean:.2f} and deviation {deviation:.2f}; real: {MEAN:.2f} and {DEVIATION:.2f}")
    print(f"the critic's Q of its actions: {q:.2f}; 0.50 is a coin's")


if __name__ == "__main__":
    main()
