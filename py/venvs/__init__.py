"""Virtual environments for checkouts: what a checkout asks for, and one environment for each such answer."""
