"""Plots of a training, each in a module of its own with a `PLOT`: what it is, and how it is drawn.

They are pictures like those of the network: marks without Qt, so that a plot on the screen and the
same plot in a file have one geometry, and its numbers are those that were drawn.
"""
