"""The whole way once, on a simulated sender, for someone who wants to see what this is good for."""
