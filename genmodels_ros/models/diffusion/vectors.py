"""A diffusion model of vectors: a small network that denoises x_t = alpha_t x_0 + sigma_t eps, run backwards to sample.

What it predicts (`prediction`), how noise grows (`schedule`) and how the way back is taken (`sampler`) are choices, see
genmodels_ros/sampling: eps on the linear schedule with ddpm is Ho et al. 2020, v on the cosine one Salimans & Ho 2022,
flow on the flow schedule with euler is flow matching (Lipman et al. 2023).

    score   grad_x log p_t(x_t) = -eps(x_t, t) / sigma_t        (Song et al. 2021, "Score-Based Generative Modeling")
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.diffusion.trajectory import sinusoids
from genmodels_ros.models.family import Family, FamilyConfig, perceptron
from genmodels_ros.models.fourier_features import WIDEST, of_unit_columns
from genmodels_ros.sampling.guidance import classifier_free_guidance
from genmodels_ros.sampling.likelihood import log_density
from genmodels_ros.sampling.parameterisations import PARAMETERISATIONS, predicted, signal_and_noise
from genmodels_ros.sampling.reverse_process import inference_steps, sample
from genmodels_ros.sampling.samplers import SAMPLERS, consistency_step
from genmodels_ros.sampling.schedules import SCHEDULES

# The last for students of training/families/few_steps.py.
VECTOR_SAMPLERS = SAMPLERS | {"consistency": consistency_step}


@dataclass(frozen=True)
class VectorDiffusionConfig(FamilyConfig):
    """diffusion_steps: T; inference_steps: of the sampler; density_steps: of log_prob's integration, twice evaluated.

    probes: of the trace in log_prob above EXACT_TRACE dimensions. x_0_bound: estimates are clipped to it, in standard
    deviations of the data. condition_dropout: share of the rows it learns without their condition; needed for guidance
    other than 1, the scale of classifier-free guidance (Ho & Salimans 2022). waves: that the network sees beside x_t, 0
    for none; sharpness: scale of the steepest, per standard deviation of the data.
    """

    prediction: str = "v"
    schedule: str = "cosine"
    diffusion_steps: int = 100
    sampler: str = "dpm_solver"
    inference_steps: int = 20
    density_steps: int = 50
    probes: int = 8
    x_0_bound: float = 10.0
    condition_dropout: float = 0.0
    guidance: float = 1.0
    waves: int = 64
    sharpness: float = 8.0
    width: int = 128
    layers: int = 3

    def check(self) -> None:
        self.one_of("prediction", PARAMETERISATIONS)
        self.one_of("schedule", tuple(SCHEDULES))
        self.within("diffusion_steps", 10, 10_000)
        self.one_of("sampler", tuple(VECTOR_SAMPLERS))
        self.within("inference_steps", 1, self.diffusion_steps)
        self.within("density_steps", 2, self.diffusion_steps)
        self.within("probes", 1, 10_000)
        self.within("x_0_bound", 1.0, 1e6)
        self.within("condition_dropout", 0.0, 0.9)
        self.within("guidance", 0.0, 100.0)
        if self.guidance != 1.0 and not (self.condition_dropout and self.condition_dimension):
            raise GenModelsError(ErrorCode.INVALID_CONFIG, "guidance needs a condition and condition_dropout above 0.")
        self.within("waves", 0, 8192)
        self.within("sharpness", WIDEST, 1000.0)
        self.within("width", 4, 8192)
        self.within("layers", 1, 32)


class VectorDiffusion(Family):
    """forward(x_t, t, known) -> prediction, [N, D].

    With sampler "consistency" it is a student of training/families/few_steps.py: its estimate of x_0 is the end of the
    teacher's curve, not a mean, so that one or two steps are enough, and there is neither score nor density in it.
    """

    Config = VectorDiffusionConfig

    def __init__(self, config: VectorDiffusionConfig):
        super().__init__(config)
        D, C, W = config.dimension, config.condition_dimension, config.width
        self.schedule = SCHEDULES[config.schedule](config.diffusion_steps)
        self.features = of_unit_columns(D, config.waves, config.sharpness)
        self.embed_x, self.embed_step = nn.Linear(D + 2 * config.waves, W), perceptron(W // 2 * 2, W, W, 1)
        self.embed_condition = perceptron(C, W, W, 1) if C else None
        self.unknown = nn.Parameter(0.02 * torch.randn(W)) if C and config.condition_dropout else None
        self.blocks = nn.ModuleList(Block(W) for _ in range(config.layers))
        self.head = nn.Linear(W, D)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def distilled(self) -> bool:
        return self.config.sampler == "consistency"

    @property
    def likelihood(self) -> str:
        return "none" if self.distilled else "estimate"

    def can(self, ability: str) -> bool:
        return super().can(ability) and not (self.distilled and ability in ("log_prob", "loss"))

    def know(self, condition: Tensor | None, dropped: Tensor | None = None) -> Tensor | float:
        """What forward is told of conditions [N, C]; dropped: [N] bool, rows that are to be drawn without theirs."""
        if condition is None:
            return 0.0
        known = self.embed_condition(condition)
        return known if dropped is None else torch.where(dropped[:, None], self.unknown, known)

    def forward(self, x_t: Tensor, t: Tensor | int, known: Tensor | float = 0.0) -> Tensor:
        """t: of all, or of each row [N]; known: of `know`."""
        t = torch.as_tensor(t, device=x_t.device)
        e = self.embed_step(sinusoids(t, self.config.width // 2 * 2).to(x_t)) + known
        h = self.embed_x(torch.cat([x_t, self.features(x_t)], dim=-1))
        for block in self.blocks:
            h = block(h, e)
        return self.head(h)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        """Mean of |p - p_theta(x_t, t)|² over steps and noise, in the network's own parameterisation p."""
        if self.distilled:
            raise GenModelsError(
                ErrorCode.UNSUPPORTED,
                "The consistency sampler needs a teacher: fit with another sampler, then use `genmodels distill`.",
            )
        t = torch.randint(self.schedule.num_steps, (len(x),), generator=rng).to(x.device)
        eps = torch.randn(x.shape, generator=rng, dtype=x.dtype).to(x.device)
        dropped = None
        if self.unknown is not None and self.training:
            dropped = (torch.rand(len(x), generator=rng) < self.config.condition_dropout).to(x.device)
        made = self(self.schedule.forward_process(x, t, eps), t, self.know(condition, dropped))
        return (predicted(self.config.prediction, x, eps, *self.schedule.at(t, x)) - made).square().mean()

    def estimate(self, x_t: Tensor, t: Tensor | int, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(x_0, eps) as the network sees them in x_t [N, D]."""
        made = self(x_t, t, self.know(condition))
        return signal_and_noise(self.config.prediction, made, x_t, *self.schedule.at(t, x_t))

    def score(self, x_t: Tensor, t: Tensor | int, condition: Tensor | None = None) -> Tensor:
        """grad log p_t(x_t) [N, D]."""
        if self.distilled:
            raise self._cannot("score")
        return -self.estimate(x_t, t, condition)[1] / self.schedule.at(t, x_t)[1]

    def denoiser(self, condition: Tensor | None) -> Callable[[Tensor, int, Tensor | None], Tensor]:
        """For genmodels_ros.sampling."""
        guided = self.config.guidance != 1.0
        if guided:
            half = condition.new_zeros(len(condition), dtype=torch.bool)
            known = self.know(torch.cat([condition, condition]), torch.cat([half, ~half]))
        else:
            known = self.know(condition)
        denoiser = lambda x_t, t, x_0: self(x_t, t, known)  # noqa: E731
        return classifier_free_guidance(denoiser, self.config.guidance) if guided else denoiser

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        x_T = torch.randn(n, self.config.dimension, generator=rng, dtype=self.head.bias.dtype).to(self.head.bias.device)
        return sample(
            self.denoiser(condition),
            x_T,
            self.schedule,
            inference_steps(self.schedule.num_steps, self.config.inference_steps),
            sampler=VECTOR_SAMPLERS[self.config.sampler],
            prediction=self.config.prediction,
            rng=rng,
            x_0_bound=self.config.x_0_bound,
        )

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        """By the probability flow ODE, see sampling/likelihood.py; without guidance, without gradients."""
        if self.distilled:
            raise self._cannot("log_prob")
        return log_density(
            lambda x_t, t, rows: self(x_t, t, self.know(None if condition is None else condition[rows])),
            x,
            self.schedule,
            self.config.density_steps,
            prediction=self.config.prediction,
            probes=self.config.probes,
            rng=rng or torch.Generator().manual_seed(0),
        )


class Block(nn.Module):
    """h + perceptron(h) of one hidden layer, shifted by what is known of step and condition."""

    def __init__(self, width: int):
        super().__init__()
        self.inner, self.shift, self.outer = (nn.Linear(width, width) for _ in range(3))

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        inner = self.inner(nn.functional.silu(h)) + self.shift(nn.functional.silu(e))
        return h + self.outer(nn.functional.silu(inner))
