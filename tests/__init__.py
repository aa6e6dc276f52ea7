"""Tests mirror the rooms; `support` holds what several of them need."""
