"""What happened: the canonical event log, how it is read and written, and the providers it can come from."""
