"""Tests of the hub: real uvicorn, real WebSockets, a history and a gate in memory."""
