"""What is known about each open as of a moment, and what a model sees of it."""
