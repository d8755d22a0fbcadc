import pytest
import torch

from genmodels_ros.evaluation.distribution.inception_score import inception_score


@pytest.mark.parametrize("classes", [2, 7])
def test_sure_of_every_class_equally_often_scores_the_number_of_classes(classes):
    assert inception_score(torch.eye(classes).repeat(3, 1)) == pytest.approx(classes)


def test_one_class_or_none_scores_one():
    assert inception_score(torch.eye(5)[:1].repeat(9, 1)) == pytest.approx(1)
    assert inception_score(torch.full((9, 5), 0.2)) == pytest.approx(1)


def test_it_is_the_exponential_of_mutual_information():
    p = torch.tensor([[0.9, 0.1], [0.2, 0.8]]).double()
    marginal = p.mean(0)
    information = sum(p[i, j] * (p[i, j] / marginal[j]).log() for i in range(2) for j in range(2)) / 2
    assert inception_score(p) == pytest.approx(float(information.exp()))
