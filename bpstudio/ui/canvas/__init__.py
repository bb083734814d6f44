"""The network in the middle of the window: one widget that draws a value."""
