"""Training on a GPU: pictures that lie there, and a step that is captured once and replayed."""
