"""One HTML page about a run: no network, no scripts, readable in every light."""

from alexnet.reporting.page import page, report

__all__ = ["page", "report"]
