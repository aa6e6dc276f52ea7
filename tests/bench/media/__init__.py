"""What forwarding a talk to many viewers costs, beside Janus doing the same."""
