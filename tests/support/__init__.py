"""Factories, services, a test browser, lossy links."""
