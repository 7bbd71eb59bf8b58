"""The bytes of a photo -> pixels as a viewer shows them, and the stored square."""
