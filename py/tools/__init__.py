"""The ground floor: what every module may stand on, and which knows nobody above it."""
