"""How far a robot's links keep from obstacles beyond contact: a planner's padding and scale as metres.

MoveIt grows a link's shapes for checks against the world, and not for those of the robot against itself; what a link
carries grows with it (collision_env_fcl.cpp, planning_scene.cpp). Here a padding is a distance, the same at faces and
round at corners, where MoveIt's shapes stick out; a scale s counts as a padding of (s - 1) times the radius of the ball
around the link: more than MoveIt's wherever the surface is nearer to the middle than that.
"""

from collections.abc import Sequence

from genmodels_ros.robots.obstacles import Scene


def link_padding(scene: Scene, links: Sequence[str], radii: Sequence[float]) -> dict[str, float]:
    """{link: m} of those of the links that have any; radii [L]: m of the balls around them."""
    carriers = {thing.id: thing.link for thing in scene.attached}
    found: dict[str, float] = {}
    for margin in scene.margins:
        for link, radius in zip(links, radii, strict=True):
            if carriers.get(link, link) == margin.link:
                padding = margin.padding + (margin.scale - 1) * float(radius)
                found[link] = max(found.get(link, 0.0), padding)
    return found
