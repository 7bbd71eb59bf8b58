"""The named networks: a name stands for a list of layers, a preprocessing and a recipe.

``alexnet+tanh+without:norm1`` is a name too: changes (``variants.CHANGES``) after a plus, in order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from alexnet.errors import AlexNetError, UsageError
from alexnet.names import nearest
from alexnet.networks import variants
from alexnet.networks.layers import Layers
from alexnet.networks.lists import caffe, cifar, krizhevsky, torchvision
from alexnet.networks.tables import Shape, table
from alexnet.preprocessing import Preprocessing

GREY = 255 * 0.229, 255 * 0.224, 255 * 0.225  # torchvision's standard deviations of R, G and B


@dataclass(frozen=True)
class Named:
    """What a name stands for.

    ``recipe`` holds the fields of ``training.recipe.Recipe`` in which the network's own recipe
    differs from the paper's; ``fast`` those that it needs on a small set, beside the fast recipe's;
    ``mean`` is what is subtracted, the mean image or three numbers.
    ``source`` says where the facts come from.
    """

    name: str
    what: str
    source: str
    layers_of: Callable[[int], Layers]
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    mean: str = "image"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    fast: Mapping[str, Any] = field(default_factory=dict)
    classes: int = 1000
    changes: tuple[str, ...] = ()

    def layers(self, classes: int | None = None) -> Layers:
        """The list with that many classes, by default those of the original."""
        layers = self.layers_of(classes or self.classes)
        for change in self.changes:
            layers = variants.apply(layers, change)
        return layers

    @property
    def input(self) -> Shape:
        """What the network reads: (channels, rows, columns)."""
        return (3, self.preprocessing.crop, self.preprocessing.crop)

    @property
    def way(self) -> dict[str, Any]:
        """The preprocessing as fields of a recipe; the crop's side depends on the set."""
        way = self.preprocessing
        scale = way.scale if isinstance(way.scale, tuple) else (way.scale,)
        return {
            "scale": scale, "mean": self.mean, "mean_at": way.mean_at, "channels": way.channels,
            "mirror": way.mirror,
        }  # fmt: skip


_CAFFE = Preprocessing(fit="warp", crop=227, channels="BGR", filter="bilinear")
_CIFAR = Preprocessing(size=32, crop=24, mean_at="centre")
_CIFAR_RECIPE = {
    "rate": 0.001, "bias_rate": 2.0, "colour_noise": 0.0, "schedule": "steps", "decay": 0.0,
}  # fmt: skip

# Net 145 as logged (original-nets and notebook of the 2012 source): colour noise by standard
# deviations, off from epoch 67 on; conv1 at a tenth from 67, frozen from 72.
_AS_RUN = {
    "epochs": 91, "schedule": "steps", "reduce_at": (25, 51, 79), "bias_rate": 2.0,
    "bias_reduce_at": (25,), "freeze": ("conv1",), "slow_at": 67, "freeze_at": 72,
    "colour_unit": "deviation", "noise_divides": True, "noise_until": 67,
}  # fmt: skip
_AS_RUN_WAY = Preprocessing(mean_at="centre")
_CAFFE_RECIPE = {
    "epochs": 90, "batch": 256, "schedule": "steps", "reduce_at": (20, 40, 60, 80),
    "bias_rate": 2.0, "colour_noise": 0.0,
}  # fmt: skip

_ALL = (
    Named(
        "alexnet", "the paper's text, as it stands", "Krizhevsky et al. 2012, sections 3 to 5",
        krizhevsky.alexnet,
    ),
    Named(
        "alexnet-as-run", "net 145, whose logged scores are the paper's: norm before ReLU in "
        "layer 1, a second norm in layer 2", "the 2012 source, layers-145.cfg",
        krizhevsky.alexnet_as_run, _AS_RUN_WAY, recipe=_AS_RUN,
    ),
    Named(
        "alexnet-one-gpu", "one column, which section 3.2 compares with",
        "section 3.2, footnote 2; layers-145-half.cfg", krizhevsky.alexnet_one_gpu,
    ),
    Named(
        "alexnet-apart", "net 150, whose towers never talk", "the 2012 source, layers-150.cfg",
        krizhevsky.alexnet_apart, _AS_RUN_WAY,
        recipe={**_AS_RUN, "epochs": 92, "reduce_at": (25, 49, 79), "slow_at": 66,
                "noise_until": 66},
    ),
    Named(
        "alexnet-conv6", "net 146, the paper's CNN*: a sixth convolution",
        "section 6; layers-146-2012-2011.cfg", krizhevsky.alexnet_conv6, _AS_RUN_WAY,
        recipe=_AS_RUN,
    ),
    Named(
        "one-weird-trick", "the one-tower net of 2014, as configured",
        "cuda-convnet2, layers-imagenet-1gpu.cfg", krizhevsky.one_weird_trick, _AS_RUN_WAY,
        recipe={
            "epochs": 90, "schedule": "steps", "reduce_at": (22.5, 45, 67.5),
            "reduce_by": 250 ** (1 / 3), "bias_rate": 2.0, "bias_reduce_at": (45,),
            "colour_unit": "deviation", "noise_divides": True,
        },
    ),
    Named(
        "torchvision", "what torchvision calls alexnet: no norm, no towers",
        "torchvision's alexnet", torchvision.torchvision,
        Preprocessing(scale=GREY, filter="bilinear"), mean="channel",
        recipe={
            "batch": 32, "schedule": "steps", "reduce_at": (30, 60), "decay": 1e-4,
            "bias_decay": 1e-4, "colour_noise": 0.0, "area": 0.08,
        },
    ),
    Named(
        "caffenet", "Caffe's reference network: pool before norm, 227 pixels, BGR",
        "Caffe, bvlc_reference_caffenet", caffe.caffenet, _CAFFE, recipe=_CAFFE_RECIPE,
    ),
    Named(
        "bvlc-alexnet", "Caffe's AlexNet: norm before pool, 227 pixels, BGR",
        "Caffe, bvlc_alexnet", caffe.bvlc_alexnet, _CAFFE, recipe=_CAFFE_RECIPE,
    ),
    Named(
        "cnn-s", "CNN_S of Chatfield et al., mean image, BGR", "VGG_CNN_S, arXiv 1405.3531",
        caffe.cnn_s, Preprocessing(channels="BGR", mean_at="centre"),
    ),
    Named(
        "vgg16", "VGG_ILSVRC_16_layers, configuration D, mean of each channel, BGR",
        "arXiv 1409.1556", torchvision.vgg16, Preprocessing(channels="BGR"), mean="channel",
        recipe={"batch": 256, "epochs": 74}, fast={"rate": 0.003},
    ),
    Named(
        "cifar10-13pct", "section 3.3's CIFAR-10 net without normalisation",
        "cuda-convnet, layers-conv-local-13pct.cfg", cifar.cifar10_13pct, _CIFAR, classes=10,
        recipe={**_CIFAR_RECIPE, "epochs": 140, "reduce_at": (120, 130), "bias_reduce_at": (140,)},
    ),
    Named(
        "cifar10-11pct", "section 3.3's CIFAR-10 net with normalisation",
        "cuda-convnet, layers-conv-local-11pct.cfg", cifar.cifar10_11pct, _CIFAR, classes=10,
        recipe={**_CIFAR_RECIPE, "epochs": 520, "reduce_at": (500, 510), "bias_reduce_at": (520,)},
    ),
    Named(
        "cifar10-18pct", "a small CIFAR-10 net with within-map norms",
        "cuda-convnet, layers-18pct.cfg", cifar.cifar10_18pct,
        Preprocessing(size=32, crop=32, mirror=False), classes=10,
        recipe={**_CIFAR_RECIPE, "epochs": 140, "reduce_at": (120, 130)},
    ),
)  # fmt: skip

NETWORKS: dict[str, Named] = {named.name: named for named in _ALL}


def named(name: str) -> Named:
    """What a name stands for; UsageError for an unknown network or change."""
    first, *changes = name.split("+")
    if first not in NETWORKS:
        raise UsageError(f"There is no network {first!r}{nearest(first, NETWORKS)}.")
    found = replace(NETWORKS[first], name=name, changes=tuple(changes))
    if error := _misfit(found):  # so that a change that does not fit is told now
        raise UsageError(f"{name}: {error}{_advice(found, error)}")
    return found


def _misfit(net: Named) -> AlexNetError | None:
    """Why the layers of a network do not go together; None where they do."""
    try:
        table(net.layers(), net.input)
    except AlexNetError as error:
        return error
    return None


def _advice(net: Named, error: AlexNetError) -> str:
    """Which change is to blame where layers do not go together, and what to do."""
    if isinstance(error, UsageError) or not net.changes:
        return ""
    ends = range(1, len(net.changes) + 1)
    end = next(end for end in ends if _misfit(replace(net, changes=net.changes[:end])))
    blamed = net.changes[end - 1]
    todo = {
        "width": ": take a share that leaves every tower whole kernels, such as width:0.5",
        "without": ": take that layer away as well, or other layers",
    }
    return f" That comes of +{blamed}{todo.get(blamed.partition(':')[0], '')}."


def layers_of(name: str, classes: int | None = None) -> Layers:
    """The list of a named network with that many classes; UsageError for an unknown name."""
    return named(name).layers(classes)
