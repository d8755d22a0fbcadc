"""What the trajectory generator can be told by parameters about sampling, requests and ranking."""

from dataclasses import fields

from genmodels_ros.conversions.requests import RequestDefaults
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.arm.trajectory_query import CostWeights, GuidanceWeights
from genmodels_ros.pipelines.arm.trajectory_sampling import SAMPLERS, SamplingSettings

STEPS = SamplingSettings()

PARAMETERS = (
    Parameter("sampling.num_samples", 16, "Trajectories drawn where a request says 0", range=(1, 256)),
    Parameter("sampling.max_samples", 256, "Most trajectories a request may draw", range=(1, 1024)),
    Parameter("sampling.sampler", STEPS.sampler, "How samples are denoised", choices=tuple(SAMPLERS), load_time=True),
    Parameter(
        "sampling.num_inference_steps", STEPS.num_inference_steps, "Denoising steps", range=(1, 100), load_time=True
    ),
    Parameter(
        "sampling.condition_scale",
        STEPS.condition_scale,
        "Classifier-free guidance: 1 none, more follows the scene more closely",
        range=(0.0, 10.0),
        load_time=True,
    ),
    Parameter(
        "sampling.prior",
        "",
        "Checkpoint of a family over the arm's paths, which draws the first batch; empty: the model draws all",
        load_time=True,
    ),
    Parameter("time_limit", 10.0, "Computation where a request says 0", "s", range=(0.01, 600.0)),
    Parameter("max_time_limit", 60.0, "Longest computation a request may ask for", "s", range=(0.01, 600.0)),
    Parameter("weights.length", 1.0, "Cost of joint-space length", "1/rad", range=(0.0, 1e3)),
    Parameter("weights.duration", 1.0, "Cost of duration", "1/s", range=(0.0, 1e3)),
    Parameter("weights.clearance", 0.05, "Cost of passing close to obstacles", "m", range=(0.0, 1e3)),
    Parameter("weights.smoothness", 0.05, "Cost of acceleration", "s^2/rad", range=(0.0, 1e3)),
    Parameter("guidance.collision", 0.0, "Pull away from obstacles while sampling", range=(0.0, 1e3)),
    Parameter("guidance.length", 0.0, "Pull towards shorter paths while sampling", range=(0.0, 1e3)),
    Parameter("guidance.smoothness", 0.0, "Pull towards smoother paths while sampling", range=(0.0, 1e3)),
    Parameter("guidance.workspace", 0.0, "Pull into a request's workspace while sampling", range=(0.0, 1e3)),
)


def sampling_settings(node: ManagedNode) -> SamplingSettings:
    """How the model is sampled."""
    names = ("sampler", "num_inference_steps", "condition_scale")
    return SamplingSettings(**{name: node.value(f"sampling.{name}") for name in names})


def request_defaults(node: ManagedNode) -> RequestDefaults:
    """What counts where a request says nothing, and the most it may ask for."""

    def table(name: str, kind: type):
        return kind(**{field.name: node.value(f"{name}.{field.name}") for field in fields(kind)})

    return RequestDefaults(
        num_samples=node.value("sampling.num_samples"),
        max_samples=node.value("sampling.max_samples"),
        max_obstacles=node.value("max_obstacles"),
        time_limit=node.value("time_limit"),
        max_time_limit=node.value("max_time_limit"),
        weights=table("weights", CostWeights),
        guidance=table("guidance", GuidanceWeights),
    )
