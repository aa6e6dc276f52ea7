"""Where the server plugs into the realtime engine: channels, rights, and the media link."""
