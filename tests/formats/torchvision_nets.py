"""torchvision's alexnet and vgg16, written anew from their layer tables, and its preprocessing."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)  # 0: pool


class Net(nn.Module):
    """Features, adaptive pooling, classifier: both networks are called and keyed so."""

    def __init__(self, features: list[nn.Module], side: int, classifier: list[nn.Module]) -> None:
        super().__init__()
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d((side, side))
        self.classifier = nn.Sequential(*classifier)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def alexnet(classes: int = 1000, width: float = 1.0) -> Net:
    a, b, c, d, e, units = (round(n * width) for n in (64, 192, 384, 256, 256, 4096))
    features = [
        nn.Conv2d(3, a, kernel_size=11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(a, b, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(b, c, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(c, d, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(d, e, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    ]  # fmt: skip
    classifier = [
        nn.Dropout(), nn.Linear(e * 36, units), nn.ReLU(),
        nn.Dropout(), nn.Linear(units, units), nn.ReLU(),
        nn.Linear(units, classes),
    ]  # fmt: skip
    return Net(features, 6, classifier)


def vgg16(classes: int = 1000, width: float = 1.0) -> Net:
    features: list[nn.Module] = []
    channels = 3
    for count in VGG16:
        if count == 0:
            features.append(nn.MaxPool2d(2, 2))
        else:
            maps = round(count * width)
            features += [nn.Conv2d(channels, maps, kernel_size=3, padding=1), nn.ReLU()]
            channels = maps
    units = round(4096 * width)
    classifier = [
        nn.Linear(channels * 49, units), nn.ReLU(), nn.Dropout(),
        nn.Linear(units, units), nn.ReLU(), nn.Dropout(),
        nn.Linear(units, classes),
    ]  # fmt: skip
    return Net(features, 7, classifier)


NETS = {"torchvision": alexnet, "vgg16": vgg16}


def lively(net: Net, seed: int = 0) -> Net:
    """Drawn weights whose logits differ between pictures; ready to answer."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith("weight"):
                value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=generator)
            else:
                value.normal_(0, 0.1, generator=generator)
    return net.eval()


def read_by(photo: Image.Image) -> Tensor:
    """A photo as torchvision's own weights want it: resized, cut, normalised; (3, 224, 224)."""
    width, height = photo.size
    short, long = min(width, height), max(width, height)
    other = int(256 * long / short)
    size = (256, other) if width <= height else (other, 256)
    resized = photo.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    left, top = (round((length - 224) / 2) for length in resized.size)
    cut = resized.crop((left, top, left + 224, top + 224))
    shares = torch.from_numpy(np.asarray(cut).copy()).permute(2, 0, 1).float() / 255
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (shares - mean) / deviation
