"""Networks as data: a list of layers from which module, tables, split and files follow."""
