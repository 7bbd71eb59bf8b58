"""Training: every number of a recipe, the start, the update, the loop, stopping and going on."""
