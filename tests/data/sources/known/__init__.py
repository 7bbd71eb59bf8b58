"""Tests of src/alexnet/data/sources/known."""
