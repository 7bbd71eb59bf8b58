"""Sources that tell classes themselves: official archives, published sets, lists."""
