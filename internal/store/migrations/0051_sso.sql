-- +goose Up

-- Who users are at providers of single sign-on. issuer and subject are iss and sub of their ID tokens, which never change; email is what
-- the provider said last, so that users know which of their accounts there it is.
CREATE TABLE external_ids (
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    email     TEXT NOT NULL,        -- empty: not known
    linked_ts BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_ids_user ON external_ids (user_id);
