"""The ground floor: errors, processes, outputs and the command line. It knows nobody above it."""
