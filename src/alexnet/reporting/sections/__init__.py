"""The sections of the page: each module makes one from the material, and says so if it cannot."""
