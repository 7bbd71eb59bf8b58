"""What is in an image set: classes, sizes, odd photos, rejected ones, copies and leaks."""

from alexnet.inspection.findings import Findings, inspect_set

__all__ = ["Findings", "inspect_set"]
