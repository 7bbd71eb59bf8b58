"""The same photo twice: hashes, the search for like ones, the comparison of pictures."""
