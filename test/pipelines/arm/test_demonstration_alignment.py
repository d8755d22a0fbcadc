"""Alignment forgets speed, pauses and noise, and lays corresponding points beside each other."""

import numpy as np
import pytest

from genmodels_ros.pipelines.arm.demonstration_alignment import POINTS, align, smooth, warp


def curve(u: np.ndarray) -> np.ndarray:
    return np.stack([u, np.sin(3 * u), 0.5 * u**2], axis=-1)


def test_the_same_way_at_other_speeds_is_one_curve():
    t = np.linspace(0, 1, 240)
    paces = (t, t**2, np.sqrt(t), np.concatenate([t[:80], np.full(80, t[80]), t[80:]]))  # the last one pauses
    aligned = align([curve(u) for u in paces])
    assert aligned.shape == (4, POINTS, 3)
    assert np.abs(aligned - aligned[0]).max() < 0.04
    assert np.abs(aligned - aligned.mean(0)).mean() < 0.005


def test_noise_in_a_pause_is_no_way():
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 200)
    waiting = curve(np.concatenate([t[:100], np.full(200, t[99]), t[100:]]))
    noisy = waiting + 2e-3 * rng.normal(size=waiting.shape)
    aligned = align([noisy, curve(t), curve(t)])
    assert np.abs(aligned[0] - aligned[1]).max() < 0.05


def test_warping_finds_a_known_shift_of_the_phase():
    u = np.linspace(0, 1, 60)
    bent = u + 0.1 * np.sin(np.pi * u) * u
    index = warp(curve(u), curve(bent))
    assert index[0] == 0 and index[-1] == 59 and (np.diff(index) >= 0).all()
    np.testing.assert_allclose(np.interp(index, np.arange(60), bent), u, atol=0.03)


def test_a_detour_of_one_does_not_shift_the_others():
    """One demonstration wanders at first; the point all pass afterwards is still a point of the mean."""
    u = np.linspace(0, 1, 150)
    away = curve(u)
    away[:60, 2] += 0.5 * np.sin(np.linspace(0, np.pi, 60)) ** 2
    aligned = align([curve(u), curve(u), curve(u), away])
    via = curve(np.array([0.7]))[0]
    assert np.linalg.norm(aligned.mean(0) - via, axis=1).min() < 0.02
    fractions = [np.linalg.norm(path - via, axis=1).argmin() for path in aligned]
    assert np.ptp(fractions) <= 3


@pytest.mark.parametrize("points", [8, 60, 2000])
def test_smoothing_keeps_a_smooth_path(points):
    path = curve(np.linspace(0, 1, points))
    np.testing.assert_allclose(smooth(path), path, atol=0.02)
