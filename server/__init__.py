"""The server of Multaqa: sessions, people, teams, and the doors through which they are reached."""

__version__ = "0.1.0"
