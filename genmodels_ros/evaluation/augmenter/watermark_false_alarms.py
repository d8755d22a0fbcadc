"""How often the mark is found where it is not: images of all kinds times keys that none of them was marked with.

    python -m genmodels_ros.evaluation.augmenter.watermark_false_alarms --pairs 4000000 --data ../shared/data

Images and keys both vary: one key and many images would show what that key is like, many keys and one image the
arithmetic alone.
"""

import argparse
from pathlib import Path
from statistics import NormalDist

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.watermark_images import difficult_images, pictures
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import rate_bound
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.watermark_detection import MAX_FALSE_ALARM, PLACES, shift_correlations, views
from genmodels_ros.pipelines.camera.watermark_pattern import band

KEYS = 100  # at a time
CHANCES = (1e-2, 1e-4, MAX_FALSE_ALARM)
COLUMNS = ("looked at", "images", "pairs", *(f"stated {chance:.0e}" for chance in CHANCES), "the last is below (95 %)")


def false_alarms(images: dict[str, list[np.ndarray]], pairs: int, seed: int) -> Table:
    """`images`: kind → uint8 [H, W, 3] without a mark. Of each kind `pairs` are looked at as `detect` does, and a
    hundred times as many only where `embed` would have put the mark.

    A cell is how often there was an event that is stated to happen that often.
    """
    rows, rng = [], np.random.default_rng(seed)
    for kind, group in images.items():
        seen = [np.stack(views(image)) for image in group]
        rows.append(_row(f"{kind}, the mark's place", seen, 100 * pairs, _at_its_place, rng))
        rows.append(_row(f"{kind}, every place", seen, pairs, _anywhere, rng))
    return Table("Invisible mark: false alarms with keys drawn at random", COLUMNS, tuple(rows))


def _row(name: str, seen: list[np.ndarray], pairs: int, events_of, rng) -> tuple:
    events, looked = np.zeros(len(CHANCES), int), 0
    with tqdm(total=pairs, desc=name, disable=None) as progress:
        while looked < pairs:
            happened = events_of(seen, _random_phases(rng), rng)
            events, looked = events + happened.sum(axis=-1), looked + happened.shape[-1]
            progress.update(happened.shape[-1])
    rates = (f"{count / looked:.1e} ({count})" for count in events)
    return (name, len(seen), looked, *rates, f"{rate_bound(int(events[-1]), looked):.1e}")


def _at_its_place(seen: list[np.ndarray], keys: np.ndarray, rng) -> np.ndarray:
    """bool [chances, images times keys]"""
    scores = _scores(np.stack([image[0] for image in seen]), keys).ravel()
    return np.stack([scores >= _threshold(chance) for chance in CHANCES])


def _anywhere(seen: list[np.ndarray], keys: np.ndarray, rng) -> np.ndarray:
    """bool [chances, keys], for one image: `detect` shares the chance between the place and all the other ones."""
    image = seen[rng.integers(len(seen))]
    score = _scores(image[:1], keys)[0]
    best = np.max([shift_correlations(view, keys).max(axis=(1, 2)) for view in image], axis=0)
    return np.stack([(score >= _threshold(p / 2)) | (best >= _threshold(p / 2 / PLACES)) for p in CHANCES])


def _scores(images: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """[images, keys]: the score at the mark's place."""
    deviations = np.sqrt(np.maximum((images != 0).sum(axis=1), 1) / 2)
    return (images @ np.conj(keys).T).real / deviations[:, None]


def _random_phases(rng) -> np.ndarray:
    """complex64 [KEYS, frequencies of the band], distributed as the phases of keys."""
    angles = rng.random((KEYS, int(band().sum())), dtype=np.float32) * np.float32(2 * np.pi)
    return np.exp(1j * angles)


def _threshold(chance: float) -> float:
    return -NormalDist().inv_cdf(chance)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="count false alarms of the invisible mark")
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="folder of recordings")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    natural = [image for group in pictures(BenchOptions(args.data, seed=args.seed), 200).values() for image in group]
    kinds = {"natural images": natural, "difficult images": difficult_images(args.seed)}
    print(false_alarms(kinds, args.pairs // 2, args.seed).markdown())
