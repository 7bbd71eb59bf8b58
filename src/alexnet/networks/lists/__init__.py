"""The named lists of layers, a file for each family."""
