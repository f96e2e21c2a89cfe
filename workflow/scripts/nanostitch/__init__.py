"""From raw electron-microscope and spectrometer files to the figures and numbers of a paper."""

__version__ = "0.1.0"
