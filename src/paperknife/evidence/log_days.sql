-- What is counted of the whole log, day by day.

-- step: log_days
-- one row per day: the day's bucket, and its fetches and the clicks at once after them: first fetches by
-- the time since delivery, later ones by the time since the first
SELECT day,
    {measures},
    {place_counts}
FROM log_facts GROUP BY day;

-- step: log_hours
-- one row per day and hour of it: opens and clean clicks, for the hours that people and devices keep
SELECT day, minute // 60 AS hour,
    {hour_counts}
FROM log_facts GROUP BY day, minute // 60;
