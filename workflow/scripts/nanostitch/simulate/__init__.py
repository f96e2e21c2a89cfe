"""The virtual laboratory: raw files for whoever has none, from specimens whose truth is known.

:mod:`~nanostitch.simulate.growth` makes a specimen and stores it, an instrument looks at it and
:mod:`~nanostitch.simulate.record` writes the file that the instrument would have written. Nothing
here is imported by the analysis, and nothing of the analysis is imported here: a simulated file
goes through the same door as a measured one.
"""
