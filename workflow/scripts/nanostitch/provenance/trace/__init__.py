"""The chain of a panel, number or product back to raw files, and how it is shown."""
