-- What is counted of the whole log, day by day.

-- step: log_days
-- one row per day: the day's bucket, and by time since delivery its first fetches and the clicks at once after them
SELECT day,
    {measures},
    {delay_counts}
FROM log_facts GROUP BY day;
