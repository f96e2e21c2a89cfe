"""X-ray spectra: line areas and composition."""
