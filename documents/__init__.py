"""Makes the documents under `docs/` that are generated; a test holds each current."""
