"""What translated pictures are worth to a robot: steering learned in simulation, tested on real drives.

A small network learns a driver's steering from the simulated track camera, and is tested on frames of real cars with
what their drivers did. No arm sees a real label. The translation learns how a place looks from the unlabelled frames of
one part of it (driven_places.py) and is tested on the other; both ways round. Every arm takes the same number of steps.

    source only            simulated frames
    + classical, strength  changed as training/camera/steering_augmentation.py does; what counts is the better strength
                           on the real frames, a choice that only this arm is given
    + GAN                  each picture drawn anywhere between the frame and one of its translations: to each place
                           seen, with four codes
    + both                 the same, then classical at the better strength

Fixed before any result: the frames left out, Pearson's correlation as the first measure, mean over recordings. The GAN
arm is its second: after half of the frames translated once to each place had been measured (seed 0), it was changed by
what unlabelled frames of the seen part say (docs/augmenter_steering.md), before another seed was run.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.augmenter.driven_places import Place, places
from genmodels_ros.evaluation.augmenter.steering_scores import (
    compared,
    correlation,
    error_after_fit,
    error_of_mean,
    sign_agreement,
)
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.training.camera.image_domains import ImageDomains
from genmodels_ros.training.camera.sim_to_real import Recipe, train_translation, translated
from genmodels_ros.training.camera.steering import SteeringData, predict, reduced, train_steering
from genmodels_ros.training.camera.steering_augmentation import ClassicalAugmentation

TUBS = "camera/*.tar.gz"
FRAME_SEED = 710_000  # tracks that no shipped checkpoint was trained on
SOURCE, GAN, BOTH = "source only", "+ GAN", "+ both"
STRENGTHS = (0.6, 1.0)


@dataclass(frozen=True)
class Effort:
    """simulated frames to learn from and to be tested on, steps and seeds of each arm, the translation's recipe"""

    frames: int = 4000
    held_out: int = 600
    steps: int = 500
    seeds: int = 5
    recipe: Recipe = Recipe()
    codes: int = 4  # translations of a frame to each place
    targets: int = 10_000  # real frames at most that a translation learns from


QUICK = Effort(frames=160, held_out=80, steps=12, seeds=2, recipe=Recipe(steps=4, batch_size=2), targets=32)


@dataclass(frozen=True)
class Frames:
    """rgb uint8 [N, H, W, 3] and steering [N]."""

    rgb: np.ndarray
    steering: np.ndarray


@dataclass
class Predictions:
    """By arm: `real[arm][recording]` and `simulated[arm]`, [S, N] of S seeds."""

    real: dict[str, dict[str, np.ndarray]]
    simulated: dict[str, np.ndarray]


def tables(options: BenchOptions) -> list[Table]:
    """Trains every arm from nothing and tests it.

    Raises GenModelsError(NO_OBSERVATION) where there is no recording under camera/ of `options.data`.
    """
    tubs = sorted(Path(options.data).glob(TUBS)) if options.data is not None else []
    if not tubs:
        raise GenModelsError(
            ErrorCode.NO_OBSERVATION, f"Steering is tested on real drives: give --data a folder that holds {TUBS}."
        )
    return measured(places(tubs), QUICK if options.quick else Effort(), options.seed)


bench = tables  # the name that `genmodels bench` looks for


def measured(found: list[Place], effort: Effort, seed: int) -> list[Table]:
    """Trains every arm and tests it."""
    learned, tested = simulated(effort.frames, seed, 0), simulated(effort.held_out, seed, 1)
    predictions = _predictions(found, learned, tested, effort, seed)
    driven = {name: part.steering for place in found for name, part in zip(place.part_names, place.parts, strict=True)}
    return [
        _scores(predictions, driven, seed),
        _differences(predictions, driven, seed),
        _in_simulation(predictions, tested.steering),
    ]


def simulated(count: int, seed: int, part: int) -> Frames:
    """Of the simulated track camera; parts never share a track."""
    from genmodels_ros.simulation.track.camera import track_frames

    rgb, _, steering = zip(*track_frames(count, FRAME_SEED + 2 * seed + part), strict=True)
    return Frames(np.stack(rgb), np.array(steering, np.float32))


def _predictions(found: list[Place], learned: Frames, tested: Frames, effort: Effort, seed: int) -> Predictions:
    source = SteeringData(reduced(learned.rgb), torch.from_numpy(learned.steering))
    real = {
        name: reduced(part.rgb) for place in found for name, part in zip(place.part_names, place.parts, strict=True)
    }
    at_home, result = reduced(tested.rgb), Predictions({}, {})
    classical = {f"+ classical {strength:g}": ClassicalAugmentation(strength) for strength in STRENGTHS}

    def run(arm: str, data: SteeringData, names: list[str], augment=None) -> None:
        models = [
            train_steering(data, steps=effort.steps, seed=1000 * seed + number, augment=augment)
            for number in tqdm(range(effort.seeds), desc=arm, disable=None)
        ]
        made = result.real.setdefault(arm, {})
        made |= {name: np.stack([predict(model, real[name]) for model in models]) for name in names}
        at_both = [*result.simulated.get(arm, ()), *(predict(model, at_home) for model in models)]
        result.simulated[arm] = np.stack(at_both)

    for arm, augment in {SOURCE: None, **classical}.items():
        run(arm, source, list(real), augment)
    driven = {name: part.steering for place in found for name, part in zip(place.part_names, place.parts, strict=True)}
    best = better(result.real, list(classical), driven)
    for part in (0, 1):
        seen = [real[place.part_names[part]] for place in found]
        names = [place.part_names[1 - part] for place in found]
        variants = translations(source.images, seen, effort, seed + part)
        data = SteeringData(source.images, source.steering, variants)
        run(GAN, data, names)
        run(BOTH, data, names, classical[best])
    return result


def translations(source: Tensor, targets: list[Tensor], effort: Effort, seed: int) -> Tensor:
    """uint8 [V, N, 3, HEIGHT, WIDTH], the source frames [N, ...] as each target looks, `effort.codes` times.

    All at the size that the steering network sees.
    """
    seen = tuple(target[:: -(-len(target) // effort.targets)] for target in targets)
    domains = ImageDomains(source, seen, tuple(f"place_{number}" for number in range(len(targets))))
    model = train_translation(domains, effort.recipe, seed=seed)
    looks = [(style, code) for style in range(len(targets)) for code in range(effort.codes)]
    return torch.stack([translated(model, source, style, seed=100 * seed + code) for style, code in looks])


def better(real: dict[str, dict[str, np.ndarray]], arms: list[str], driven: dict[str, np.ndarray]) -> str:
    """The arm of the highest mean correlation on the real frames."""
    return max(arms, key=lambda arm: np.mean([correlation(p, driven[name]) for name, p in real[arm].items()]))


def _scores(predictions: Predictions, driven: dict[str, np.ndarray], seed: int) -> Table:
    rows = []
    for arm, made in predictions.real.items():
        for name in driven:
            p, d = made[name], driven[name]
            r = str(compared([p], None, [d], seed))
            rows.append((arm, name, len(d), r, sign_agreement(p, d), error_after_fit(p, d), error_of_mean(d)))
    columns = (
        "arm", "recording", "frames", "correlation", "sign right", "error after a fit", "error of the mean",
    )  # fmt: skip
    return Table("Steering learned in simulation, on real drives", columns, tuple(rows))


def _differences(predictions: Predictions, driven: dict[str, np.ndarray], seed: int) -> Table:
    classical = better(predictions.real, [arm for arm in predictions.real if "classical" in arm], driven)
    pairs = [(one, other) for one in (GAN, BOTH) for other in (SOURCE, classical)]
    rows = []
    for first, second in [(classical, SOURCE), *pairs]:
        for what, names in {"mean": list(driven), **{name: [name] for name in driven}}.items():
            sides = [[predictions.real[arm][name] for name in names] for arm in (first, second)]
            rows.append((f"{first} - {second}", what, str(compared(*sides, [driven[name] for name in names], seed))))
    return Table(
        "Steering on real drives: difference in correlation",
        ("arms", "recording", "difference"),
        tuple(rows),
        ("95 % intervals over seeds and blocks of 2 s. Classical: the better strength on these very frames.",),
    )


def _in_simulation(predictions: Predictions, driven: np.ndarray) -> Table:
    rows = [
        (arm, str(compared([p], None, [driven], 0)), float(np.abs(p - driven).mean()))
        for arm, p in predictions.simulated.items()
    ]
    return Table("The same networks on simulated tracks never seen", ("arm", "correlation", "error"), tuple(rows))
