"""The server of Multaqa: sessions, people, teams, and the doors through which they are reached."""
