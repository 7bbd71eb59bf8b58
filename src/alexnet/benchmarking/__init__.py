"""What this machine does with a network: speed, share of its peak, where the time goes."""

from alexnet.benchmarking.measure import benchmark
from alexnet.benchmarking.outcome import Benchmark

__all__ = ["Benchmark", "benchmark"]
