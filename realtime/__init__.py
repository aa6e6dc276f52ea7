"""An engine that knows connections, channels and tracks, and nothing of conferences."""
