"""Arguments that several commands share."""

from pathlib import Path

from genmodels_ros.cli.options import checkpoint_folder
from genmodels_ros.models.checkpoint import shipped


def test_a_checkpoint_is_a_folder_or_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checkpoint_folder("track_sim_to_real_texture") == shipped("track_sim_to_real_texture")
    assert checkpoint_folder("nobody_s") == Path("nobody_s"), "whose absence its reader says"
    assert checkpoint_folder("elsewhere/camera_gan") == Path("elsewhere/camera_gan")
    (tmp_path / "camera_gan").mkdir()
    assert checkpoint_folder("camera_gan") == Path("camera_gan"), "one's own goes first"
