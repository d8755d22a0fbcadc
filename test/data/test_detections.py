"""The likeliest class of a detection."""

from types import SimpleNamespace

import pytest

from genmodels_ros.data.detections import likeliest


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ("", 0.0)),
        ([("cat", 0.2), ("dog", 0.7), ("cow", 0.1)], ("dog", 0.7)),
        ([("cat", 0.5), ("dog", 0.5)], ("cat", 0.5)),
        ([("cat", -1.0)], ("cat", -1.0)),
    ],
)
def test_the_highest_score_counts_and_the_first_of_equals(given, expected):
    results = [SimpleNamespace(hypothesis=SimpleNamespace(class_id=name, score=score)) for name, score in given]
    assert likeliest(SimpleNamespace(results=results)) == expected
