"""The media process, with real encoded media wherever packets matter."""
