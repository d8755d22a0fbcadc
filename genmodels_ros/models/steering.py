"""Picture → steering: a small convolutional regressor, to measure what training pictures are worth."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

HEIGHT, WIDTH = 60, 80  # pixels of what it sees


class SteeringNetwork(nn.Module):
    """Steering [B] in [-1, 1], positive to the right, from image [B, 3, HEIGHT, WIDTH] in [0, 1]; 0.1 million weights.

    Strided convolutions after PilotNet (Bojarski et al. 2016), narrower. What lies where matters, so that the last
    features are not averaged over the picture.
    """

    def __init__(self):
        super().__init__()
        widths = (3, 16, 32, 48, 48)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, kernel_size=5 if a == 3 else 3, stride=2, padding=2 if a == 3 else 1)
            for a, b in pairwise(widths)
        )
        self.hidden = nn.Linear(widths[-1] * 4 * 5, 64)
        self.out = nn.Linear(64, 1)
        self.dropout = nn.Dropout(0.2)

    def forward(self, image: Tensor) -> Tensor:
        h = image * 2 - 1
        for layer in self.layers:
            h = F.relu(layer(h))
        return self.out(self.dropout(F.relu(self.hidden(h.flatten(1)))))[:, 0]
