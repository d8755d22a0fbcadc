"""Expectation-maximisation: never down, equal to scikit-learn's, alive on degenerate data."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.training.families.expectation_maximisation import Rules, free_parameters, maximise, run, spread_start

KINDS = ("full", "diag", "tied")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(rows: int = 300, J: int = 3, seed: int = 0) -> torch.Tensor:
    rng = seeded(seed)
    centres = 2 * torch.randn(3, J, generator=rng, dtype=torch.float64)
    which = torch.randint(3, (rows,), generator=rng)
    return centres[which] + torch.randn(rows, J, generator=rng, dtype=torch.float64)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), K=st.integers(1, 6), rows=st.integers(20, 120), kind=st.sampled_from(KINDS))
def test_a_step_without_a_regulariser_never_lowers_the_likelihood(seed, K, rows, kind):
    """Of the steps themselves, not of what `run` reports; as long as no component shrinks onto too few rows."""
    data, rules = blobs(rows, 2, seed), Rules(kind, 0.0)
    start = torch.rand(rows, K, generator=seeded(seed), dtype=torch.float64)
    gaussians = maximise(data, start / start.sum(1, keepdim=True), rules)
    level = float(gaussians.log_prob(data).mean())
    for _ in range(30):
        try:
            gaussians = maximise(data, gaussians.responsibilities(data), rules)
        except GenModelsError:
            return
        after = float(gaussians.log_prob(data).mean())
        assert after >= level - 1e-9
        level = after


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_what_a_run_reports_never_falls_and_is_the_likelihood_of_its_result(kind, seed):
    data, rules = blobs(seed=seed), Rules(kind, 1e-2)
    found = run(data, spread_start(data, 4, rules, seeded(seed)), rules, 200)
    levels = found.log_likelihoods
    assert all(b >= a for a, b in pairwise(levels)) and len(levels) > 1
    assert float(found.gaussians.log_prob(data).mean()) == pytest.approx(levels[-1], abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_ends_before_a_step_that_the_regulariser_makes_lose(kind):
    data, rules = blobs(), Rules(kind, 0.3)
    found = run(data, spread_start(data, 4, rules, seeded()), rules, 500)
    after = maximise(data, found.gaussians.responsibilities(data), rules)
    assert float(after.log_prob(data).mean()) < found.log_likelihoods[-1], "or the test says nothing"
    assert found.converged and all(b >= a for a, b in pairwise(found.log_likelihoods))
    assert float(found.gaussians.log_prob(data).mean()) == pytest.approx(found.log_likelihoods[-1], abs=1e-12)


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 7, 40])
def test_it_equals_scikit_learn_from_the_same_start(kind, steps):
    data, rules = blobs(), Rules(kind, 1e-6)
    start = spread_start(data, 3, rules, seeded(1))
    S = start.covariances()
    precisions = {"full": S, "diag": S.diagonal(dim1=1, dim2=2), "tied": S[0]}[kind]
    precisions = 1 / precisions if kind == "diag" else torch.linalg.inv(precisions)
    theirs = GaussianMixture(
        3,
        covariance_type=kind,
        max_iter=steps,
        tol=0.0,
        reg_covar=1e-6,
        weights_init=start.log_weights.exp().numpy(),
        means_init=start.means.numpy(),
        precisions_init=precisions.numpy(),
    )
    theirs.fit(data.numpy())
    ours = start
    for _ in range(steps):
        bound = float(ours.log_prob(data).mean())
        ours = maximise(data, ours.responsibilities(data), rules)
    assert bound == pytest.approx(theirs.lower_bound_, abs=1e-6)
    covariances = {"full": ours.covariances(), "diag": ours.factors.square(), "tied": ours.covariances()[0]}[kind]
    for a, b in (
        (ours.log_weights.exp(), theirs.weights_),
        (ours.means, theirs.means_),
        (covariances, theirs.covariances_),
    ):
        torch.testing.assert_close(a, torch.as_tensor(b), atol=1e-6, rtol=1e-6)
    assert free_parameters(ours) == theirs._n_parameters()


def test_a_component_with_nothing_to_explain_is_moved_to_what_is_explained_worst():
    data = torch.cat([blobs(100, 2), 40 + blobs(30, 2)])
    rules = Rules("full", 1e-6)
    start = spread_start(data, 2, rules, seeded())
    start.means[0] = start.means[1] = data[:100].mean(0)
    start.means[1] = -1e4
    found = run(data, start, rules, 100)
    assert found.revived == 1
    assert sorted(found.gaussians.log_weights.exp().tolist()) == pytest.approx([30 / 130, 100 / 130], abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "data",
    [
        torch.ones(12, 2, dtype=torch.float64),
        torch.cat([blobs(40, 2), torch.full((40, 1), 3.0, dtype=torch.float64)], 1),
        torch.cat([blobs(40, 2), torch.full((1, 2), 1e6, dtype=torch.float64)]),
        blobs(8, 2).repeat(5, 1),
        blobs(3, 20),
    ],
    ids=["one row repeated", "constant column", "one row apart", "every row five times", "fewer rows than columns"],
)
def test_degenerate_data_keep_finite_with_a_regulariser(kind, data):
    rules = Rules(kind, 1e-6)
    found = run(data, spread_start(data, 3, rules, seeded()), rules, 50)
    for part in (found.gaussians.log_weights, found.gaussians.means, found.gaussians.factors):
        assert part.isfinite().all()
    assert found.gaussians.log_prob(data).isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_regulariser_they_are_refused_with_a_sentence(kind):
    rules = Rules(kind, 0.0)
    with pytest.raises(GenModelsError) as error:
        spread_start(torch.ones(12, 2, dtype=torch.float64), 1, rules, seeded())
    assert error.value.code is ErrorCode.INVALID_DATA and "regularisation" in error.value.message


def test_more_components_than_rows_are_refused():
    with pytest.raises(GenModelsError) as error:
        spread_start(blobs(5), 6, Rules(), seeded())
    assert error.value.code is ErrorCode.INVALID_DATA and "6 components" in error.value.message
