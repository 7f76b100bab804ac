"""Simulated senders with known truth: agents act, a provider logs, and what really happened is kept apart.

People, devices, gateways and a log pipeline act by laws that nobody has measured well (FACTS.md marks them
with a question mark). So no law is fixed: a *family* is a distribution over laws, and each world draws its
own.

Use `paperknife.worlds.world.make_world` for tables in memory and `paperknife.worlds.world.simulate` for
files.
"""
