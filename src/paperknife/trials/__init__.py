"""Trials: every way to tell opens apart, against each other, on simulated senders whose truth is known."""
