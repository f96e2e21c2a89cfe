"""From any product back to raw bytes: what made it, when, and whether it is still what was made.

``identity`` and ``derivation`` say what decides a product's bytes; ``digests`` hash files and
``data_hash`` what is in them. ``record`` keeps what each job did, ``ledger`` what each run did,
``records`` reads both, ``closing`` is what the workflow calls before and after a run. ``trace``
reads the chains, ``checks`` hold results against them, ``crate`` packs them.
"""
