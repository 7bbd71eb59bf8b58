"""Arithmetic on tensors and stored pictures, without layers.

``front`` picks an implementation for tensors and names it; ``pictures`` needs no torch, so that
processes that only decode photos start at once.
"""
