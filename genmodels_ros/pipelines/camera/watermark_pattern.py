"""The pattern of an invisible mark: a tile with equal power at every frequency of a band and phases given by a key.

The band lies where JPEG keeps what it is given and natural images are weakest: 1/16 to 1/5 of a cycle a pixel are the
first three frequencies of its 8x8 blocks. The tile is repeated over an image, so a crop of it still holds the pattern.
Phases come from SHAKE-256 (FIPS 202), so that a key means the same pattern on every machine and in every version.
"""

from functools import lru_cache
from hashlib import sha256, shake_256

import numpy as np

KEY = "genmodels_ros"  # known to all: the mark tells the honest, it does not stop a forger
TILE = 128  # pixels a side
BAND = (1 / 16, 1 / 5)  # cycles a pixel


@lru_cache(maxsize=1)
def band() -> np.ndarray:
    """bool [TILE, TILE // 2 + 1]: the frequencies of `numpy.fft.rfft2` that the mark uses, none of them twice."""
    radius = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
    used = (radius >= BAND[0]) & (radius <= BAND[1])
    used[TILE // 2 + 1 :, 0] = False  # the conjugates of the frequencies above them
    return used


@lru_cache(maxsize=64)
def phases(key: str) -> np.ndarray:
    """complex64 [frequencies of the band], of magnitude 1."""
    count = int(band().sum())
    angles = np.frombuffer(shake_256(key.encode()).digest(2 * count), "<u2") * (2 * np.pi / 65536)
    return np.exp(1j * angles).astype(np.complex64)


@lru_cache(maxsize=8)
def tile(key: str) -> np.ndarray:
    """float32 [TILE, TILE]: the pattern of a key, with mean 0 and root mean square 1."""
    pattern = normalised(on_tile(phases(key)))
    pattern.setflags(write=False)
    return pattern


def on_tile(spectrum: np.ndarray) -> np.ndarray:
    """float32 [..., TILE, TILE]: the real pattern with these values [..., frequencies of the band], and 0 elsewhere."""
    whole = np.zeros((*spectrum.shape[:-1], *band().shape), np.complex64)
    whole[..., band()] = spectrum
    whole[..., 1 - TILE :, 0] += np.conj(whole[..., :0:-1, 0])
    return np.fft.irfft2(whole, (TILE, TILE)).astype(np.float32, copy=False)


def normalised(pattern: np.ndarray) -> np.ndarray:
    """Brought to root mean square 1."""
    return pattern / np.sqrt(np.mean(np.square(pattern)))


def key_id(key: str) -> str:
    """Names a key without giving it away: the first 16 digits of its SHA-256."""
    return sha256(key.encode()).hexdigest()[:16]
