"""Floor 4: the project as a value, edits as functions, undo as the previous value, and its file."""
