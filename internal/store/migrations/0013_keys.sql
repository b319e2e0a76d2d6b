-- +goose Up

-- The identity keys of devices, as uploaded, without "unsigned".
CREATE TABLE device_keys (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    json      {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, device_id)
);

-- One-time keys that nobody has claimed yet. ord is unique and grows with each upload: keys are given out in its order.
CREATE TABLE one_time_keys (
    ord       TEXT PRIMARY KEY,
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    json      {{.Blob}} NOT NULL
);
CREATE UNIQUE INDEX one_time_keys_id ON one_time_keys (user_id, device_id, algorithm, key_id);
CREATE INDEX one_time_keys_order ON one_time_keys (user_id, device_id, algorithm, ord);

-- One-time keys that were given out, so that an upload that is sent again does not bring one back. hash is of the key's JSON.
CREATE TABLE claimed_keys (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    hash      {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm, key_id)
){{.Clustered}};

CREATE TABLE fallback_keys (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    json      {{.Blob}} NOT NULL,
    used      BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm)
);

-- The newest position, in the user's lane, at which a device's one-time or fallback keys changed.
CREATE TABLE key_changes (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    pos       BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id)
);
CREATE INDEX key_changes_pos ON key_changes (pos);

-- purpose: master, self_signing, user_signing.
CREATE TABLE cross_signing_keys (
    user_id    TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    public_key TEXT NOT NULL,
    json       {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, purpose)
);

-- Signatures beside those in the keys as uploaded. target_key is a device id or a public key, signer_key the full name of a key.
CREATE TABLE key_signatures (
    target_user TEXT NOT NULL,
    target_key  TEXT NOT NULL,
    signer      TEXT NOT NULL,
    signer_key  TEXT NOT NULL,
    signature   TEXT NOT NULL,
    PRIMARY KEY (target_user, target_key, signer, signer_key)
);
CREATE INDEX key_signatures_signer ON key_signatures (signer, signer_key);

-- The newest position at which a user's devices or cross-signing keys changed: in the user's own lane, for all to see (seen_by is ''),
-- or in the lane of the one who is to see it.
CREATE TABLE device_list_changes (
    user_id TEXT NOT NULL,
    seen_by TEXT NOT NULL,
    pos     BIGINT NOT NULL,
    PRIMARY KEY (user_id, seen_by)
);
CREATE INDEX device_list_changes_pos ON device_list_changes (pos);

-- Messages to devices that were not acknowledged yet. pos is in the lane of the user.
CREATE TABLE to_device (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    pos       BIGINT NOT NULL,
    sender    TEXT NOT NULL,
    type      TEXT NOT NULL,
    content   {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, device_id, pos)
){{.Clustered}};
CREATE INDEX to_device_pos ON to_device (pos);

-- Requests to send to devices that are done, of each lane that they wrote to.
CREATE TABLE to_device_txns (
    txn_key TEXT PRIMARY KEY,
    ts      BIGINT NOT NULL
){{.Clustered}};
CREATE INDEX to_device_txns_ts ON to_device_txns (ts);

-- Back-ups of room keys. etag grows with every change of the keys, keys counts them. A deleted version leaves its row.
CREATE TABLE backup_versions (
    user_id   TEXT NOT NULL,
    version   BIGINT NOT NULL,
    algorithm TEXT NOT NULL,
    auth_data {{.Blob}} NOT NULL,
    etag      BIGINT NOT NULL,
    keys      BIGINT NOT NULL,
    deleted   BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, version)
);

CREATE TABLE backup_keys (
    user_id             TEXT NOT NULL,
    version             BIGINT NOT NULL,
    room_id             TEXT NOT NULL,
    session_id          TEXT NOT NULL,
    first_message_index BIGINT NOT NULL,
    forwarded_count     BIGINT NOT NULL,
    is_verified         BOOLEAN NOT NULL,
    session_data        {{.Blob}} NOT NULL,
    PRIMARY KEY (user_id, version, room_id, session_id)
){{.Clustered}};

CREATE INDEX backup_keys_session ON backup_keys (user_id, version, session_id);

-- Contents of deleted back-ups that are still to be removed.
CREATE TABLE backup_garbage (
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (user_id, version)
);
