"""How publications and signals travel between nodes: in memory, or by Redis."""
