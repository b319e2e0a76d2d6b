-- +goose Up

-- turn counts changes: raising it locks the user, and makes a transaction that finds nothing else to change one that writes.
CREATE TABLE users (
    user_id        TEXT PRIMARY KEY,
    password_hash  TEXT NOT NULL,   -- empty: no password login
    user_type      TEXT NOT NULL,
    guest          BOOLEAN NOT NULL,
    admin          BOOLEAN NOT NULL,
    locked         BOOLEAN NOT NULL,
    suspended      BOOLEAN NOT NULL,
    deactivated    BOOLEAN NOT NULL,
    erased         BOOLEAN NOT NULL,
    created_ts     BIGINT NOT NULL,
    turn           BIGINT NOT NULL DEFAULT 0
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

-- Tokens are kept as SHA-256 only. replaces is the refresh token that made this one, until this one is first used.
CREATE TABLE access_tokens (
    token_hash {{.Blob}} PRIMARY KEY,
    user_id    TEXT NOT NULL,
    device_id  TEXT NOT NULL,
    expires_ts BIGINT NOT NULL,     -- 0: never
    replaces   {{.Blob}}
);
CREATE INDEX access_tokens_device ON access_tokens (user_id, device_id);
CREATE INDEX access_tokens_replaces ON access_tokens (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX access_tokens_expiry ON access_tokens (expires_ts) WHERE expires_ts > 0;

-- A refresh token stays valid until what it made is first used: used_ts is when that was. replaces is as above.
CREATE TABLE refresh_tokens (
    token_hash  {{.Blob}} PRIMARY KEY,
    user_id     TEXT NOT NULL,
    device_id   TEXT NOT NULL,
    access_hash {{.Blob}} NOT NULL,
    replaces    {{.Blob}},
    issued_ts   BIGINT NOT NULL,
    used_ts     BIGINT NOT NULL,    -- 0: not yet
    expires_ts  BIGINT NOT NULL     -- 0: never
);
CREATE INDEX refresh_tokens_device ON refresh_tokens (user_id, device_id);
CREATE INDEX refresh_tokens_replaces ON refresh_tokens (replaces) WHERE replaces IS NOT NULL;

-- Tokens of one use for m.login.token, and those with which another service asks who a user is (OpenID).
CREATE TABLE login_tokens (
    token_hash {{.Blob}} PRIMARY KEY,
    user_id    TEXT NOT NULL,
    expires_ts BIGINT NOT NULL
);
CREATE TABLE openid_tokens (
    token_hash {{.Blob}} PRIMARY KEY,
    user_id    TEXT NOT NULL,
    expires_ts BIGINT NOT NULL
);

CREATE TABLE registration_tokens (
    token        TEXT PRIMARY KEY,
    uses_allowed BIGINT NOT NULL,   -- 0: any number
    completed    BIGINT NOT NULL,
    expires_ts   BIGINT NOT NULL    -- 0: never
);

-- Nonces of shared-secret registrations that are done; they are checked without this table until then.
CREATE TABLE used_nonces (
    nonce      TEXT PRIMARY KEY,
    expires_ts BIGINT NOT NULL
);

-- User-interactive authentication under way (Client-Server API, "User-Interactive Authentication API"). A session is found by the
-- hash of its name, and sealed with a key made from the name, which only the client has.
CREATE TABLE uia_sessions (
    session_hash {{.Blob}} PRIMARY KEY,
    sealed       {{.Blob}} NOT NULL,
    expires_ts   BIGINT NOT NULL
);

-- What an acknowledged change of an account still brings about in rooms. turn is another random number at each request, so that one
-- that comes while the chore is being done is not lost.
CREATE TABLE chores (
    user_id TEXT NOT NULL,
    kind    TEXT NOT NULL,          -- leave, profile
    turn    BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind)
);
