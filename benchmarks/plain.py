"""AlexNet as most people write it in PyTorch: the peers that ours is measured against.

Nothing here but torch: eager modules in a row, NCHW, torch's own normalisation and SGD.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 1000


class Norm(nn.Module):
    """torch's own normalisation with the paper's numbers (its alpha is divided by 5).

    With groups, towers are pictures of their own: what plain torch offers for neighbours that end
    where a tower ends.
    """

    def __init__(self, groups: int = 1) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        towers = x.reshape(x.shape[0] * self.groups, -1, *x.shape[2:])
        return functional.local_response_norm(towers, 5, 5e-4, 0.75, 2.0).reshape(x.shape)


class Halve(nn.Module):
    """The paper's dropout outside training."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 0.5


def paper(
    norm: Callable[[], nn.Module] = Norm, drop: Callable[[], nn.Module] = nn.Dropout
) -> nn.Module:
    """The paper's network; towers are groups of convolutions, normalisation is over all maps."""
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, 4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), drop(),
        nn.Linear(4096, 4096), nn.ReLU(), drop(), nn.Linear(4096, CLASSES),
    )  # fmt: skip


def for_answers() -> nn.Module:
    """The same for answers, not training, and exactly the paper's: each tower normalised alone."""
    return paper(lambda: Norm(2), Halve).eval()


def one_tower() -> nn.Module:
    """What torchvision calls alexnet: one tower, no normalisation; another network."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(True), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(True), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(True),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(True),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(True),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(True), nn.Linear(4096, CLASSES),
    )  # fmt: skip


PEERS = {"plain": "alexnet", "compiled": "alexnet", "one-tower": "torchvision"}  # their FLOP


class Loop:
    """A plain loop's network and optimizer; ``start`` are weights in the order of its own."""

    def __init__(self, peer: str, start: list[Tensor], rate: float) -> None:
        self.network = one_tower() if peer == "one-tower" else paper()
        own = list(self.network.parameters())
        if [value.shape for value in own] == [value.shape for value in start]:
            with torch.no_grad():
                for value, given in zip(own, start, strict=True):
                    value.copy_(given)
        self.sgd = torch.optim.SGD(own, lr=rate, momentum=0.9, weight_decay=5e-4)
        self.run = torch.compile(self.network) if peer == "compiled" else self.network

    def step(self, pictures: Tensor, labels: Tensor) -> float:
        """Forward, backward, update; the loss."""
        self.sgd.zero_grad()
        loss = functional.cross_entropy(self.run(pictures), labels)
        loss.backward()
        self.sgd.step()
        return loss.item()
