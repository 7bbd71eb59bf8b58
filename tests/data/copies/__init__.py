"""Tests of src/alexnet/data/copies."""
