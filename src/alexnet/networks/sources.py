"""Where each fact of a named network comes from: a section of its paper, or a file.

"Section" is one of the paper of 2012. ``layers-145.cfg``, ``layer.py`` and the like are files of
its source, which the Computer History Museum published in 2025.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alexnet.networks.layers import Layer
from alexnet.networks.zoo import Named

NEEDED = "not in the text; needed for its sizes"


@dataclass(frozen=True)
class Sources:
    """For one network: of its layers, its pictures and its recipe.

    ``finer`` holds what is not from there, by (layer or kind, field), or by either alone.
    """

    layers: str
    pictures: str
    recipe: str
    finer: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of_layer(self, layer: Layer, what: str) -> str:
        """Of a field of a layer, or of what ``differences.Difference`` calls layer, kind, place."""
        kind = type(layer).__name__
        keys = ((layer.name, what), (kind, what), ("", what), (kind, ""))
        return next((self.finer[key] for key in keys if key in self.finer), self.layers)

    def of_pictures(self, what: str) -> str:
        """Of a field of the preprocessing."""
        return self.finer.get(("pictures", what), self.pictures)

    def of_recipe(self, what: str) -> str:
        """Of a field of the recipe."""
        return self.finer.get(("recipe", what), self.recipe)


def sources(net: Named) -> Sources:
    """Those of the network that the name begins with, whatever changes follow."""
    return SOURCES[net.name.partition("+")[0]]


_TEXT = {
    ("ReLU", ""): "section 3.1",
    ("LocalResponseNorm", ""): "section 3.3",
    ("LocalResponseNorm", "groups"): "layers-145.cfg; section 3.3 does not say",
    ("MaxPool", ""): "section 3.4",
    ("MaxPool", "rounding"): NEEDED,
    ("Dropout", ""): "section 4.2",
    ("", "std"): "section 5",
    ("", "bias"): "section 5",
    ("", "decay"): "section 5",
    ("", "groups"): "sections 3.2 and 3.5",
    ("", "padding"): NEEDED,
    ("", "place"): "section 3.5",
    ("Convolution", "rounding"): "layer.py; section 3.5 does not say",
    **{(f"conv{n}", "std"): "layers-145.cfg; section 5 says 0.01" for n in (3, 4, 5)},
    ("pictures", "input"): "section 4.1",
    ("pictures", "mirror"): "section 4.1",
    ("pictures", "filter"): "not said; ours",
    **{
        ("recipe", key): "section 4.1"
        for key in ("colour_noise", "colour_unit", "noise_until", "noise_divides", "area", "block")
    },
    ("recipe", "bias_rate"): "section 5: one rate for all layers",
    ("recipe", "bias_decay"): "cuda-convnet; section 5 speaks of weights",
    **{
        ("recipe", key): "not in section 5"
        for key in ("freeze", "slow_at", "freeze_at", "bias_reduce_at")
    },
}
_COLUMN = "section 3.2, footnote 2"
_RUN = {
    ("LocalResponseNorm", "alpha"): "layer.py, which divides",
    ("", "rounding"): "layer.py",
    ("recipe", "bias_reduce_at"): "run4.sh; net 145's own file ends at 0.02",
    **{
        ("recipe", key): "convdata_jpeg.py"
        for key in ("colour_unit", "noise_divides", "block", "area", "mirror")
    },
    ("pictures", "filter"): "not in the release; ours",
    ("pictures", "size"): "section 2; convdata_jpeg.py",
    ("pictures", "fit"): "section 2",
}
_PICTURES = "convdata_jpeg.py"
_WEIRD = {
    ("recipe", "bias_reduce_at"): "cuda-convnet2's configuration",
    ("recipe", "colour_unit"): "cuda-convnet2's convdata.py",
    ("recipe", "noise_divides"): "cuda-convnet2's convdata.py",
    ("pictures", "filter"): "make-data.py; ours",
    ("pictures", "fit"): "make-data.py",
    ("pictures", "size"): "make-data.py",
}
_CAFFE_FINER = {
    ("MaxPool", "rounding"): "pooling_layer.cpp: ceil",
    ("", "rounding"): "Caffe's layers",
    ("Dropout", "scaled"): "dropout_layer.cpp",
    ("LocalResponseNorm", "alpha"): "train_val.prototxt; lrn_layer.cpp, which divides",
    ("LocalResponseNorm", "k"): "train_val.prototxt: the default",
    ("LocalResponseNorm", "groups"): "lrn_layer.cpp: all maps",
    **{("recipe", key): "train_val.prototxt" for key in ("batch", "bias_rate", "bias_decay")},
    ("pictures", "size"): "Caffe's ImageNet tutorial",
    ("pictures", "fit"): "Caffe's ImageNet tutorial",
    ("pictures", "filter"): "OpenCV's default",
    ("pictures", "channels"): "OpenCV's order",
    ("pictures", "mean_at"): "data_transformer.cpp",
}
_PORTS = {
    ("MaxPool", "rounding"): "Caffe's pools; fc6's size needs it",
    ("", "std"): "not known; as in section 5",
    ("", "bias"): "not known; ours",
    ("recipe", "bias_rate"): "not known; as in Caffe's nets",
    ("pictures", "filter"): "not said; ours",
}
_VGG = {
    ("", "std"): "Glorot's, which section 3.1 there allows",
    ("", "bias"): "arXiv 1409.1556, section 3.1",
    ("Dropout", "scaled"): "dropout_layer.cpp",
    ("pictures", "channels"): "VGG_ILSVRC_16_layers",
    ("pictures", "filter"): "not said; ours",
}


def _original(number: str) -> Sources:
    return Sources(f"layers-{number}.cfg", _PICTURES, f"layer-params-{number}.cfg", _RUN)


def _caffe(name: str) -> Sources:
    return Sources(
        "train_val.prototxt", "train_val.prototxt", "solver.prototxt",
        {**_CAFFE_FINER, ("recipe", "colour_noise"): f"{name}/readme.md"},
    )  # fmt: skip


def _cifar(name: str) -> Sources:
    return Sources(
        f"layers-{name}.cfg", "cuda-convnet's CIFAR-10 data", "its layer-params file",
        {("", "rounding"): "cuda-convnet's layer.py", ("", "decay"): "its layer-params file"},
    )  # fmt: skip


SOURCES: dict[str, Sources] = {
    "alexnet": Sources("section 3.5", "section 2", "section 5", _TEXT),
    "alexnet-as-run": _original("145"),
    "alexnet-one-gpu": Sources(
        "section 3.5", "section 2", "section 5",
        {**_TEXT, ("", "kernels"): _COLUMN, ("Convolution", "groups"): _COLUMN,
         ("LocalResponseNorm", "groups"): f"{_COLUMN}: one column"},
    ),
    "alexnet-apart": _original("150"),
    "alexnet-conv6": Sources(
        "layers-146-2012-2011.cfg", _PICTURES, "layer-params-145.cfg: as net 145",
        {**_RUN, ("conv6", "layer"): "section 6; layers-146-2012-2011.cfg"},
    ),
    "one-weird-trick": Sources(
        "layers-imagenet-1gpu.cfg", "cuda-convnet2", "cuda-convnet2's configuration",
        {**_RUN, **_WEIRD},
    ),
    "torchvision": Sources(
        "torchvision's alexnet", "its weights' transforms", "torchvision's reference scripts",
        {("", "std"): "PyTorch's default", ("", "bias"): "ours; PyTorch draws small ones",
         ("Dropout", "scaled"): "torch.nn.Dropout", ("recipe", "colour_noise"): "none there"},
    ),
    "caffenet": _caffe("bvlc_reference_caffenet"),
    "bvlc-alexnet": _caffe("bvlc_alexnet"),
    "cnn-s": Sources("VGG_CNN_S", "VGG_CNN_S's notes", "arXiv 1405.3531", _PORTS),
    "vgg16": Sources(
        "VGG_ILSVRC_16_layers", "arXiv 1409.1556, section 2.1", "arXiv 1409.1556, section 3.1",
        _VGG,
    ),
    "cifar10-13pct": _cifar("conv-local-13pct"),
    "cifar10-11pct": _cifar("conv-local-11pct"),
    "cifar10-18pct": _cifar("18pct"),
}  # fmt: skip
