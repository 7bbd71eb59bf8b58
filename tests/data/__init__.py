"""Tests of src/alexnet/data."""
