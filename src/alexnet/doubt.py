"""Whether an error rate is that of labels in another order, told by the answers themselves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alexnet.data.filenames import shown
from alexnet.identity import PAGE
from alexnet.metrics import wilson_interval

ENOUGH = 100  # pictures, below which chance explains every error
SURE = 3.2905267314919255  # two-sided 99.9 % of the normal distribution
EACH = 10  # pictures a class, below which the most frequent answer means little
CONSISTENT = 0.5  # of the pictures have an answer that is their class's own


def doubt(
    labels: NDArray[np.int64], answers: NDArray[np.int64], names: Sequence[str], run: str, data: str
) -> str:
    """A sentence where the answers say that labels stand in another order; else "".

    ``labels`` and ``answers`` (N,) are outputs of the model in ``run``, which is a trained one;
    ``names`` (K,) what these are called. Below 100 pictures chance explains all.
    """
    pictures, right = len(labels), int((labels == answers).sum())
    if pictures < ENOUGH or len(names) < 2:
        return ""
    if mixed_up := _mixed_up(labels, answers, names):
        return (
            f"Only {right:,} of {pictures:,} pictures are named rightly, yet the answers are no "
            f"guesses: {mixed_up}. Either {run} has its class names in another order than its "
            f"outputs (were they given when it was imported?), or folders of {data} bear the names "
            f"of other classes; see {PAGE}."
        )
    if wilson_interval(right, pictures, SURE)[0] > 1 / len(names):
        return ""
    return (
        f"{right:,} of {pictures:,} pictures are named rightly, and guessing among "
        f"{len(names):,} classes can give as many. Are the labels of {data} in another order than "
        f"{run} has them ({PAGE}), or are its pictures made otherwise than those that it learned "
        "from?"
    )


def _mixed_up(labels: NDArray[np.int64], answers: NDArray[np.int64], names: Sequence[str]) -> str:
    """Words where most classes have an answer of their own, and it is another class; else ""."""
    pairs, counts = np.unique(labels * len(names) + answers, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    true, given = np.divmod(pairs[order], len(names))
    firsts = np.unique(true, return_index=True)[1]  # the most frequent answer of each class
    alone = np.bincount(given[firsts], minlength=len(names)) == 1
    own = firsts[alone[given[firsts]]]
    times = counts[order]
    same, right = int(times[own].sum()), int((labels == answers).sum())
    if len(labels) < EACH * len(firsts) or same < max(CONSISTENT * len(labels), 2 * right):
        return ""
    most = max((n for n in own if true[n] != given[n]), key=lambda n: times[n])
    return (
        f"{same:,} get the answer that is the most frequent one of their class and of no other "
        f"({shown(names[true[most]])} is called {shown(names[given[most]])} {times[most]:,} times)"
    )
