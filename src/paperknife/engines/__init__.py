"""Where SQL runs: DuckDB on one machine (Spark follows in an issue of its own, from the same SQL texts)."""
