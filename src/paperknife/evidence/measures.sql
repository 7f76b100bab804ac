-- What is counted of the events of a recipient, a domain, a network or the whole log: integers that add up over days.
-- Read by the steps of key_history.sql and log_habits.sql.
    count(CASE WHEN event_type = 'sent' THEN 1 END) AS sent_n,
    count(CASE WHEN event_type = 'delivered' THEN 1 END) AS delivered_n,
    count(CASE WHEN is_open THEN 1 END) AS opens_n,
    count(CASE WHEN is_open AND is_apple THEN 1 END) AS apple_n,
    count(CASE WHEN is_open AND is_visible THEN 1 END) AS visible_n,
    count(CASE WHEN is_open AND is_machine THEN 1 END) AS machine_n,
    count(CASE WHEN is_open AND delay_us < 60000000 THEN 1 END) AS quick_n,
    count(CASE WHEN is_open AND delay_us >= 3600000000 THEN 1 END) AS slow_n,
    count(CASE WHEN is_open AND is_visible AND delay_us < 60000000 THEN 1 END) AS visible_quick_n,
    count(CASE WHEN is_open AND is_visible AND delay_us >= 3600000000 THEN 1 END) AS visible_slow_n,
    count(CASE WHEN is_open AND message_opens_n > 0 THEN 1 END) AS repeat_n,
    count(CASE WHEN recipient_open_n = 1 THEN 1 END) AS recipients_n,
    count(CASE WHEN event_type = 'click' THEN 1 END) AS clicks_n,
    count(CASE WHEN is_clean THEN 1 END) AS clean_n,
    count(CASE WHEN is_clean AND since_load_us <= 120000000 THEN 1 END) AS prompt_n,
    count(CASE WHEN is_clean AND since_apple_load_us IS NOT NULL THEN 1 END) AS apple_clean_n,
    count(CASE WHEN is_clean AND since_apple_load_us <= 120000000 THEN 1 END) AS apple_prompt_n,
    count(CASE WHEN event_type = 'reply' THEN 1 END) AS replies_n,
    count(CASE WHEN is_active THEN 1 END) AS active_n,
    -- where on the 24-hour clock face the person was active, in thousandths, so that sums stay integers
    sum(CASE WHEN is_active THEN CAST(round(1000 * cos(2 * pi() * minute / 1440)) AS BIGINT) ELSE 0 END) AS active_cos,
    sum(CASE WHEN is_active THEN CAST(round(1000 * sin(2 * pi() * minute / 1440)) AS BIGINT) ELSE 0 END) AS active_sin
