"""The infrastructure of PAM: one construct for each noun of MOD-046, composed in `stage.py`."""
