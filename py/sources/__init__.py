"""The source code under test: which commits are asked for, and a folder that holds exactly these."""
