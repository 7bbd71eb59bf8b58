"""Random numbers as a function of (seed, purpose, counters), never of worker, rank or history.

Because nothing is drawn from a shared stream, the result does not depend on the number of
workers, and a run that was interrupted draws what an uninterrupted one would have drawn.
"""

import hashlib

import numpy as np


def generator(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """A generator of its own for each (seed, purpose, counters); at most three counters.

    The key of a Philox generator is a hash of seed and purpose; the counters (epoch, image, step)
    are the upper words of its 256-bit counter, so that streams cannot overlap. A counter that is
    left out is 0.
    """
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype=np.uint64)
    counter = np.zeros(4, dtype=np.uint64)
    counter[1 : 1 + len(counters)] = counters
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
