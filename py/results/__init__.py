"""What a run leaves for people and viewers: JUnit and the verdict."""
