"""Masked networks do not leak: by gradients, output d of x depends on x_1 .. x_{d-1} and on the condition, no more."""

import pytest
import torch

from genmodels_ros.models.masked_linear import MaskedLinear, MaskedPerceptron


def dependence(network, D: int, C: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Whether output d depends on input e [D, D], and on condition e [D, C]."""
    rng = torch.Generator().manual_seed(0)
    x, c = (torch.randn(8, size, generator=rng, requires_grad=True) for size in (D, C))
    rows = []
    for d in range(D):
        gradients = torch.autograd.grad(
            network(x, c if C else None)[:, d].square().sum(), (x, c), allow_unused=True, retain_graph=True
        )
        rows.append([torch.zeros(n) if g is None else g.abs().amax(0) for g, n in zip(gradients, (D, C), strict=True)])
    on_x, on_c = zip(*rows, strict=True)
    return torch.stack(on_x) > 0, torch.stack(on_c) > 0


@pytest.mark.parametrize(("D", "C", "layers"), [(5, 0, 2), (5, 3, 1), (2, 0, 3), (1, 2, 2), (1, 0, 1), (6, 2, 0)])
def test_an_output_sees_earlier_variables_and_the_whole_condition_only(D, C, layers):
    torch.manual_seed(0)
    on_x, on_c = dependence(MaskedPerceptron(D, C, outputs=2, width=32, layers=layers), D, C)
    assert torch.equal(on_x, torch.ones(D, D).tril(-1).bool())
    assert on_c.all()


def test_the_first_variable_has_outputs_of_its_own_without_a_condition():
    made = MaskedPerceptron(3, 0, outputs=4, width=8, layers=1)
    assert made(torch.zeros(2, 3)).shape == (2, 3, 4)
    torch.testing.assert_close(made(torch.randn(5, 3))[:, 0], made.last.bias[:4].expand(5, 4))


def test_one_row_alone_is_the_same_row():
    made = MaskedPerceptron(3, 2, outputs=4, width=8, layers=2)
    x, c = torch.randn(5, 3), torch.randn(5, 2)
    for d in range(3):
        torch.testing.assert_close(made.about(d, x, c), made(x, c)[:, d])


def test_cut_connections_get_no_gradient():
    layer = MaskedLinear(torch.tensor([[True, False], [True, True]]))
    layer(torch.ones(1, 2)).sum().backward()
    assert layer.weight.grad[0, 1] == 0 and layer.weight.grad[1, 1] != 0
