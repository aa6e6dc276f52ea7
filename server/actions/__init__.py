"""Every write: load, ask the domain, change rows, publish. One verb per function."""
