"""Without a GPU the kernels run in Triton's interpreter, which is chosen when they are imported.

The scripts of ``benchmarks`` import each other by name.
"""

import os
import sys
from pathlib import Path

import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
