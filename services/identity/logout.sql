-- Logout at providers, and told by them.

-- logout_take(logout_key) logout_key
-- Once.
INSERT INTO logout_seen (provider, jti) VALUES (:provider, :jti) ON CONFLICT DO NOTHING RETURNING provider, jti;

-- account_of_subject(subject_key) account_ref
SELECT account_id FROM account WHERE provider = :provider AND subject = :subject;

-- session_provider() session_provider
-- Of the caller's session.
SELECT provider FROM session WHERE session_id = :ctx_session;
