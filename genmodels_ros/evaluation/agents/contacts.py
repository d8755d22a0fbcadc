"""Are contacts foreseen better if what moves goes where agent_motion says, not on at constant velocity?

The same starts and touches for each monitor: the commands that were driven, the scan of the moment, and what was
tracked standing, going on at its velocity, or going on in each of several predicted futures.
"""

import numpy as np
import torch

from genmodels_ros.data.agent_frame import FUTURE, turned
from genmodels_ros.data.episodes import Episodes
from genmodels_ros.evaluation.statistics import auroc, recall_at_false_positives
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.scan_baselines import Baselines
from genmodels_ros.evaluation.world_model.simulated_drives import CONTEXT, STRIDE, observations_of
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.model import RADIUS, TIME_STEP
from genmodels_ros.pipelines.mobile.agent_motion import AgentMotion
from genmodels_ros.pipelines.mobile.moving_clusters import Clusters
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.training.mobile.tracked_agents import past_of

HORIZONS = (6, 14)  # steps: 1.2 and 2.8 s
SAMPLES = 16
INFLATION = 0.2  # m, over which the risk beside an obstacle falls to 1 / e, as the local planner's
MONITORS = ("scan as it stands", "movers at constant velocity", "movers as predicted")


def contact_table(motion: AgentMotion, drives: list[Episodes], seed: int = 0) -> Table:
    """AUROC and recall at 5 % false positives of a touch within each of HORIZONS."""
    rng, starts = torch.Generator().manual_seed(seed), []
    for episodes in drives:
        starts += _starts(motion, episodes, rng)
    rows = []
    for k, horizon in enumerate(HORIZONS):
        labels = np.array([touched[k] for _, touched in starts])
        for name in MONITORS:
            risk = np.array([risks[name][k] for risks, _ in starts])
            recall = recall_at_false_positives(risk, labels)
            rows.append((horizon * TIME_STEP, name, len(labels), int(labels.sum()), auroc(risk, labels), recall))
    columns = ("within [s]", "what moves", "starts", "touches", "AUROC", "recall at 5 % false positives")
    return Table(f"Contacts foreseen, {len(drives)} floors", columns, tuple(rows))


def _starts(motion: AgentMotion, episodes: Episodes, rng: torch.Generator) -> list[tuple[dict, list[bool]]]:
    """Risks [HORIZONS] of each monitor, and whether something was touched by then."""
    observations, baselines, since, starts = observations_of(episodes), Baselines(), 0, []
    for row in range(len(episodes) - HORIZONS[-1]):
        if row == 0 or episodes.drive[row] != episodes.drive[row - 1]:
            baselines.reset()
            since = 0
        baselines.observe(observations[row])
        since += 1
        inside = episodes.drive[row + HORIZONS[-1]] == episodes.drive[row]
        clear = not episodes.touched[row - since + 1 : row + 1].any()
        if inside and clear and since >= CONTEXT and (since - CONTEXT) % STRIDE == 0:
            commands = episodes.command[row : row + HORIZONS[-1]].astype(float)
            risks = _risks(motion, observations[row], baselines.clusters, commands, rng)
            starts.append((risks, [bool(episodes.touched[row + 1 : row + 1 + h].any()) for h in HORIZONS]))
    return starts


def _risks(
    motion: AgentMotion, seen: Observation, clusters: Clusters, commands: np.ndarray, rng: torch.Generator
) -> dict[str, np.ndarray]:
    fan, angles = seen.fan(), seen.beams.angles()
    hit = fan.hit[0].numpy()
    points = (fan.ranges[0][:, None] * torch.stack([angles.cos(), angles.sin()], -1)).numpy()[hit]
    labels = np.where(hit, clusters.labels, -1)[hit]
    way = planar.drive(torch.as_tensor(commands), TIME_STEP).numpy()[:, :2]
    ages = TIME_STEP * np.arange(1, FUTURE + 1)
    onward = clusters.velocity[:, None, None] * ages[None, None, :, None]  # [K, 1, T, 2]
    still = np.zeros((len(clusters.velocity), 1, FUTURE, 2))
    moves = clusters.moving[:, None, None, None]
    ways = (still, np.where(moves, onward, 0.0), _predicted(motion, seen, clusters, points, rng))
    return {name: risk_of(way, points, labels, moved) for name, moved in zip(MONITORS, ways, strict=True)}


def _predicted(motion, seen: Observation, clusters: Clusters, points: np.ndarray, rng: torch.Generator) -> np.ndarray:
    """Displacements [K, SAMPLES, T, 2] in base_link of each cluster; 0 of those that stand or are too young."""
    moved = np.zeros((len(clusters.velocity), SAMPLES, FUTURE, 2))
    pasts = {k: past_of(trail) for k, trail in enumerate(clusters.trails) if clusters.moving[k]}
    pasts = {k: past for k, past in pasts.items() if past is not None}
    if pasts:
        tracks, yaw = np.stack(list(pasts.values())), np.array([seen.pose[2]])
        obstacles = turned(points[None].astype(float), yaw)[0] + seen.pose[:2]
        futures = motion.predict(tracks, SAMPLES, rng, robot=seen.pose[:2], obstacles=obstacles).samples
        moved[list(pasts)] = turned((futures - tracks[:, None, -1:])[None], -yaw)[0]
    return moved


def risk_of(way: np.ndarray, points: np.ndarray, labels: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """[HORIZONS]: the mean over futures of exp(-least clearance along way [T, 2] / INFLATION), 1 at a touch.

    points [P, 2] belong to the clusters `labels` [P], -1 for none, which are displaced by moved [K, futures, T, 2].
    """
    padded = np.concatenate([moved, np.zeros((1, *moved.shape[1:]))])[labels]  # [P, S, T, 2]
    if not len(points):
        return np.zeros(len(HORIZONS))
    clearance = np.linalg.norm(way - points[:, None, None] - padded, axis=-1).min(axis=0) - RADIUS  # [S, T]
    least = np.minimum.accumulate(clearance, axis=1)[:, [h - 1 for h in HORIZONS]]
    return np.exp(-least / INFLATION).mean(axis=0)
