"""Backprop Studio: see back-propagation happen.

The package is a house of floors, each importing only what lies below it: `engine` (gates, graphs,
gradients; NumPy only), `data` (what networks learn from), `training` (steps beside the window),
`project` (a network with its settings as a frozen value, its edits and its file), `playback`
(what a moment of a recording looks like, still without Qt), `exchange` (other formats), `lessons`,
`ui` (the only floor that knows Qt), and `cli`. `errors`, `language` and `resources` lie below all.
"""

__version__ = "0.1.0"
