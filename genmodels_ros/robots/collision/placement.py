"""Where a robot's bodies and spheres are, for many configurations at once, in numpy.

robots/kinematics.py says the same in torch, differentiably and on any device. This is for the innermost loops of
refinement and verification, which run on the CPU over a few hundred configurations: with the configurations last in
memory every product runs over long rows, and a call takes a fifth of the time.
"""

from functools import lru_cache

import numpy as np

from genmodels_ros.robots.kinematics import KinematicChain
from genmodels_ros.robots.spheres import SphereModel


def body_frames(chain: KinematicChain, q: np.ndarray) -> np.ndarray:
    """base_from_body without its last row, [D + 1, 3, 4, M] float32, for configurations q [M, D]."""
    angle = np.ascontiguousarray(chain.positions(q).T, dtype=np.float32)
    matrices = _joint_matrices(chain)
    terms = (np.ones_like(angle), np.sin(angle), 1 - np.cos(angle), angle)[: matrices.shape[-1]]
    local = (matrices @ np.stack(terms, axis=1)).reshape(len(angle), 3, 4, -1)
    frames = np.empty((len(angle) + 1, 3, 4, angle.shape[1]), dtype=np.float32)
    frames[0] = np.eye(3, 4)[..., None]
    for joint, parent in enumerate(chain.parents):
        if parent == 0:
            frames[joint + 1] = local[joint]
            continue
        before, step, after = frames[parent], local[joint], frames[joint + 1]
        np.multiply(before[:, 0, None], step[0], out=after)
        after += before[:, 1, None] * step[1]
        after += before[:, 2, None] * step[2]
        after[:, 3] += before[:, 3]
    return frames


def sphere_points(frames: np.ndarray, spheres: SphereModel) -> np.ndarray:
    """Centres [3, S, M] m, in the base frame, of the spheres on bodies at `frames` [D + 1, 3, 4, M]."""
    count = frames.shape[-1]
    points = np.empty((3, len(spheres), count), dtype=np.float32)
    local = spheres.centers.astype(np.float32)
    for body, first, last in _spans(spheres):
        columns = frames[body, :, :3].transpose(1, 0, 2).reshape(3, 3 * count)
        turned = (local[first:last] @ columns).reshape(last - first, 3, count)
        np.add(turned.transpose(1, 0, 2), frames[body, :, None, 3], out=points[:, first:last])
    return points


@lru_cache(maxsize=16)
def _joint_matrices(chain: KinematicChain) -> np.ndarray:
    """[D, 12, 3 or 4]: the matrices A, S, C (and P where a joint slides) of parent_from_body, rows flattened."""
    parts = [chain.constant, chain.sine, chain.cosine] + ([chain.slide] if chain.prismatic.any() else [])
    return np.stack([part[:, :3].reshape(-1, 12) for part in parts], axis=-1).astype(np.float32)


@lru_cache(maxsize=64)
def _spans(spheres: SphereModel) -> tuple[tuple[int, int, int], ...]:
    """Body, first and last + 1 of its spheres."""
    bodies, first = np.unique(spheres.bodies, return_index=True)
    return tuple(zip(bodies.tolist(), first.tolist(), [*first[1:].tolist(), len(spheres)], strict=True))
