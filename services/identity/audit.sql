-- The audit is append-only; a trigger numbers, dates and chains the rows.

-- audit_note(audit_entry)
INSERT INTO audit (action, actor, subject, detail, trace)
VALUES (:action, :ctx_subject, :subject, CAST(:detail AS jsonb), :ctx_trace);
