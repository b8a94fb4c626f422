"""Cedar behind one door: `CedarPolicy` decides; `compiler` makes what it reads of `policy/`."""
