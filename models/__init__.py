"""The tables, one file per noun, and the database they live in. No behaviour beyond the row."""
