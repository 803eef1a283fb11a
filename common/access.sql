-- access.sql - who looked at whose record; told as an event, which identity keeps.

-- access_note(access_entry)
SELECT access_tell(jsonb_strip_nulls(jsonb_build_object('at', clock_timestamp(), 'actor', :ctx_subject,
    'service', current_schema(), 'method', :method, 'reason', :reason, 'trace', :ctx_trace,
    'people', CAST(:people AS jsonb))));
