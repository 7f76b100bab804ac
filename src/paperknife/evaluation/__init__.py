"""What verdicts are worth: metrics, the published rules as baselines, slices, and how both are shown."""
