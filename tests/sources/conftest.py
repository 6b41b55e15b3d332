"""The repository that these tests clone, and the place they clone it into."""

from tests.repositories import place, server

__all__ = ["place", "server"]
