"""Every setting of Multaqa, read once at start, and how its processes log."""
