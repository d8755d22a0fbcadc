"""How good a world model is on held-out floors: the numbers of its card."""

import torch
from torch import Tensor

from genmodels_ros.device import generator
from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.fan import RANGE_LIMIT, fill, warp
from genmodels_ros.models.world_model.model import TIME_STEP, cumulative
from genmodels_ros.training.mobile.drive_windows import DriveWindows, Window
from genmodels_ros.training.mobile.observed_windows import CONTEXT, HORIZON, anchor_at, observe_window


@torch.no_grad()
def validate(model: ScanWorldModel, drives: DriveWindows, count: int = 512, seed: int = 0) -> dict[str, float]:
    """What the card says, on held-out floors from row CONTEXT - 1 on.

    Where nothing is touched: mean error over beams of the predicted scan beside that of the last scan moved, by the
    commands alone and with the true pose given [m], and of the position after 2 s beside the commanded unicycle [m]. Of
    all windows: Brier score of the collision probability within 1.2 s, beside that of always stating the base rate.
    """
    rows = torch.randperm(len(drives.starts), generator=generator(seed))[:count].sort().values.numpy()
    parts = [drives.window(drives.starts[some]) for some in _chunks(rows, 128)]
    sums: dict[str, list[Tensor]] = {}
    for window in parts:
        for name, values in _window_metrics(model, window).items():
            sums.setdefault(name, []).append(values)
    values = {name: torch.cat(items) for name, items in sums.items()}
    probability, touched = values.pop("probability"), values.pop("touched")
    metrics = {name: float(items.mean()) for name, items in values.items()}
    metrics["collision_brier"] = float((probability - touched).square().mean())
    metrics["collision_brier_of_base_rate"] = float(touched.mean() * (1 - touched.mean()))
    return metrics


def _chunks(rows, size: int):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _window_metrics(model: ScanWorldModel, window: Window) -> dict[str, Tensor]:
    start = CONTEXT - 1
    observed = observe_window(model, window.part(slice(0, CONTEXT)), None, sample=False)
    anchor, future = anchor_at(model, observed, start), window.part(slice(start + 1, start + 1 + HORIZON))
    actions = window.actions[:, start : start + HORIZON]
    rollout = model.imagine(observed.state(start), actions, sample=False)
    actual = planar.relative(window.truth[:, start : start + 1].expand_as(future.truth), future.truth)
    told = planar.drive(actions[..., :2], TIME_STEP)
    clear = ~window.touched[:, start]
    free = clear & ~future.touched[:, :10].any(1)
    result = {
        "pose_error": (rollout.poses - actual)[free, 9, :2].norm(dim=-1),
        "pose_error_unicycle": (told - actual)[free, 9, :2].norm(dim=-1),
        "heading_error": planar.wrap((rollout.poses - actual)[free, 9, 2]).abs(),
        "heading_error_unicycle": planar.wrap((told - actual)[free, 9, 2]).abs(),
    }
    for step in (1, 4, 9):
        age = torch.full_like(actual[:, 0, 0], TIME_STEP * (step + 1))
        h, z = rollout.h[:, step], rollout.z[:, step]
        given = model.decode(h, z, anchor, actual[:, step], age, 0 * age)
        decoded = model.decode(h, z, anchor, rollout.poses[:, step], age, rollout.told[:, step])
        still, told_fan = (warp(anchor.seen, model.beams, pose[:, step]) for pose in (actual, told))
        known = future.fan.hit[:, step] & free[:, None]
        predictions = {
            "scan": decoded.ranges,
            "scan_pose_given": given.ranges,
            "warp_commanded": fill(told_fan.ranges, told_fan.known),
            "warp_pose_given": fill(still.ranges, still.known),
        }
        for name, ranges in predictions.items():
            error = (ranges.clamp(max=RANGE_LIMIT) - future.fan.ranges[:, step]).abs()
            result[f"{name}_error_{age[0]:.1f}s"] = error[known]
    probability = cumulative(model.hazard(rollout, anchor, actions[..., :2]))[:, 5]
    return result | {"probability": probability[clear], "touched": future.touched[:, :6].any(1)[clear].float()}
