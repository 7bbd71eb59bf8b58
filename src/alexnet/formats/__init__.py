"""Weights from other programs, read without trusting the files that hold them."""
