"""Scenes, floor plans, MuJoCo worlds, their sensors, and training data made in them."""

import os
from ctypes.util import find_library

# MuJoCo picks its renderer when it is first imported, takes a window system if not told otherwise, and aborts where
# there is none. Physics and lidar work without any.
_BACKENDS = {"EGL": "egl", "OSMesa": "osmesa"}
os.environ.setdefault("MUJOCO_GL", next((b for library, b in _BACKENDS.items() if find_library(library)), "disabled"))
