"""`python -m alexnet`, which is also what torchrun starts."""

import sys

from alexnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
