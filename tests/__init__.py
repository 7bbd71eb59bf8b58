"""Tests; they mirror the modules of src/alexnet."""
