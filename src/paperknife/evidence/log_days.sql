-- What is counted of the whole log, day by day.

-- step: log_days
-- one row per day: the day's bucket, and its first fetches by time since delivery, apart for Apple and visible clients
SELECT day,
    {measures},
    {delay_counts}
FROM log_facts GROUP BY day;
