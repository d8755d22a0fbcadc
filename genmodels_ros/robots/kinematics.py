"""Forward kinematics of a batch of configurations, differentiable, from plain arrays.

A chain is reduced to its moving bodies: links that no commanded joint separates move as one. Each body follows its
parent by

    parent_from_body(q) = A + sin(q) S + (1 - cos(q)) C + q P

which is Rodrigues' formula for a revolute joint (P = 0) and a shift along the axis for a prismatic one (S = C = 0).
The four matrices are constants of the robot, so that a batch costs one small product a joint and no Python loop over
configurations. A mimic joint moves a body of its own, by a fixed multiple of the commanded joint it follows.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class KinematicChain:
    """D commanded joints and those that follow them: M moving joints, M + 1 bodies (body 0 is the base, body j + 1
    hangs on joint j), L links.

    parents: [M] body each joint hangs on, always an earlier one
    constant, sine, cosine, slide: [M, 4, 4] the matrices A, S, C, P above
    axes: [M, 3] joint axes in their own body's frame; prismatic: [M] bool
    link_names: L names; link_bodies: [L]; body_from_link: [L, 4, 4]
    joint_names: M names; commands: [M, D], offsets: [M]: they stand at commands q + offsets; without mimic joints, at q
    """

    parents: tuple[int, ...]
    constant: np.ndarray
    sine: np.ndarray
    cosine: np.ndarray
    slide: np.ndarray
    axes: np.ndarray
    prismatic: np.ndarray
    link_names: tuple[str, ...]
    link_bodies: np.ndarray
    body_from_link: np.ndarray
    joint_names: tuple[str, ...]
    commands: np.ndarray
    offsets: np.ndarray
    _tensors: dict = field(default_factory=dict, repr=False)

    @property
    def num_joints(self) -> int:
        """D."""
        return self.commands.shape[1]

    @property
    def has_followers(self) -> bool:
        return len(self.parents) > self.num_joints

    def positions(self, q: np.ndarray) -> np.ndarray:
        """Of all moving joints [*, M] for configurations q [*, D]."""
        return q @ self.commands.T.astype(q.dtype) + self.offsets.astype(q.dtype) if self.has_followers else q

    def link(self, name: str) -> int:
        """Index of a link; raises KeyError with the names there are."""
        if name not in self.link_names:
            raise KeyError(f"no link {name!r}; links: {', '.join(self.link_names)}")
        return self.link_names.index(name)

    def tensor(self, name: str, like: Tensor) -> Tensor:
        """One of the arrays with the dtype and on the device of `like`; converted once."""
        key = (name, like.dtype, like.device)
        if key not in self._tensors:
            self._tensors[key] = torch.as_tensor(getattr(self, name)).to(like.device, like.dtype)
        return self._tensors[key]

    def ancestors(self, body: int) -> list[int]:
        """Joints that move `body`, from the base outwards."""
        joints = []
        while body > 0:
            joints.append(body - 1)
            body = self.parents[body - 1]
        return joints[::-1]


def bodies(chain: KinematicChain, q: Tensor) -> list[Tensor]:
    """base_from_body of every moving body: M + 1 tensors [*, 4, 4] for q [*, D]."""
    constant, sine, cosine, slide = (chain.tensor(name, q) for name in ("constant", "sine", "cosine", "slide"))
    positions = q @ chain.tensor("commands", q).T + chain.tensor("offsets", q) if chain.has_followers else q
    angle = positions[..., None, None]
    local = constant + torch.sin(angle) * sine + (1 - torch.cos(angle)) * cosine
    if chain.prismatic.any():
        local = local + angle * slide
    frames = [torch.eye(4, dtype=q.dtype, device=q.device).expand(*q.shape[:-1], 4, 4)]
    for joint, parent in enumerate(chain.parents):
        frames.append(local[..., joint, :, :] if parent == 0 else frames[parent] @ local[..., joint, :, :])
    return frames


def forward(chain: KinematicChain, q: Tensor) -> Tensor:
    """base_from_link of every link [*, L, 4, 4] for q [*, D]."""
    frames = bodies(chain, q)
    fixed = chain.tensor("body_from_link", q)
    return torch.stack([frames[body] @ fixed[link] for link, body in enumerate(chain.link_bodies)], dim=-3)


def link_pose(chain: KinematicChain, q: Tensor, link: str) -> Tensor:
    """base_from_link [*, 4, 4] of one link, e.g. the tool frame."""
    index = chain.link(link)
    return bodies(chain, q)[chain.link_bodies[index]] @ chain.tensor("body_from_link", q)[index]


def jacobian(chain: KinematicChain, q: Tensor, link: str) -> tuple[Tensor, Tensor]:
    """Pose [*, 4, 4] and geometric Jacobian [*, 6, D] (linear above angular, base frame) of a link's origin."""
    index = chain.link(link)
    frames = bodies(chain, q)
    body = int(chain.link_bodies[index])
    pose = frames[body] @ chain.tensor("body_from_link", q)[index]
    moving = torch.stack(frames[1:], dim=-3)
    axes = (moving[..., :3, :3] @ chain.tensor("axes", q)[:, :, None])[..., 0]
    linear, angular = torch.linalg.cross(axes, pose[..., None, :3, 3] - moving[..., :3, 3]), axes
    if chain.prismatic.any():
        slides = torch.as_tensor(chain.prismatic, device=q.device)[:, None]
        linear, angular = torch.where(slides, axes, linear), torch.where(slides, 0.0, angular)
    columns = torch.cat([linear, angular], dim=-1).mT
    still = sorted(set(range(len(chain.parents))) - set(chain.ancestors(body)))
    if still:
        columns[..., still] = 0.0
    return pose, columns @ chain.tensor("commands", q) if chain.has_followers else columns
