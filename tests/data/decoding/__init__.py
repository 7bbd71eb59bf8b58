"""Tests of src/alexnet/data/decoding."""
