"""Claims of the paper that anyone can measure in minutes: ``python -m alexnet.claims``.

A claim is a module of this package that has a ``CLAIM`` (``claim.Claim``), and a line in this
table. What claims share: ``curves`` (training small networks, the training error written down),
``bench`` (several at once, each finished one kept), ``rates`` (which rate is the fastest) and
``figure`` (the picture).
"""

CLAIMS = {
    "relu": "ReLU reaches 25 % training error six times faster than tanh (section 3.1, figure 1)",
}
