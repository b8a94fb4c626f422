"""Cedar behind one door: `cedar.CedarPolicy` decides; `compiler` turns `policy/` into what it reads."""
