"""From a query to paths drawn from the diffusion model: encode, sample, back to joint angles."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.pipelines.arm.guidance import CostGuidance, damped_gradient
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.bspline import fit, straight_line
from genmodels_ros.robots.paths.cost import PathCost
from genmodels_ros.robots.paths.features import PathGeometry, paths_of, query_features
from genmodels_ros.sampling.reverse_process import inference_steps, sample
from genmodels_ros.sampling.samplers import SAMPLERS

# The noise the samples start from grows from standard deviation 1 to this over the batch: from the most likely paths to
# unusual ones, for scenes that ask for one. One of 32 unrefined samples was free on 80 and 60 % of 40 problems of two
# sets with 2, on 75 and 58 % with 2.5.
BOLDEST = 2.0
LARGEST = 16_000  # samples times obstacles at once; more are drawn in parts, which bounds the memory
WARM = 0.5  # of the forward process: how much noise a warm start is given, enough to find a way around what is new

OnStep = Callable[[int, int, np.ndarray], None]


@dataclass(frozen=True)
class SamplingSettings:
    """sampler: one of sampling.samplers.SAMPLERS, in num_inference_steps steps, 1 to 100 of the shipped models
    spacing: of these steps, as sampling.reverse_process.inference_steps says
    condition_scale: of classifier-free guidance; 1 is none, more keeps closer to what the scene asks for
    """

    sampler: str = "ddim"
    num_inference_steps: int = 4
    spacing: str = "trailing"
    condition_scale: float = 1.0

    def __post_init__(self):
        if self.sampler not in SAMPLERS:
            raise GenModelsError(
                ErrorCode.INVALID_COUNT, f"No sampler {self.sampler!r}: use one of {', '.join(SAMPLERS)}."
            )


class TrajectorySampler:
    """A trajectory diffusion model on a device. Raises GenModelsError(INVALID_COUNT) for more steps than it has."""

    def __init__(
        self,
        model: TrajectoryDiffusion,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        settings: SamplingSettings | None = None,
    ):
        self.model, self.device, self.dtype = model.to(device).eval(), device, dtype
        self.settings = settings or SamplingSettings()
        if not 1 <= self.settings.num_inference_steps <= model.schedule.num_steps:
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"num_inference_steps must be 1 to {model.schedule.num_steps}, "
                f"got {self.settings.num_inference_steps}.",
            )

    def sample(
        self,
        robot: Robot,
        start: np.ndarray,
        goals: np.ndarray,
        scene: Scene,
        *,
        num_samples: int,
        seed: int,
        guidance: CostGuidance | None = None,
        warm_start: np.ndarray | None = None,
        on_step: OnStep | None = None,
    ) -> np.ndarray:
        """Control points [num_samples, N, D] of paths from start [D] to goals [G, D], shared out evenly over the goals.

        warm_start: [T, D] rad, a previous answer; the samples are drawn around what is left of it
        on_step: called with (steps done, steps in all, the paths so far) after every step; may raise to stop
        The same seed gives the same paths on the same machine. Raises GenModelsError(OUT_OF_MEMORY).
        """
        query = _Query(self.model, robot, start, goals, scene, guidance)
        rng, each = generator(seed), -(-num_samples // len(goals))
        eps = torch.randn(each, len(goals), *self.model.shape, generator=rng)
        if warm_start is None:
            first, x_t = self.model.schedule.num_steps - 1, eps * torch.linspace(1, BOLDEST, each)[:, None, None, None]
        else:
            first = round(WARM * (self.model.schedule.num_steps - 1))
            eps[0] = 0  # one sample keeps as near to the previous answer as the scene lets it
            x_t = self.model.schedule.forward_process(query.deviations_around(warm_start), first, eps)
        steps = inference_steps(
            self.model.schedule.num_steps, self.settings.num_inference_steps, first, self.settings.spacing
        )
        x_0 = self._within_memory(query, x_t, steps, rng, on_step)
        return query.paths(x_0).reshape(-1, self.model.shape[0] + 4, self.model.shape[1])[:num_samples]

    def _within_memory(self, query: "_Query", x_t: Tensor, steps: list[int], rng, on_step) -> Tensor:
        """x_0 from x_t [S, G, n, D], in smaller batches where the device has no room, on the CPU at last."""
        size = max(1, min(len(x_t), LARGEST // (x_t.shape[1] * max(1, query.num_obstacles))))
        while True:
            try:
                return torch.cat([self._denoise(query, part, steps, rng, on_step) for part in x_t.split(size)])
            except (torch.cuda.OutOfMemoryError, MemoryError) as error:
                if size > 1:
                    size = -(-size // 2)
                elif self.device.type != "cpu":
                    self.device, size = torch.device("cpu"), len(x_t)
                    self.model.to(self.device)
                else:
                    raise GenModelsError(
                        ErrorCode.OUT_OF_MEMORY,
                        "Out of memory for one sample: free memory or send fewer obstacles.",
                    ) from error

    @torch.inference_mode()
    def _denoise(self, query: "_Query", x_t: Tensor, steps: list[int], rng, on_step) -> Tensor:
        """The batch is ordered by goal for the network, which shares a goal's encoding among its samples."""
        samples, goals = x_t.shape[:2]
        by_goal = x_t.transpose(0, 1).flatten(0, 1).to(self.device)

        def by_sample(x_0: Tensor) -> Tensor:
            return x_0.float().cpu().unflatten(0, (goals, samples)).transpose(0, 1)

        def report(step: int, num_steps: int, x_0: Tensor) -> None:
            on_step(step, num_steps, query.paths(by_sample(x_0)).reshape(samples * goals, -1, x_0.shape[-1]))

        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32):
            denoiser = self.model.denoiser(
                query.condition.to(self.device),
                steps,
                geometry=query.geometry.to(self.device),
                guidance_scale=self.settings.condition_scale,
            )
            x_0 = sample(
                denoiser,
                by_goal,
                self.model.schedule,
                steps,
                sampler=SAMPLERS[self.settings.sampler],
                prediction=self.model.prediction,
                rng=rng if self.device.type == "cpu" else None,
                x_0_bound=self.model.x_0_bound,
                cost_gradient=query.cost_gradient(samples),
                on_step=None if on_step is None else report,
            )
        return by_sample(x_0)


class _Query:
    """One query as the network sees it: Q = G goals, S samples each, deviations [S, G, n, D] in units of the scale."""

    def __init__(self, model: TrajectoryDiffusion, robot: Robot, start, goals, scene: Scene, guidance):
        self.model, self.start, self.goals = model, np.asarray(start, dtype=float), np.asarray(goals, dtype=float)
        starts, scenes = np.repeat(self.start[None], len(goals), 0), [scene] * len(goals)
        self.scale = model.scale.double().cpu().numpy()
        self.condition = Condition(**vars(query_features(robot, starts, self.goals, scenes, model.shape[0])))
        self.geometry = PathGeometry.of_queries(robot, starts, self.goals, scenes)
        self.guidance = guidance if guidance is not None and guidance.active else None
        self.num_obstacles = len(scene.obstacles)

    def paths(self, x_0: Tensor) -> np.ndarray:
        """Control points [S, G, N, D]."""
        deviation = x_0.double().numpy() * self.scale
        return paths_of(np.broadcast_to(self.start, (*x_0.shape[:2], len(self.start))), self.goals[None], deviation)

    def deviations_around(self, previous: np.ndarray) -> Tensor:
        """What is left of a previous path [T, D] from the configuration nearest to the start on, [1, G, n, D]."""
        previous = np.asarray(previous, dtype=float)
        rest = previous[np.linalg.norm(previous - self.start, axis=1).argmin() + 1 : -1]
        n = self.model.shape[0]
        paths = np.stack([fit(np.concatenate([self.start[None], rest, goal[None]]), n + 4) for goal in self.goals])
        deviation = (paths - straight_line(paths[:, 0], paths[:, -1], n + 4))[None, :, 2:-2]
        return torch.as_tensor(deviation / self.scale, dtype=torch.float32)

    def cost_gradient(self, samples: int):
        """What guides a batch ordered by goal, None for nothing."""
        if self.guidance is None:
            return None
        start = np.broadcast_to(self.start, (len(self.goals) * samples, len(self.start)))
        cost = self.guidance.cost(self.model.shape[0] + 4)
        return partial(self._pull, cost=cost, start=start, goal=np.repeat(self.goals, samples, axis=0))

    def _pull(self, x_0: Tensor, t: int, cost: PathCost, start: np.ndarray, goal: np.ndarray) -> Tensor:
        alpha_t, sigma_t = self.model.schedule.at(t, torch.ones(()))
        variance = float(sigma_t**2 / (alpha_t**2 + sigma_t**2))
        return damped_gradient(cost, x_0, variance, self.scale, start, goal)
