"""Where photos come from: folders, archives, lists, sets with a format of their own."""
