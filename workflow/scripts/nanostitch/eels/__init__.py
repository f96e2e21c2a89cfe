"""Low-loss electron energy-loss spectra: zero-loss peak, its removal, band gap."""
