"""One contract for both brokers, and what Redis does to ours when it fails."""
