"""The panels around the canvas: each shows one side of what is current, and asks for edits."""
