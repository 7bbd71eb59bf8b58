"""From files to an image set: find the photos, check them, split them, measure them, store them.

``decode`` turns the bytes of one file into a photo, with ``recognise`` (what kind of file?),
``damage`` (is all of it there?) and ``colour`` (any mode to RGB); the others work on many files.
"""
