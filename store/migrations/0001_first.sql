-- The same statements run on SQLite and on PostgreSQL. Moments are BIGINT
-- milliseconds since 1970 in UTC, 0 where it did not happen: both engines
-- store, compare and index them alike, and a Go time needs no guess about
-- zones. Lists (path, skills) are JSON in TEXT.

-- +goose Up
CREATE TABLE tickets (
    number     TEXT PRIMARY KEY,
    query_code TEXT NOT NULL,
    call       TEXT UNIQUE,              -- NULL for tickets of other doors
    source     TEXT NOT NULL,
    state      TEXT NOT NULL,
    hotline    TEXT NOT NULL DEFAULT '',
    keyed      TEXT NOT NULL DEFAULT '',
    agent      TEXT NOT NULL DEFAULT '',
    caller     TEXT NOT NULL DEFAULT '',
    created    BIGINT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX tickets_created ON tickets (created, number);
CREATE INDEX tickets_hotline ON tickets (hotline, created);

CREATE TABLE calls (
    call       TEXT PRIMARY KEY,
    caller_raw TEXT NOT NULL,
    dialled    TEXT NOT NULL,
    flow       TEXT NOT NULL,
    queue      TEXT NOT NULL,
    phone      TEXT NOT NULL,
    arrived    BIGINT NOT NULL,
    chosen     BIGINT NOT NULL,
    rang       BIGINT NOT NULL,
    joined     BIGINT NOT NULL,
    talk_ended BIGINT NOT NULL,
    ended      BIGINT NOT NULL,
    ending     TEXT NOT NULL,
    ended_by   TEXT NOT NULL,
    path       TEXT NOT NULL,
    offers     INTEGER NOT NULL,
    recording  TEXT NOT NULL,
    message    TEXT NOT NULL,
    note       TEXT NOT NULL
);

-- One row a day: how many of its numbers are given out to blocks.
CREATE TABLE ticket_days (
    day      TEXT PRIMARY KEY,
    reserved INTEGER NOT NULL
);

CREATE TABLE agents (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    skills       TEXT NOT NULL,
    enabled      BOOLEAN NOT NULL,
    pin          TEXT NOT NULL DEFAULT '', -- argon2id, '' means: cannot sign in by PIN
    failures     INTEGER NOT NULL DEFAULT 0,
    locked_until BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE phones (
    id      TEXT PRIMARY KEY,
    realm   TEXT NOT NULL,
    digest  TEXT NOT NULL,                 -- MD5(id:realm:password), what SIP needs
    display TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE users (
    name    TEXT PRIMARY KEY,
    role    TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE tokens (
    hash      TEXT PRIMARY KEY,            -- SHA-256 of the token, which is shown once
    user_name TEXT NOT NULL REFERENCES users (name),
    created   BIGINT NOT NULL,
    used      BIGINT NOT NULL DEFAULT 0,
    revoked   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_user ON tokens (user_name);

CREATE TABLE agent_sessions (
    id         TEXT PRIMARY KEY,
    agent      TEXT NOT NULL REFERENCES agents (id),
    phone      TEXT NOT NULL,
    signed_in  BIGINT NOT NULL,
    signed_out BIGINT NOT NULL DEFAULT 0,  -- 0 while he is signed in
    reason     TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX agent_sessions_open ON agent_sessions (agent) WHERE signed_out = 0;
CREATE UNIQUE INDEX agent_sessions_phone ON agent_sessions (phone) WHERE signed_out = 0;

CREATE TABLE agent_pauses (
    session TEXT NOT NULL REFERENCES agent_sessions (id),
    reason  TEXT NOT NULL,
    began   BIGINT NOT NULL,
    ended   BIGINT NOT NULL DEFAULT 0,     -- 0 while it lasts
    PRIMARY KEY (session, began)
);

CREATE TABLE audit (
    id     TEXT PRIMARY KEY,
    at     BIGINT NOT NULL,
    actor  TEXT NOT NULL,
    verb   TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_object ON audit (object, at);

-- +goose Down
DROP TABLE audit;
DROP TABLE agent_pauses;
DROP TABLE agent_sessions;
DROP TABLE tokens;
DROP TABLE users;
DROP TABLE phones;
DROP TABLE agents;
DROP TABLE ticket_days;
DROP TABLE calls;
DROP TABLE tickets;
