"""Peers that are not ours and not a browser, run by Debian's own Python."""
