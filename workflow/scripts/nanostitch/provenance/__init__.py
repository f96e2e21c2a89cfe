"""From any product back to raw bytes: what made it, when, and whether it is still what was made.

``identity`` says what decides a product's bytes; ``digests`` hash files.
"""
