"""The flag that says where a network runs."""

import argparse


def argument(parser: argparse.ArgumentParser) -> None:
    """``--device``; what it may be is known where the devices are (``alexnet.devices``)."""
    parser.add_argument(
        "--device", metavar="auto|cpu|cuda|cuda:N", default="auto",
        help="where the network runs: the processor, or a GPU (default auto: the first GPU that "
        "can be used, else cpu)",
    )  # fmt: skip
