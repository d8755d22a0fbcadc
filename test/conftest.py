"""Importing the simulation chooses MuJoCo's renderer: before any test module imports mujoco itself."""

import genmodels_ros.simulation  # noqa: F401
