"""Archives made to do harm, each by code, and what must become of them."""
