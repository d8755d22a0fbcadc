"""Moments of inertia of full solids, kg m²."""

from genmodels_ros.simulation.solids import Solid


def solid_moments(mass: float, solid: Solid) -> tuple[float, float, float]:
    """(ixx, iyy, izz) of a full box, sphere or upright cylinder about its centre."""
    dx, dy, dz = solid.dims
    if solid.shape == "cylinder":
        return cylinder_moments(mass, dx / 2, dz)
    share = mass / (12 if solid.shape == "box" else 20)
    return share * (dy**2 + dz**2), share * (dx**2 + dz**2), share * (dx**2 + dy**2)


def cylinder_moments(mass: float, radius: float, length: float) -> tuple[float, float, float]:
    """(ixx, iyy, izz) of a full cylinder along z."""
    across = mass * (3 * radius**2 + length**2) / 12
    return across, across, mass * radius**2 / 2
