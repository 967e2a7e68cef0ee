"""Reports: what came in, how it was answered and how long it took, counted as it happens."""
