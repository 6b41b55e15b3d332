"""How fast and how small Windtunnel is, beside others that run steps: `python -m benchmarks`."""
