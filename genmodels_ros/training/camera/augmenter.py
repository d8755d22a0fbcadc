"""Trains the image augmenter: unpaired translation from source pictures to the styles of target pictures.

    1. the game of translation_game.py; the averaged generator is looked at now and then (translation_watch.py), the
       best one is kept, and the run ends early when none was better for a while
    2. the style encoder of the finished generator (style_encoder.py)

The pictures come from shards (`data`), or are a user's own (`source`, `target`): see augmenter_data.py.
"""

from dataclasses import asdict, replace
from pathlib import Path

from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.training.camera.augmenter_data import load_data
from genmodels_ros.training.camera.augmenter_run import AugmenterRun, Schedule
from genmodels_ros.training.camera.translation_game import TEXTURE, Settings


def train(
    *,
    out: Path,
    data: Path | None = None,
    source: Path | None = None,
    target: tuple[Path, ...] = (),
    style: tuple[str, ...] = (),
    labels: Path | None = None,
    initial: Path | None = None,
    network: str = "bilateral",
    size: str = "teacher",
    objective: str | None = None,
    consistency: str | None = None,
    keep_light: bool = False,
    steps: int | None = None,
    batch_size: int | None = None,
    minutes: float = Schedule.minutes,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    settings: Settings | None = None,
    schedule: Schedule | None = None,
) -> Card:
    """Plays the game and writes generator (averaged weights) and style encoder to `out`.

    data: shards of `genmodels data augmenter`; or `target`, pictures of each of the `style`s, with `source` (simulated
    frames when None) and the sources' `labels`. network: bilateral or translator, that of `size`. initial: a checkpoint
    of the same styles whose generator is where this one starts; a translator may start from a bilateral one, and keep
    its light (`keep_light`), so that only texture is learned, by the settings TEXTURE.
    Raises GenModelsError: INVALID_IMAGE for data that is missing or too little, MODEL_UNAVAILABLE for a resume that
    does not fit or a light to keep that is not given, NOT_FINITE for a game that diverged.
    """
    if keep_light and (initial is None or network == "bilateral"):
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            "Only a translator can keep a light, that of a trained model: give --network translator and --initial.",
        )
    place, rng = resolve_device(device), generator(seed)
    settings, schedule = settings or (TEXTURE if keep_light else Settings()), schedule or Schedule()
    settings = replace(settings, keep_light=keep_light)
    schedule = replace(schedule, steps=steps, batch_size=batch_size, minutes=minutes).for_network(network)
    consistency = consistency or ("none" if network == "bilateral" else "contrastive")
    settings = replace(settings, objective=objective or settings.objective, consistency=consistency)
    width = 128 if network == "bilateral" else 160
    found = load_data(data, source, target, style, labels, width=width, out=Path(out), device=place, seed=seed)
    config = {"styles": list(found.train.styles), "width": settings.width}
    if network != "bilateral":
        config |= {"network": network, "size": size, "label_values": _listed(found.label_values)}
    card = Card(
        model="image_translation_gan",
        config=config,
        data={**found.card, "settings": asdict(settings)},
        command=f"{found.command} --out OUT --network {network}"
        + (f" --size {size}" if network != "bilateral" else "")
        + (" --initial CHECKPOINT" if initial else "")
        + (" --keep-light" if keep_light else "")
        + f" --objective {settings.objective} --consistency {consistency}"
        f" --steps {schedule.steps} --batch-size {schedule.batch_size} --seed {seed}",
        seed=seed,
    )
    run = AugmenterRun(card, found, settings, schedule, rng, place, Path(out))
    if initial is not None and not resume:
        run.start_from(Path(initial))
    steps_done = run.play(resume)
    return run.finish(steps_done, device)


def _listed(values: tuple | None) -> list | None:
    """As JSON reads it back."""
    return None if values is None else list(values)
