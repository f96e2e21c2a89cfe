"""Whether results are still what was made, and what changed between two runs."""
