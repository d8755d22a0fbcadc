"""Trains a flow for inverse kinematics (after IKFlow, Ames et al. 2022): the middle joints given a reduced pose.

Data is made on the fly by forward kinematics of configurations drawn uniformly within the limits: no example is seen
twice, so nothing is learnt by heart. See robots/inverse_kinematics/end_joints.py for why the first and the
last joint are left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.robots.description import load_robot, save_robot
from genmodels_ros.robots.inverse_kinematics.end_joints import REDUCED, EndJoints
from genmodels_ros.training.fitting import FitOptions, descend

HELD_OUT = 4096
BATCH_SIZE = 384
LEARNING_RATE = 2e-3
# The shipped one's. Of four tried for the same processor time the one with the least held-out loss: splines, as the
# solutions lie on thin curves, and autoregressive, as one joint decides the next.
NETWORK = {"structure": "autoregressive", "transform": "spline", "layers": 2, "width": 192, "hidden": 3, "bins": 24}


@dataclass(frozen=True, eq=False)
class UniformConfigurations:
    """An endless source of batches: x middle joints, condition the reduced pose they lead to."""

    ends: EndJoints
    device: torch.device

    def draw(self, count: int, rng: torch.Generator) -> Vectors:
        """float32, drawn on the CPU."""
        limits = self.ends.robot.limits
        lower, upper = (torch.as_tensor(end[1:-1], dtype=torch.float32) for end in (limits.lower, limits.upper))
        middle = (lower + (upper - lower) * torch.rand(count, len(lower), generator=rng)).to(self.device)
        return Vectors(middle, self.ends.reduced_forward(middle), (len(lower),))

    def batches(self, size: int, rng: torch.Generator) -> Iterator[Vectors]:
        while True:
            yield self.draw(size, rng)


def train(
    out: Path,
    steps: int,
    robot: str = "panda",
    batch_size: int = BATCH_SIZE,
    learning_rate: float = LEARNING_RATE,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    settings: Iterable[tuple[str, object]] = (),
) -> Card:
    """Writes checkpoint, card and robot.json into `out`. settings: of the flow's config, by default NETWORK's.

    Raises GenModelsError: UNSUPPORTED for an arm whose end joints do not turn, INVALID_CONFIG for settings.
    """
    arm, on = load_robot(robot), resolve_device(device)
    source = UniformConfigurations(EndJoints(arm), on)
    torch.manual_seed(seed)
    rng = generator(seed)
    network = {**NETWORK, **dict(settings), "dimension": arm.num_joints - 2, "condition_dimension": REDUCED}
    model = Standardised.of_family("flow", network)
    model.described = {"data_robot": arm.name, "data_joints": list(arm.joint_names)}
    model.to(on)
    held_out = source.draw(HELD_OUT, rng)
    model.measure(held_out.x, held_out.condition)
    options = FitOptions(steps, batch_size, learning_rate, decay=0.999, patience=steps, out=Path(out), resume=resume)
    history = descend(model, source, held_out, options, rng)
    model.cpu().eval()
    card = Card(
        model="family",
        config=model.card_config,
        data={"configurations": "uniform within the joint limits, made on the fly", "seen": steps * batch_size},
        command=f"genmodels train inverse-kinematics --out OUT --steps {steps} --robot {robot} --seed {seed} "
        f"--batch-size {batch_size} --learning-rate {learning_rate}"
        + "".join(f" --set {name}={value}" for name, value in dict(settings).items()),
        seed=seed,
        steps=history.best_step,
        metrics={"held_out_loss": min(history.losses, default=None)},
    )
    save_robot(arm, Path(out) / "robot.json")
    return save_checkpoint(out, model, card)
