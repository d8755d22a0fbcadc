"""What a few numbers keep of a lidar scan: a VAE's code beside principal components, on floors nobody learnt from.

python -m genmodels_ros.evaluation.world_model.scan_compression --data FLOORS --plot PICTURE.png
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.episodes import load_shard, shard_paths, split_by_floor
from genmodels_ros.data.scan_vectors import ScanFeatures
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import auroc
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.mobile.scan_compression import NEAR, ScanCompressor, clutter
from genmodels_ros.simulation.floor.episodes import simulate_floor
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.mobile.scan_compression import fit_compressor, turned_scans

LATENTS, QUICK_LATENTS = (2, 4, 8, 16, 32), (4, 16)
CODE = {"distribution": "categorical", "latent": 16, "classes": 16, "free_bits": 1.0}  # 64 bits
STEPS, QUICK_STEPS = 4000, 600
RATE = 2e-3
FLOORS, QUICK_FLOORS = 60, 12  # simulated where no shards are given
EVERY = 5  # rows of a drive: one second
TESTED = 2000  # held-out scans
AMOUNTS = (-1.0, -0.5, 0.0, 0.5, 1.0)
BETAS = (1.0, 0.1)  # a bound on log p, and nearer to a plain autoencoder
JUDGE = (16, 1.0)  # numbers and beta of the code whose anomaly score and attribute are measured
FULL = 360  # beams of the lidar's message, float32


@dataclass(frozen=True)
class Floors:
    """training, tested: scans [N, B] m of different floors; told: where they come from."""

    training: np.ndarray
    tested: np.ndarray
    told: str


def bench(options: BenchOptions) -> list[Table]:
    """Compression, the clutter attribute, anomaly scores. data: a folder of `genmodels data world-model`."""
    floors, features = read_floors(options), ScanFeatures()
    data = turned_scans(floors.training, features, options.seed)
    components, x = Components(data.x.numpy()), features.features(floors.tested)
    truth, judge = features.ranges(x), None
    kept = lambda count: features.ranges(components.reconstruct(x, count))  # noqa: E731
    rows = [_row("mean of all scans", 0, 0, kept(0), truth)]
    for latent in QUICK_LATENTS if options.quick else LATENTS:
        rows.append(_row("principal components", latent, 32 * latent, kept(latent), truth))
        for beta in BETAS:
            fitted = fitted_compressor(data, features, {"latent": latent, "beta": beta}, options)
            name = f"VAE, beta {beta:g}, {units_in_use(fitted, data)} in use"
            rows.append(_row(name, latent, 32 * latent, fitted.reconstruct(floors.tested), truth))
            judge = fitted if (latent, beta) == JUDGE else judge
    made = fitted_compressor(data, features, CODE, options).reconstruct(floors.tested)
    variables, classes = CODE["latent"], CODE["classes"]
    name = f"VAE, {variables} of {classes} classes"
    rows.append(_row(name, variables, round(variables * np.log2(classes)), made, truth))
    table = Table(
        f"Scans in few numbers: {len(truth)} scans of floors not learnt from ({floors.told})",
        ("code", "numbers", "bits", "times less than 360 floats", "… than 60", "mean error [m]", "median error [%]"),
        tuple(rows),
        (f"Errors are against the {features.beams} beams that are kept of {FULL}; both codes see log ranges.",),
    )
    return [table, attribute_table(judge, floors), anomaly_table(judge, components, floors, options.seed)]


def read_floors(options: BenchOptions) -> Floors:
    """Of shards where there are some, else simulated now; every tenth floor is held out."""
    if options.data is not None and any(Path(options.data).glob("floor_*.npz")):
        training, held_out = split_by_floor(shard_paths(options.data))
        if options.quick:
            training, held_out = training[:QUICK_FLOORS], held_out[:QUICK_FLOORS]
        read, told = lambda path: load_shard(path).scan, f"{len(training)} floors learnt from"
    else:
        count = QUICK_FLOORS if options.quick else FLOORS
        every = [(options.seed + 501, index) for index in range(count)]
        training, held_out = [f for f in every if f[1] % 10 != 9], [f for f in every if f[1] % 10 == 9]
        read, told = lambda floor: simulate_floor(*floor).scan, f"{len(training)} simulated floors learnt from"
    scans = lambda some: np.concatenate([read(one)[::EVERY].astype(np.float32) for one in tqdm(some, disable=None)])  # noqa: E731
    tested = scans(held_out)
    chosen = np.random.default_rng(options.seed).permutation(len(tested))[:TESTED]
    return Floors(usable(scans(training)), usable(tested[chosen]), told)


def usable(scans: np.ndarray) -> np.ndarray:
    """Scans with half of their beams measured."""
    return scans[(~np.isnan(scans)).mean(1) >= 0.5]


def fitted_compressor(data: Vectors, features: ScanFeatures, settings: dict, options: BenchOptions) -> ScanCompressor:
    steps = QUICK_STEPS if options.quick else STEPS
    fit_options = FitOptions(steps=steps, learning_rate=RATE, seed=options.seed, device=options.device)
    return fit_compressor(data, features, settings, fit_options)[0]


def units_in_use(compressor: ScanCompressor, data: Vectors) -> int:
    """Numbers of the code that depend on the scan."""
    model = compressor.model
    return model.core.active_units(model.inner(data.x[:5000]))


class Components:
    """Principal components of features [N, beams]."""

    def __init__(self, x: np.ndarray):
        self.mean = x.mean(0)
        self.axes = np.linalg.eigh(np.cov(x.T))[1][:, ::-1]  # [beams, beams], greatest variance first

    def reconstruct(self, x: np.ndarray, count: int) -> np.ndarray:
        """[N, beams] from `count` of them."""
        axes = self.axes[:, :count]
        return (x - self.mean) @ axes @ axes.T + self.mean


def _row(name: str, numbers: int, bits: int, made: np.ndarray, truth: np.ndarray) -> tuple:
    error = np.abs(made - truth)
    smaller = (32 * FULL / bits, 32 * truth.shape[1] / bits) if bits else (None, None)
    return (name, numbers, bits, *smaller, float(error.mean()), float(100 * np.median(error / truth)))


def attribute_table(compressor: ScanCompressor, floors: Floors) -> Table:
    """Share of near beams after turning held-out scans along the clutter direction of those learnt from."""
    way, z = compressor.clutter_direction(floors.training[:20_000]), compressor.encode(floors.tested)
    shares = [clutter(compressor.decode(z + amount * way)) for amount in AMOUNTS]
    rising = float(np.mean(np.diff(shares, axis=0) >= 0))
    rows = tuple((amount, float(100 * share.mean())) for amount, share in zip(AMOUNTS, shares, strict=True))
    measured = clutter(compressor.features.ranges(compressor.features.features(floors.tested)))
    return Table(
        f"Clear to cluttered along one direction of {JUDGE[0]} numbers",
        ("turned by", f"beams nearer than {NEAR} m [%]"),
        rows,
        (f"The scans themselves: {100 * measured.mean():.3g} %. Steps that do not lower the share: {rising:.1%}.",),
    )


def anomaly_table(compressor: ScanCompressor, components: Components, floors: Floors, seed: int) -> Table:
    """AUROC of broken scans against whole ones: the VAE's -log p, and what as many components leave over."""
    features, rng = compressor.features, np.random.default_rng(seed)

    def left_over(scans: np.ndarray) -> np.ndarray:
        x = features.features(scans)
        return np.square(x - components.reconstruct(x, JUDGE[0])).sum(1)

    scores: dict[str, Callable] = {"VAE, -log p": compressor.anomaly, "principal components, rest": left_over}
    whole, rows = {name: score(floors.tested) for name, score in scores.items()}, []
    for fault, broken in faults(floors.tested, rng).items():
        labels = np.repeat([False, True], len(broken))
        rows.append((fault, *(auroc(np.r_[whole[name], score(broken)], labels) for name, score in scores.items())))
    return Table("Anomaly score of single scans: AUROC", ("fault", *scores), tuple(rows))


def faults(scans: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Broken copies of scans [N, B], by what broke them."""
    count, beams = scans.shape
    covered = (np.arange(beams) - rng.integers(beams, size=(count, 1))) % beams < beams // 9
    stuck = np.where(np.arange(beams) < beams // 2, scans, scans[:, [beams // 2]])
    return {
        "a sector of 40° covered": np.where(covered, np.float32(0.2), scans),
        "noise of 0.2 m": (scans + 0.2 * rng.standard_normal(scans.shape)).clip(0.12).astype(np.float32),
        "half of the beams hold one value": stuck,
        "ranges half as long again": 1.5 * scans,
    }


def main() -> None:
    from genmodels_ros.data.image_codec import encode_png
    from genmodels_ros.evaluation.world_model.scan_compression_sheet import sheet

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of shards; simulated floors where there is none")
    parser.add_argument("--plot", type=Path, required=True, help="write reconstructions, sweeps and ways, PNG")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="fewer floors and steps")
    args = parser.parse_args()
    options = BenchOptions(data=args.data, seed=args.seed, quick=args.quick)
    floors, features = read_floors(options), ScanFeatures()
    data = turned_scans(floors.training, features, args.seed)
    compressor = fitted_compressor(data, features, {"latent": JUDGE[0], "beta": JUDGE[1]}, options)
    args.plot.write_bytes(encode_png(sheet(compressor, floors.training, floors.tested)))


if __name__ == "__main__":
    main()
