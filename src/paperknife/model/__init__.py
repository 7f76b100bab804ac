"""Two calibrated stages of trees over the catalogue of features, and the bundle they are kept in."""
