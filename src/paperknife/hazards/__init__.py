"""How fast people read and how fast Apple fetches: hazards fitted on a sender's own log.

Nobody says of an Apple fetch whether a person caused it. But recipients on other clients show how fast people
read (`h_R`, the read hazard), and recipients behind Apple show how fast their messages are fetched by anyone
(`h_T`). What is left of the second after taking away the first is Apple's prefetch. Cancer registries know
this as relative survival: deaths beyond those of the general population are the disease's.

The steps, one module each: `messages` (one row per message), `traffic` (whose fetch an open could be),
`strata` (which recipients are behind Apple), `covariates` (what a hazard may depend on), `person_period`
(events and time at risk, summed over messages that are alike), `curves` (fitted hazards), `kappa` (do Apple
users read more or less), `sender` (all of it, for one log).
"""
