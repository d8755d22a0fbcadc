"""ROS 2's own linters, where they are installed; elsewhere `make lint` (ruff) has the word."""

from pathlib import Path

import pytest

import genmodels_ros

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
CODE = [str(ROOT / name) for name in ("genmodels_ros", "launch", "test", "setup.py")]
REASON = "it is not on PyPI: it comes with an installed ROS 2"
# The house's docstrings may be one phrase without a verb, and may end on the last line of their text.
HOUSE_STYLE = ("D205", "D209", "D213", "D400", "D401", "D402", "D403", "D415")


def test_flake8():
    linter = pytest.importorskip("ament_flake8.main", reason=REASON)
    code, errors = linter.main_with_errors(argv=["--config", str(ROOT / "setup.cfg"), *CODE])
    assert code == 0, "\n".join(errors)


def test_pep257(capsys):
    linter = pytest.importorskip("ament_pep257.main", reason=REASON)
    code = linter.main(argv=["--add-ignore", *HOUSE_STYLE, "--", *CODE[:2]])
    assert code == 0, capsys.readouterr().err
