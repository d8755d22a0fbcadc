from dataclasses import replace

import pytest

from genmodels_ros.evaluation.distribution.memorisation import Memorisation
from genmodels_ros.evaluation.distribution.sample_quality import SampleQuality
from genmodels_ros.evaluation.distribution.training_report import (
    collapse_report,
    gap_report,
    history_report,
    memorisation_report,
)
from genmodels_ros.training.fitting import History


def history(*losses, **more):
    return History(list(range(len(losses))), list(losses), **more)


def test_a_run_that_falls_and_stays_is_left_in_peace():
    assert history_report(history(3.0, 2.0, 1.5, 1.4, 1.38, 1.41, 1.37)) == []


@pytest.mark.parametrize(
    ("losses", "word"),
    [
        ((3.0, 2.0, 1.0, 1.2, 2.5, 4.0), "rose again after step 2"),
        ((3.0, 1.0, 2.9, 1.1, 2.8, 1.2, 2.7, 1.0), "jumps"),
        ((1.0, 1.5, 1.6, 1.7), "Nothing was learnt"),
    ],
)
def test_each_instability_has_a_name_and_a_remedy(losses, word):
    (found,) = history_report(history(*losses, best_step=2))
    assert word in found and "--" in found


def test_what_the_run_said_itself_comes_first_even_without_losses():
    assert history_report(history(warnings=["The discriminator wins."])) == ["The discriminator wins."]


def test_a_gap_is_judged_by_the_dimension():
    assert gap_report(1.0, 1.4, 2) == [] and "Overfitting" in gap_report(1.0, 2.0, 2)[0]


def test_a_collapse_is_told_from_a_poor_fit_beside_what_real_rows_reach():
    real = SampleQuality(precision=0.8, recall=0.9, density=1.0, coverage=0.95)

    def said(precision, coverage, recall=0.9):
        return collapse_report(replace(real, precision=precision, coverage=coverage, recall=recall), real)

    assert said(0.7, 0.6) == [] and said(0.1, 0.6) == []
    assert said(0.7, 0.3)[0].startswith("Collapse") and "32%" in said(0.7, 0.3)[0]
    assert said(0.2, 0.3)[0].startswith("Poor fit: 25%")
    assert said(0.0, 0.0)[0].startswith("Poor fit")
    assert said(0.8, 0.9, recall=0.09)[0].startswith("Collapse: samples reach 10%")


def test_copies_are_reported_with_how_close_they_are():
    assert memorisation_report(Memorisation(0.97, 0.55, 0.001)) == []
    assert "0.10" in memorisation_report(Memorisation(0.1, 0.9, 0.001))[0]
