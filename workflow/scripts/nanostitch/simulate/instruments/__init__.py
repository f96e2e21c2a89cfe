"""Simulated instruments: each looks at a specimen and returns its recording and the truth."""
