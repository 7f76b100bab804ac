"""What each feature is, by what it speaks of. `paperknife.evidence.features` puts them in order."""
