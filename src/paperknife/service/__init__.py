"""Verdicts over HTTP.

`app` assembles, `routes` answer, `schemas` say what is asked and answered, `problems` what went wrong.
`bodies` read JSON strictly, `keys` let callers in, `openapi` describes, `run` starts the server. Nothing is
unpickled.
"""
