import cv2
import numpy as np
import torch

from genmodels_ros.evaluation.augmenter.synthesis_baselines import blurred_mean, mixture, untrained
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer

CONFIG = {"height": 16, "width": 24, "latent": 8, "channels": [16, 16]}


def red_or_blue(count):
    """uint8 [count, 16, 24, 3]: every other one red, the rest blue, with noise."""
    rng = np.random.default_rng(0)
    colours = np.array([(200, 30, 30), (30, 30, 200)])[np.arange(count) % 2]
    return np.clip(colours[:, None, None] + rng.normal(0, 8, (count, 16, 24, 3)), 0, 255).astype(np.uint8)


def test_the_mixture_draws_both_kinds_of_picture_and_nothing_between():
    made = mixture(red_or_blue(120), 40, seed=1)
    assert made.shape == (40, 16, 24, 3) and made.dtype == np.uint8
    red = made[..., 0].mean(axis=(1, 2))
    assert ((red < 50) | (red > 180)).all() and 5 < (red > 180).sum() < 35
    assert np.array_equal(made, mixture(red_or_blue(120), 40, seed=1))


def test_the_mixture_shows_no_contour():
    known = np.zeros((60, 16, 24, 3), np.uint8)
    known[:, :, 9:] = 255

    def steepest(image):
        return np.abs(np.diff(image[..., 0].astype(int), axis=1)).max()

    assert steepest(known[0]) == 255 and steepest(mixture(known, 1, seed=0)[0]) < 200


def test_the_blurred_mean_is_one_picture_of_the_mean_colour():
    known = red_or_blue(20)
    made = blurred_mean(known, 3)
    assert (made == made[0]).all() and np.abs(made.mean((0, 1, 2)) - known.mean((0, 1, 2))).max() < 1
    assert cv2.Laplacian(made[0], cv2.CV_64F).std() < 0.2 * cv2.Laplacian(known[0], cv2.CV_64F).std()


def test_an_untrained_generator_has_other_weights_than_the_one_judged():
    torch.manual_seed(5)
    synthesizer = ImageSynthesizer(
        ImageSynthesisGAN.from_config(CONFIG), Card("image_synthesis_gan", CONFIG), device="cpu", mark=False
    )
    made = untrained(synthesizer, 2, seed=0)
    assert made.shape == (2, 16, 24, 3) and not np.array_equal(made[0], synthesizer.sample(2, seed=0)[0].image)
    assert np.array_equal(made, untrained(synthesizer, 2, seed=0))
