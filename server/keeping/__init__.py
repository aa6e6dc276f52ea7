"""Keeping what people made: backup, restore, and the move to another kind of database."""
