"""Verdicts: probabilities, decisions and reasons for opens, from a log or from a question."""
