"""Pure rules and the facts they return. Nothing here does input or output."""
