-- One row per state machine: a conversation, a chat. Its number keeps the indexes of its events
-- small.
CREATE TABLE subjects (
    num     INTEGER NOT NULL PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    kind    TEXT    NOT NULL,
    owner   TEXT    NOT NULL,
    peer    TEXT,
    state   TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    wake_at INTEGER,
    owes    INTEGER NOT NULL
);
CREATE UNIQUE INDEX subjects_peer ON subjects (kind, owner, peer) WHERE peer IS NOT NULL;
CREATE INDEX subjects_wake ON subjects (kind, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX subjects_owing ON subjects (kind, id) WHERE owes;

-- What happened: numbered events have sub = 0, notes hang on the last numbered event. The rows of
-- all machines follow each other, so that a commit for many machines changes few pages: 1.4 per
-- event where a table clustered by machine changed 3.4.
CREATE TABLE events (
    subject INTEGER NOT NULL REFERENCES subjects (num),
    seq     INTEGER NOT NULL,
    sub     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    key     TEXT,
    print   INTEGER,
    body    TEXT    NOT NULL,
    PRIMARY KEY (subject, seq, sub)
);
CREATE UNIQUE INDEX events_key ON events (subject, key) WHERE key IS NOT NULL;

-- Small things by key: tokens, sessions.
CREATE TABLE records (
    space      TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (space, key)
) WITHOUT ROWID;
CREATE INDEX records_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
