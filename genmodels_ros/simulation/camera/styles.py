"""What a camera sees at night, in fog, in low light, ...: images formed from a rendered frame and its depth.

The target domains of the augmenter are made here, by the physics of image formation with random parameters, from frames
of their own: the network that learns to imitate them sees neither depth nor pairs. Light is linear (sRGB transfer
undone, IEC 61966-2-1, as a power of 2.2) until a sensor of limited full-well capacity records it.
"""

from collections.abc import Callable

import numpy as np

GAMMA = 2.2
FAR = 50.0  # [m] stands for "nothing there": depth that is zero, negative or not finite


def render_style(name: str, rgb: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """rgb uint8 [H, W, 3] and depth [H, W] in m → what a camera sees under style `name` (of STYLES), uint8."""
    linear = (rgb.astype(np.float32) / 255) ** GAMMA
    distance = np.where(np.isfinite(depth) & (depth > 0), depth, FAR).astype(np.float32)
    return _record(STYLES[name](linear, np.minimum(distance, FAR), rng))


def night(light: np.ndarray, distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A little bluish ambient light and the robot's lamp: a beam whose light falls off with the distance squared."""
    height, width = distance.shape
    y, x = _positions(height, width)
    spread = rng.uniform(0.45, 0.8)
    beam = np.exp(-(((x - rng.normal(0, 0.08)) / spread) ** 2 + ((y - rng.uniform(0.0, 0.25)) / spread) ** 2) / 2)
    reach = rng.uniform(1.0, 2.2)  # [m] where the lamp has fallen to half
    lamp = beam / (1 + (distance / reach) ** 2)
    lamp_colour = _tinted(rng, (1.0, 0.88, 0.66), 0.06)
    ambient = rng.uniform(0.008, 0.03) * _tinted(rng, (0.65, 0.8, 1.3), 0.08)
    exposed = light * (rng.uniform(0.8, 1.5) * lamp[..., None] * lamp_colour + ambient)
    return _sensor_noise(exposed * _vignette(y, x, rng.uniform(0.2, 0.5)), rng.uniform(1500, 5000), 4.0, rng)


def fog(light: np.ndarray, distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Koschmieder 1924: I = J t + A (1 - t), t = exp(-beta d). A is the airlight, beta [1/m] the extinction."""
    beta = rng.uniform(0.12, 0.42)
    airlight = rng.uniform(0.45, 0.75) * _tinted(rng, (0.97, 1.0, 1.02), 0.03)
    transmission = np.exp(-beta * distance)[..., None]
    dimmed = light * rng.uniform(0.6, 0.95)
    return dimmed * transmission + airlight * (1 - transmission)


def low_light(light: np.ndarray, distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Few photons and much gain: Poisson shot noise and Gaussian read noise (EMVA 1288), uneven white balance."""
    exposed = light * rng.uniform(0.12, 0.35) * _tinted(rng, (1.05, 0.97, 0.98), 0.1)
    return _sensor_noise(exposed, rng.uniform(150, 600), rng.uniform(1.5, 3.5), rng)


def warm_evening(light: np.ndarray, distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Low sun from one side: light of 2,000 to 3,000 K fading across the picture, the rest in dim skylight."""
    height, width = distance.shape
    _, x = _positions(height, width)
    side = rng.choice([-1.0, 1.0])
    sun = 1 / (1 + np.exp(-(side * x - rng.uniform(-0.3, 0.3)) * rng.uniform(1.5, 4)))
    sun_colour = _tinted(rng, (1.25, 0.72, 0.34), 0.06)
    sky = rng.uniform(0.12, 0.3) * _tinted(rng, (0.95, 0.8, 0.75), 0.05)
    return light * (rng.uniform(0.6, 1.0) * sun[..., None] * sun_colour + sky)


def backlight(light: np.ndarray, distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Against a bright window: overexposed, and the lens scatters light over the picture (veiling glare)."""
    height, width = distance.shape
    y, x = _positions(height, width)
    centre_x, centre_y = rng.uniform(-0.7, 0.7), rng.uniform(-0.9, -0.2)
    glow = np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * rng.uniform(0.5, 0.9) ** 2))
    glare = (rng.uniform(0.25, 0.6) * glow + rng.uniform(0.03, 0.1))[..., None] * _tinted(rng, (0.98, 1.0, 1.03), 0.03)
    return light * rng.uniform(1.1, 1.8) + glare


STYLES: dict[str, Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]] = {
    "night": night,
    "fog": fog,
    "low_light": low_light,
    "warm_evening": warm_evening,
    "backlight": backlight,
}


def _positions(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """y [H, 1] and x [1, W], both from -1 to 1 over the picture."""
    return np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]


def _tinted(rng: np.random.Generator, colour: tuple[float, float, float], spread: float) -> np.ndarray:
    return (np.array(colour) * np.exp(rng.normal(0, spread, 3))).astype(np.float32)


def _vignette(y: np.ndarray, x: np.ndarray, loss: float) -> np.ndarray:
    """Light lost towards the corners, [H, W, 1], `loss` of it in the very corner."""
    return (1 - loss * (y**2 + x**2) / 2)[..., None]


def _sensor_noise(light: np.ndarray, full_well: float, read_noise: float, rng: np.random.Generator) -> np.ndarray:
    """Light 1 collects `full_well` electrons; `read_noise` is in electrons, too."""
    electrons = rng.poisson(np.clip(light, 0, 4) * full_well) + rng.normal(0, read_noise, light.shape)
    return electrons / full_well


def _record(light: np.ndarray) -> np.ndarray:
    """Clipped at the full well, encoded, rounded."""
    return np.rint(np.clip(light, 0, 1) ** (1 / GAMMA) * 255).astype(np.uint8)
