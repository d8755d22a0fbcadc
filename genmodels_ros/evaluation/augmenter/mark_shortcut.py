"""Can the invisible mark become a shortcut? The worst case: training pictures are marked where a person is to be seen.

Two segmenters go on from the same weights on the same frames under the same steps: for one exactly the frames with a
person carry the mark, for the other as many frames chosen at random. Both then read every test frame with the mark and
without. If the mark means "person" to the first one, marking raises what it calls a person, more than for the second.
"""

import copy

import numpy as np

from genmodels_ros.evaluation.augmenter.labelled_frames import mirrored
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.watermark import embed
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.camera.segmentation import fit, predict

BATCH = 8
PERSON = int(LabelClass.PERSON)


def table(experiment) -> Table:
    """Shares of pixels called a person on the test frames of `experiment` (downstream_segmentation.Experiment)."""
    frames, rng = experiment.sets.train, np.random.default_rng(experiment.seed)
    with_person = (frames.labels == PERSON).any(axis=(1, 2))
    test = experiment.sets.test["source"]
    marked_test = np.stack([embed(image) for image in test.rgb])
    rows = []
    for name, marked in (("frames with a person", with_person), ("as many, at random", rng.permutation(with_person))):
        model = _trained(experiment, marked)
        plain, with_mark = (predict(model, images) for images in (test.rgb, marked_test))
        persons = [100 * float((seen == PERSON).mean()) for seen in (plain, with_mark)]
        rows.append((name, *persons, persons[1] - persons[0], f"{(plain != with_mark).mean():.2%}"))
    columns = (
        "marked in training", "person, unmarked %", "person, marked %", "difference, points", "pixels that change"
    )  # fmt: skip
    truth = 100 * float((test.labels == PERSON).mean())
    return Table(
        f"Mark as a shortcut: pixels called a person on {len(test.rgb)} test frames (in truth {truth:.2f} %)",
        columns,
        tuple(rows),
    )


def _trained(experiment, marked: np.ndarray):
    frames, rng = experiment.sets.train, np.random.default_rng([experiment.seed, 9])
    images = np.stack([embed(one) if mark else one for one, mark in zip(frames.rgb, marked, strict=True)])

    def draw():
        chosen = rng.integers(len(images), size=BATCH)
        return mirrored(images[chosen], frames.labels[chosen], rng)

    model = copy.deepcopy(experiment.base(0))
    return fit(model, draw, steps=experiment.protocol.arm_steps, weights=experiment.weights, rate=2e-3)
