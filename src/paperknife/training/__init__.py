"""From a log without truth to a fitted, calibrated, evaluated model."""
