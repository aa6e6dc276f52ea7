"""The Python servers that are measured, each a program of its own that prints `ready PORT CONTROL_PORT`."""
