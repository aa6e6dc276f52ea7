"""Whole-platform tests: processes started as an operator starts them, used in Debian's Chromium."""
