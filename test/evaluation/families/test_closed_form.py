"""The arithmetic is exact, and an error in it would be seen."""

import torch

from genmodels_ros.evaluation.families import closed_form
from genmodels_ros.evaluation.families.closed_form import closed_form_table, inverse_error, scattered_flow


def test_every_density_is_within_its_bar():
    rows = closed_form_table().rows
    assert len(rows) == 12
    for _, what, error, bar in rows:
        assert float(error) <= float(bar), what


def test_a_log_determinant_that_is_off_by_a_thousandth_is_seen(monkeypatch):
    flow = scattered_flow(torch.Generator().manual_seed(0))
    exact = type(flow).log_prob
    monkeypatch.setattr(type(flow), "log_prob", lambda self, x: exact(self, x) + 1e-3)
    assert closed_form.log_determinant_error(flow, torch.Generator().manual_seed(0)) > 0.9e-3


def test_a_scattered_flow_is_far_from_the_identity():
    flow = scattered_flow(torch.Generator().manual_seed(0))
    x = torch.randn(100, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert (flow.encode(x) - x).abs().mean() > 0.3 and inverse_error(flow, torch.Generator().manual_seed(0)) < 1e-9
