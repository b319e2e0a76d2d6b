-- +goose Up
CREATE TABLE users (
    user_id        TEXT PRIMARY KEY,
    password_hash  TEXT,            -- NULL: no password login
    guest          BOOLEAN NOT NULL DEFAULT FALSE,
    admin          BOOLEAN NOT NULL DEFAULT FALSE,
    created_ts     BIGINT NOT NULL,
    deactivated    BOOLEAN NOT NULL DEFAULT FALSE,
    erased         BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE devices (
    user_id      TEXT NOT NULL,
    device_id    TEXT NOT NULL,
    display_name TEXT,
    created_ts   BIGINT NOT NULL,
    last_seen_ts BIGINT NOT NULL,
    last_seen_ip TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    PRIMARY KEY (user_id, device_id)
);

-- Tokens are kept as SHA-256 only.
CREATE TABLE access_tokens (
    token_hash {{.Blob}} PRIMARY KEY,
    user_id    TEXT NOT NULL,
    device_id  TEXT NOT NULL,
    expires_ts BIGINT NOT NULL      -- 0: never
);
CREATE INDEX access_tokens_device ON access_tokens (user_id, device_id);

-- A refresh token stays valid until the access token that it made is first used: successor is the token that replaced it.
CREATE TABLE refresh_tokens (
    token_hash  {{.Blob}} PRIMARY KEY,
    user_id     TEXT NOT NULL,
    device_id   TEXT NOT NULL,
    access_hash {{.Blob}} NOT NULL,
    successor   {{.Blob}},
    expires_ts  BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_device ON refresh_tokens (user_id, device_id);
CREATE INDEX refresh_tokens_successor ON refresh_tokens (successor);

CREATE TABLE login_tokens (
    token_hash {{.Blob}} PRIMARY KEY,
    user_id    TEXT NOT NULL,
    expires_ts BIGINT NOT NULL
);

-- uses_allowed NULL: any number. pending counts registrations that have passed the stage and are not done.
CREATE TABLE registration_tokens (
    token        TEXT PRIMARY KEY,
    uses_allowed BIGINT,
    pending      BIGINT NOT NULL DEFAULT 0,
    completed    BIGINT NOT NULL DEFAULT 0,
    expires_ts   BIGINT NOT NULL
);

-- User-interactive authentication under way (Client-Server API, "User-Interactive Authentication API").
CREATE TABLE uia_sessions (
    session    TEXT PRIMARY KEY,
    operation  TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    completed  TEXT NOT NULL,       -- stages, separated by spaces
    data       {{.Blob}} NOT NULL,  -- JSON: the request's body, and what stages found
    expires_ts BIGINT NOT NULL
);
