"""What the mouse can do on the canvas, a gesture a module.

A gesture is made when a button goes down, follows the pointer, previews what it would do, and ends
in one edit or in none. Cancelling needs no undo, because nothing was done.
"""
