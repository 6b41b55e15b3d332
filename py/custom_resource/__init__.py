"""A custom resource under test: its template, what was seen of it and its pods, and the verdict."""
