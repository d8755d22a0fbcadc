"""Textures drawn from noise: what floors, walls and furniture look like, without a file."""

import cv2
import numpy as np

SIZE = 256
FLOORS = ("planks", "tiles", "carpet", "concrete")


def texture(name: str, rng: np.random.Generator) -> np.ndarray:
    """uint8 [SIZE, SIZE, 3]; tiles without a seam. Floors are coloured, all others light grey, to be tinted."""
    return TEXTURES[name](rng).clip(0, 255).astype(np.uint8)


def noise(rng: np.random.Generator, cells: tuple[int, int], size: tuple[int, int] = (SIZE, SIZE)) -> np.ndarray:
    """Smooth periodic noise, mean 0 and standard deviation about 1, with `cells` (rows, columns) of detail."""
    coarse = np.pad(rng.normal(size=cells).astype(np.float32), 2, mode="wrap")
    scale = (size[0] // cells[0], size[1] // cells[1])
    full = cv2.resize(coarse, (coarse.shape[1] * scale[1], coarse.shape[0] * scale[0]), interpolation=cv2.INTER_CUBIC)
    return full[2 * scale[0] :, 2 * scale[1] :][: size[0], : size[1]]


def _tinted(brightness: np.ndarray, color) -> np.ndarray:
    return brightness[..., None] * np.asarray(color, np.float32)


def _planks(rng):
    """Four boards side by side, their joints apart, grain along them."""
    tone = rng.choice([(200, 150, 100), (160, 110, 70), (215, 185, 145), (120, 85, 60)])
    brightness = 1 + 0.05 * noise(rng, (64, 4)) + 0.03 * noise(rng, (256, 16))
    board = SIZE // 4
    for k in range(4):
        rows = slice(k * board, (k + 1) * board)
        brightness[rows] *= rng.uniform(0.85, 1.1)
        brightness[k * board : k * board + 2] *= 0.6
        joint = int(rng.integers(SIZE - 2))
        brightness[rows, joint : joint + 2] *= 0.6
    return _tinted(brightness, tone)


def _tiles(rng):
    tone = rng.choice([(190, 190, 185), (205, 190, 165), (150, 155, 160), (215, 210, 205)])
    brightness = 1 + 0.03 * noise(rng, (16, 16)) + 0.02 * noise(rng, (64, 64))
    half = SIZE // 2
    for i in range(2):
        for j in range(2):
            brightness[i * half : (i + 1) * half, j * half : (j + 1) * half] *= rng.uniform(0.9, 1.05)
    for k in (0, half):
        brightness[k : k + 3] = brightness[:, k : k + 3] = 0.62
    return _tinted(brightness, tone)


def _carpet(rng):
    tone = rng.choice([(95, 105, 125), (130, 75, 70), (110, 115, 100), (145, 130, 110)])
    return _tinted(1 + 0.10 * rng.normal(size=(SIZE, SIZE)) + 0.04 * noise(rng, (16, 16)), tone)


def _concrete(rng):
    brightness = 1 + 0.05 * noise(rng, (4, 4)) + 0.04 * noise(rng, (16, 16)) + 0.02 * rng.normal(size=(SIZE, SIZE))
    return _tinted(brightness, rng.choice([(165, 165, 160), (140, 142, 145), (180, 172, 160)]))


def _plaster(rng):
    return _tinted(1 + 0.015 * noise(rng, (8, 8)) + 0.015 * rng.normal(size=(SIZE, SIZE)), (240, 240, 240))


def _wood(rng):
    return _tinted(1 + 0.06 * noise(rng, (4, 64)) + 0.04 * noise(rng, (8, 256)), (230, 230, 230))


def _fabric(rng):
    weave = 0.05 * np.sin(np.arange(SIZE) * np.pi / 2)
    brightness = 1 + weave[:, None] + weave[None] + 0.04 * rng.normal(size=(SIZE, SIZE)) + 0.03 * noise(rng, (8, 8))
    return _tinted(brightness, (225, 225, 225))


def _metal(rng):
    return _tinted(1 + 0.04 * noise(rng, (2, 128)), (230, 232, 235))


def _leaf(rng):
    return _tinted(1 + 0.25 * noise(rng, (32, 32)) + 0.15 * noise(rng, (64, 64)), (200, 205, 190))


def _plain(rng):
    return _tinted(1 + 0.01 * rng.normal(size=(SIZE, SIZE)), (245, 245, 245))


TEXTURES = {
    "planks": _planks,
    "tiles": _tiles,
    "carpet": _carpet,
    "concrete": _concrete,
    "wall": _plaster,
    "wood": _wood,
    "fabric": _fabric,
    "metal": _metal,
    "leaf": _leaf,
    "plain": _plain,
}
