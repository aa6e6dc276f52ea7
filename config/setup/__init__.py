"""What `make` runs before anything of ours is installed: standard library only.

Every step says what it does and for how long, and is skipped when its inputs have not changed.
"""
