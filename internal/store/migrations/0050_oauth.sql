-- +goose Up

-- Browsers in which somebody is signed in at this server's own pages. A browser holds the session in a cookie; here is its hash.
-- signed_in_ts is when the password was last given.
CREATE TABLE browser_sessions (
    session_hash {{.Blob}} PRIMARY KEY,
    user_id      TEXT NOT NULL,
    signed_in_ts BIGINT NOT NULL,
    expires_ts   BIGINT NOT NULL
);
CREATE INDEX browser_sessions_user ON browser_sessions (user_id);
CREATE INDEX browser_sessions_expiry ON browser_sessions (expires_ts);

-- Clients as they registered themselves (RFC 7591). The id is made of the metadata, so that the same client has one row however often
-- it registers. used_ts is when it last did, or last got a code.
CREATE TABLE oauth_clients (
    client_id TEXT PRIMARY KEY,
    metadata  {{.Blob}} NOT NULL,
    used_ts   BIGINT NOT NULL
);
CREATE INDEX oauth_clients_used ON oauth_clients (used_ts);

-- What a user has allowed a client and the client has not fetched yet, by the hash of the code. used tells codes that were exchanged,
-- which are kept until they expire: one that comes again ends what was made of it.
CREATE TABLE oauth_codes (
    code_hash    {{.Blob}} PRIMARY KEY,
    client_id    TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    scope        TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    nonce        TEXT NOT NULL,
    signed_in_ts BIGINT NOT NULL,
    used         BOOLEAN NOT NULL,
    expires_ts   BIGINT NOT NULL
);
CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_ts);

-- Devices that wait for their user to type a code into a browser (RFC 8628). The user code is short and lives as long as the row.
CREATE TABLE oauth_device_codes (
    code_hash    {{.Blob}} PRIMARY KEY,
    user_code    TEXT NOT NULL UNIQUE,
    client_id    TEXT NOT NULL,
    scope        TEXT NOT NULL,
    state        TEXT NOT NULL,         -- waiting, allowed, denied, used
    user_id      TEXT NOT NULL,         -- empty while it waits
    signed_in_ts BIGINT NOT NULL,
    polled_ts    BIGINT NOT NULL,
    pause_ms     BIGINT NOT NULL,       -- how long the device must wait between questions
    expires_ts   BIGINT NOT NULL
);
CREATE INDEX oauth_device_codes_expiry ON oauth_device_codes (expires_ts);

-- Devices that were logged in by OAuth, with the client that may refresh their tokens.
CREATE TABLE oauth_sessions (
    user_id    TEXT NOT NULL,
    device_id  TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id)
);
CREATE INDEX oauth_sessions_client ON oauth_sessions (client_id);

-- Users who have said in the browser that their cross-signing keys may be replaced, until when.
CREATE TABLE cross_signing_resets (
    user_id    TEXT PRIMARY KEY,
    expires_ts BIGINT NOT NULL
);
CREATE INDEX cross_signing_resets_expiry ON cross_signing_resets (expires_ts);
