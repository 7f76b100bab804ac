-- What the published rules and the slices look at: one row an open, with its clock and whether its recipient was
-- known. Reads `events`, the canonical log, and `bare_agent`, the agent that modern Apple Mail sends.

-- step: judged_messages
-- One row a message: who got it, and when the log first speaks of it.
SELECT message_id, max(recipient_id) AS recipient_id, min(occurred_at) AS first_at
FROM events
GROUP BY message_id;

-- step: judged_recipients
-- One row a recipient: when the log first speaks of them.
SELECT recipient_id, min(first_at) AS first_at
FROM judged_messages
WHERE recipient_id IS NOT NULL
GROUP BY recipient_id;

-- step: judged_opens
-- One row an open. The clock is the latest delivery, else the latest send, at or before the open.
SELECT
    opens.event_id,
    opens.message_id,
    messages.recipient_id,
    opens.recipient_domain,
    epoch_us(opens.occurred_at) AS occurred_us,
    opens.user_agent,
    opens.ip,
    opens.client_family,
    opens.network_class,
    opens.vendor_verdict,
    (epoch_us(opens.occurred_at) - epoch_us(coalesce(delivered.occurred_at, sent.occurred_at))) / 1e6 AS delay_s,
    messages.first_at > recipients.first_at AS is_known
FROM (SELECT * FROM events WHERE event_type = 'open') AS opens
JOIN judged_messages AS messages ON messages.message_id = opens.message_id
LEFT JOIN judged_recipients AS recipients ON recipients.recipient_id = messages.recipient_id
ASOF LEFT JOIN (SELECT message_id, occurred_at FROM events WHERE event_type = 'delivered') AS delivered
    ON delivered.message_id = opens.message_id AND opens.occurred_at >= delivered.occurred_at
ASOF LEFT JOIN (SELECT message_id, occurred_at FROM events WHERE event_type = 'sent') AS sent
    ON sent.message_id = opens.message_id AND opens.occurred_at >= sent.occurred_at;
