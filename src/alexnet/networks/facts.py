"""What somebody measured: what a difference costs, and the scores of a network.

Numbers are errors in per cent, top-1 / top-5. Each fact names the networks and the data that it
was measured on, because it is also shown for pairs that differ in more. The author's log is the
notes in the parameter files of the 2012 source. ``networks.known`` says which fact bears on what.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """What is known, and where it stands."""

    words: str
    source: str

    def __str__(self) -> str:
        return f"{self.words.removesuffix('.')} ({self.source})."


CENTRE = "centre view, ILSVRC-2012 validation"
VALIDATION = "ILSVRC-2012 validation, ten views"
LOG = "the author's log"

COSTS: dict[str, Fact] = {
    "no norms": Fact(
        "Without any norm 1.4 / 1.2 points more error. Logged: 1.370 / 1.152, net 148 "
        "(alexnet-as-run+no-norm) against net 145 (alexnet-as-run), " + VALIDATION + ".",
        "section 3.3; layer-params-148.cfg",
    ),
    "norms of layer 2": Fact(
        "No norm at all after conv2 (net 167, another schedule): 40.488 / 18.118 against "
        f"40.664 / 18.210 (net 145, alexnet-as-run), slightly better; {VALIDATION}.",
        "layer-params-167.cfg",
    ),
    "norm on CIFAR-10": Fact(
        "13 % test error without norms, 11 % with them; but the two nets also differ in the "
        "width of local3 and in their schedule.",
        "section 3.3; cuda-convnet's front page",
    ),
    "norm of signed values": Fact(
        "Not measured for exactly this. Moving layer 1 from (pool, ReLU, norm) to (norm, "
        "pool, ReLU): 41.044 / 18.714 (net 120) to 40.934 / 18.574 (net 131), "
        f"{VALIDATION}.",
        f"{LOG}, nets 120 and 131",
    ),
    "pool before norm": Fact(
        "caffenet (pool, then norm) has 57.4 / 80.4 % accuracy, bvlc-alexnet (norm, then "
        "pool) 57.1 / 80.2 %, centre view, ILSVRC-2012 validation; they also differ in their "
        "starting biases and in length, 310,000 and 360,000 steps.",
        "Caffe's readme of each",
    ),
    "relu and max pool": Fact(
        "No difference: ReLU and max pooling may change places.", "arithmetic"
    ),
    "k": Fact(
        "k 1 (net 131): 40.934 / 18.574; k 2 (net 135, else the same): 41.070 / 18.416; "
        f"forerunners of net 145, {VALIDATION}.",
        f"{LOG}, nets 131 and 135",
    ),
    "same factor": Fact(
        "No difference: the plain sum of squares is multiplied by the same number.",
        "arithmetic",
    ),
    "overlapping pooling": Fact(
        "Windows of 2 instead of 3: 0.4 / 0.3 points more error. Logged: 0.394 / 0.300, net "
        "147 (alexnet-as-run+no-overlap, so with other paddings in conv2 and conv5 too) "
        f"against net 145 (alexnet-as-run), {VALIDATION}.",
        f"section 3.4; {LOG}, net 147",
    ),
    "one GPU": Fact(
        "One GPU has 1.7 / 1.2 points more error. Logged: 1.695 / 1.230, net 145-half against "
        "net 145, ILSVRC-2010 test, ten views; both in the order and with the norms of "
        "alexnet-as-run. Fewer kernels and no groups, together.",
        "section 3.2; layer-params-145-half.cfg",
    ),
    "towers apart": Fact(
        "Towers that never talk have 1.16 / 1.12 points more error: 41.828 / 19.330 (net 150) "
        f"against 40.664 / 18.210 (net 145, alexnet-as-run), {VALIDATION}; net 150 is also "
        "wider in conv2 and fc6.",
        f"{LOG}, nets 145 and 150",
    ),
    "conv3 reads its own tower": Fact(
        "Not measured for exactly this. Net 127, whose conv3 read its own tower and had 512 "
        "kernels, is noted as clearly worse, without a figure. No talk at all (alexnet-apart): "
        f"1.16 / 1.12 points more error, {VALIDATION}.",
        f"{LOG}, nets 127, 145 and 150",
    ),
    "a middle layer": Fact(
        "In the paper's network, removing any middle layer costs about 2 points of top-1 "
        "error; which data is not said.",
        "section 7",
    ),
    "a sixth convolution": Fact(
        "With conv6 39.0 / 16.6 (logged 38.990 / 16.622, net 146), without 40.7 / 18.2 (net "
        f"145), {VALIDATION}. But net 146 was pre-trained on more of ImageNet: this is not "
        "what the layer alone brings.",
        f"section 6; {LOG}, nets 145 and 146-2012-2011",
    ),
    "tanh": Fact(
        "With tanh six times as many iterations to 25 % training error: a four-layer net on "
        "CIFAR-10, rates chosen for each, no regularisation. For larger nets no factor is "
        "given.",
        "section 3.1, figure 1",
    ),
    "biases of 1": Fact(
        "Caffe's authors saw a flat loss with biases of 1 in bvlc-alexnet and took 0.1; their "
        "caffenet learned with 1.",
        "bvlc_alexnet/readme.md",
    ),
    "scaling of dropout": Fact(
        "The same function once the weights, not the biases, of the next dense layer are "
        "halved (test to training) or doubled. Training itself takes other steps.",
        "arithmetic",
    ),
    "mean": Fact(
        "Net 136, which subtracted one number everywhere, is noted as no different, without a "
        "figure. Weights want the mean that they were trained with.",
        f"{LOG}, net 136",
    ),
    "channels": Fact(
        "No difference in training. With weights from elsewhere, one user measured VGG-16 at 49 % "
        "instead of about 65 % with red and blue exchanged.",
        "issue 4 of ZFTurbo/VGG16-Pretrained-C",
    ),
    "colour noise": Fact(
        "In the paper's network the noise is worth over 1 point of top-1 error; which data is "
        "not said.",
        "section 4.1",
    ),
    "batch": Fact(
        "Net 170 with batches of 256 and doubled rates 42.273 / 19.660, with 128 42.341 / "
        "19.583, centre view, ILSVRC-2012 validation.",
        f"{LOG}, nets 170 and 170-256-double",
    ),
    "schedule": Fact(
        "Four rates from 0.01 to 0.00004 (net 170): 40.528 / 18.048; rates lowered by ten, by "
        f"hand (net 145): 40.664 / 18.210; {VALIDATION}.",
        f"{LOG}, nets 145 and 170",
    ),
}

SCORES: dict[str, tuple[Fact, ...]] = {
    "alexnet": (
        Fact(
            "The paper's 40.7 / 18.2 % top-1 / top-5 (ILSVRC-2012 validation) and 37.5 / 17.0 % "
            "(ILSVRC-2010 test), ten views, were got by alexnet-as-run.",
            f"section 6; {LOG}, nets 145 and 145-2010",
        ),
    ),
    "alexnet-as-run": (
        Fact(f"40.664 / 18.210 % top-1 / top-5, {VALIDATION}.", "layer-params-145.cfg"),
        Fact(
            "37.473 / 16.999 % with ten views, 39.025 / 18.295 % with the centre view, ILSVRC-2010 "
            "test.",
            "layer-params-145-2010.cfg",
        ),
    ),
    "alexnet-as-run+no-norm": (
        Fact(f"42.034 / 19.362 % top-1 / top-5, {VALIDATION}.", "layer-params-148.cfg"),
    ),
    "alexnet-as-run+no-overlap": (
        Fact(f"41.058 / 18.510 % top-1 / top-5, {VALIDATION}.", f"{LOG}, net 147"),
    ),
    "alexnet-as-run+without:norm2,within2": (
        Fact(
            f"40.488 / 18.118 % top-1 / top-5, {VALIDATION}; another schedule.",
            "layer-params-167.cfg",
        ),
    ),
    "alexnet-one-gpu": (
        Fact(
            "39.168 / 18.229 % top-1 / top-5, ILSVRC-2010 test, ten views, in the order and with "
            "the norms of alexnet-as-run.",
            "layer-params-145-half.cfg",
        ),
    ),
    "alexnet-apart": (Fact(f"41.828 / 19.330 % top-1 / top-5, {VALIDATION}.", f"{LOG}, net 150"),),
    "alexnet-conv6": (
        Fact(
            f"38.990 / 16.622 % top-1 / top-5, {VALIDATION}; pre-trained on more of ImageNet.",
            f"{LOG}, net 146-2012-2011",
        ),
    ),
    "one-weird-trick": (
        Fact(
            "40.42 / 18.15 % top-1 / top-5 with ten views, 42.55 / 19.81 % with one, ILSVRC-2012 "
            "validation.",
            "cuda-convnet2's documentation",
        ),
    ),
    "torchvision": (
        Fact(
            f"56.522 / 79.066 % accuracy, so 43.478 / 20.934 % top-1 / top-5, {CENTRE}.",
            "AlexNet_Weights.IMAGENET1K_V1",
        ),
    ),
    "caffenet": (
        Fact(
            f"57.4 / 80.4 % accuracy, so 42.6 / 19.6 % top-1 / top-5, {CENTRE}.",
            "bvlc_reference_caffenet/readme.md",
        ),
    ),
    "bvlc-alexnet": (
        Fact(
            f"57.1 / 80.2 % accuracy, so 42.9 / 19.8 % top-1 / top-5, {CENTRE}.",
            "bvlc_alexnet/readme.md",
        ),
    ),
    "vgg16": (
        Fact(
            "Top-5 8.1 % (whole pictures, shorter side 384), 7.5 % at several sizes, ILSVRC-2012 "
            "validation.",
            "VGG_ILSVRC_16_layers",
        ),
    ),
    "cifar10-13pct": (Fact("13 % test error, ten views.", "cuda-convnet's front page"),),
    "cifar10-11pct": (Fact("11 % test error, ten views.", "cuda-convnet's front page"),),
    "cifar10-18pct": (Fact("18 % test error, whole pictures.", "cuda-convnet's front page"),),
}
