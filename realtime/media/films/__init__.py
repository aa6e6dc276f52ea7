"""Prepared films: made into what the stage sends beforehand, and played into a room like a person."""
