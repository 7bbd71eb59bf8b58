"""Tests of src/alexnet/data/preparing."""
