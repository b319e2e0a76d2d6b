-- +goose Up
-- What outlives a restart of users' presence. set_at and last_active are in milliseconds since 1970; 0 is never.
CREATE TABLE presence (
    user_id     TEXT PRIMARY KEY,
    status_msg  TEXT NOT NULL,
    set_at      BIGINT NOT NULL,
    last_active BIGINT NOT NULL
);
