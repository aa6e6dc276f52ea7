"""The HTTP edge: parse, call one action or query, answer."""
