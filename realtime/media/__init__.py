"""The media process: rooms, publishers and viewers on one UDP port."""
