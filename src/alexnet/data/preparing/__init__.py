"""From listed photos to a set: plan, blocks, index, statistics. ``prepare`` runs it."""
