"""The variational autoencoder (Kingma & Welling 2014): p(x) = ∫ p(x | z) p(z) dz, with q(z | x) to find likely z.

    log p(x) >= E_q log 1/K sum_k w_k      w_k = p(x | z_k) p(z_k) / q(z_k | x)     IWAE (Burda et al. 2016, eq. 8)
             >= E_q log p(x | z) - KL(q(z | x) ‖ p(z))                              ELBO (K = 1; their eq. 3)

p(x | z) is Gaussian. The latent is `latent` numbers with p(z) = N(0, I), or `latent` one-of-K variables, all classes
alike, laid out as one-hot vectors: a code of latent log2(classes) bits.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.models.family import Family, FamilyConfig, perceptron, with_condition
from genmodels_ros.models.world_model.latent import LATENTS, Categorical, Gaussian, Latent

LEAST_STD = 1e-3  # of q
FIRST_LOG_SIGMA = -1.0  # begun at 0, all is noise to the decoder, and the KL closes the latent before it opens
LEAST_LOG_SIGMA = -6.0
ROWS = 65_536  # that are decoded at once
ACTIVE = 0.01  # variance of the posterior's mean from which on a unit is used (Burda et al. 2016, section 5)
ESTIMATORS = ("straight_through", "gumbel_softmax")


@dataclass(frozen=True)
class VariationalAutoencoderConfig(FamilyConfig):
    """latent: numbers, or variables of `classes` classes each where distribution is categorical.

    beta: weight of the KL (Higgins et al. 2017). free_bits: nats of a latent number, or variable, that cost nothing
    (Kingma et al. 2016, eq. 15). bound_samples: K of log_prob. estimator, temperature: how gradients pass a categorical
    draw. unimix: share of the uniform distribution in q (Hafner et al. 2023). layers: 0 is a linear model.
    """

    latent: int = 8
    distribution: str = "gaussian"
    classes: int = 8
    estimator: str = "straight_through"
    temperature: float = 0.5
    unimix: float = 0.01
    beta: float = 1.0
    free_bits: float = 0.0
    bound_samples: int = 64
    width: int = 128
    layers: int = 2

    def check(self) -> None:
        self.within("latent", 1, 4096)
        self.one_of("distribution", tuple(LATENTS))
        self.within("classes", 2, 4096)
        self.one_of("estimator", ESTIMATORS)
        self.within("temperature", 0.01, 10.0)
        self.within("unimix", 0.0, 0.5)
        self.within("beta", 0.0, 1000.0)
        self.within("free_bits", 0.0, 100.0)
        self.within("bound_samples", 1, 1_000_000)
        self.within("width", 1, 8192)
        self.within("layers", 0, 32)

    @property
    def latent_numbers(self) -> int:
        """Length of z."""
        return self.latent * (self.classes if self.distribution == "categorical" else 1)


class VariationalAutoencoder(Family):
    """Decoder variance is one number a column, learnt."""

    Config = VariationalAutoencoderConfig
    likelihood = "bound"

    def __init__(self, config: VariationalAutoencoderConfig):
        super().__init__(config)
        D, C, Z = config.dimension, config.condition_dimension, config.latent_numbers
        outputs = LATENTS[config.distribution].num_parameters(Z)
        self.encoder = perceptron(D + C, outputs, config.width, config.layers)
        self.decoder = perceptron(Z + C, D, config.width, config.layers)
        self.log_sigma = nn.Parameter(torch.full((D,), FIRST_LOG_SIGMA))

    def posterior(self, x: Tensor, condition: Tensor | None = None) -> Latent:
        """q(z | x)."""
        parameters = self.encoder(with_condition(x, condition))
        if self.config.distribution == "categorical":
            return Categorical.from_parameters(parameters, self.config.classes, self.config.unimix)
        return Gaussian.from_parameters(parameters, LEAST_STD)

    def prior(self, n: int) -> Latent:
        """p(z), n times."""
        if self.config.distribution == "categorical":
            equal = self.log_sigma.new_full(
                (n, self.config.latent, self.config.classes), -math.log(self.config.classes)
            )
            return Categorical(equal)
        zeros = self.log_sigma.new_zeros(n, self.config.latent)
        return Gaussian(zeros, zeros + 1)

    def log_likelihood(self, x: Tensor, z: Tensor, condition: Tensor | None) -> Tensor:
        """log p(x | z) [N]."""
        return Gaussian(self.decode(z, condition), self.sigma.expand_as(x)).log_prob(x)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        """-ELBO by one draw, with beta and free bits; the KL of each latent is averaged over the batch first."""
        q = self.posterior(x, condition)
        relaxed = self.training and self.config.distribution == "categorical"
        relaxed = relaxed and self.config.estimator == "gumbel_softmax"
        z = q.relaxed(self.config.temperature, rng) if relaxed else q.sample(rng)
        kl = q.divergences(self.prior(len(x))).mean(0).clamp(min=self.config.free_bits).sum()
        return self.config.beta * kl - self.log_likelihood(x, z, condition).mean()

    def elbo(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        """[N], by one draw and the KL in closed form."""
        q = self.posterior(x, condition)
        return self.log_likelihood(x, q.sample(rng), condition) - q.divergence(self.prior(len(x)))

    def bound(self, x: Tensor, condition: Tensor | None, samples: int, rng: torch.Generator) -> Tensor:
        """The IWAE bound [N] by K = `samples` draws: it rises with K, towards log p(x)."""
        q, log_weights = self.posterior(x, condition), []
        at_once = max(1, ROWS // len(x))
        for first in range(0, samples, at_once):
            k = min(at_once, samples - first)
            again = lambda values, k=k: values.expand(k, *values.shape).flatten(0, 1)  # noqa: E731
            many, given = q.map(again), None if condition is None else again(condition)
            z = many.sample(rng)
            log_w = self.log_likelihood(again(x), z, given) + self.prior(len(z)).log_prob(z) - many.log_prob(z)
            log_weights.append(log_w.unflatten(0, (k, len(x))))
        return torch.cat(log_weights).logsumexp(0) - math.log(samples)

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        """The IWAE bound by `bound_samples` draws."""
        return self.bound(x, condition, self.config.bound_samples, rng or torch.Generator().manual_seed(0))

    def encode(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """The mean of q, or its likeliest classes [N, latent_numbers]."""
        q = self.posterior(x, condition)
        return q.most_likely() if isinstance(q, Categorical) else q.mean

    def decode(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.decoder(with_condition(z, condition))

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        z = self.prior(n).sample(rng)
        mean = self.decode(z, condition)
        return Gaussian(mean, self.sigma.expand_as(mean)).sample(rng)

    @property
    def sigma(self) -> Tensor:
        """[D] standard deviation of p(x | z)."""
        return self.log_sigma.clamp(min=LEAST_LOG_SIGMA).exp()

    @torch.no_grad()
    def active_units(self, x: Tensor, condition: Tensor | None = None) -> int:
        """Latent numbers, or variables, whose posterior mean depends on x: variance over x of more than ACTIVE."""
        variance = self.posterior(x, condition).mean.var(dim=0, correction=0)
        return int((variance.unflatten(0, (self.config.latent, -1)).sum(-1) > ACTIVE).sum())

    def warnings(self, x: Tensor, condition: Tensor | None = None) -> list[str]:
        """Posterior collapse: fewer units in use than half of what the data could fill."""
        active, latent = self.active_units(x, condition), self.config.latent
        if active >= min(latent, self.config.dimension) / 2:
            return []
        return [
            f"Posterior collapse: {active} of {latent} latents are in use. Lower beta, raise free_bits (0.1 to start "
            "with), or ask for fewer latents."
        ]
