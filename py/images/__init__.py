"""The images of the system under test: what it declares, and how they are built and pushed."""
