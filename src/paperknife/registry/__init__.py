"""Models in and out of MLflow: runs, versions, aliases. Nothing here unpickles what it downloads."""
