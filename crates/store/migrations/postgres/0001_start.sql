-- One row per state machine: a conversation, a chat. Room is left in each page, because the same
-- rows change all the time; its number keeps the indexes of its events small. Ids are compared byte by byte, as SQLite does.
CREATE TABLE subjects (
    num     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      text COLLATE "C" NOT NULL UNIQUE,
    kind    text COLLATE "C" NOT NULL,
    owner   text COLLATE "C" NOT NULL,
    peer    text COLLATE "C",
    state   text    NOT NULL,
    seq     bigint  NOT NULL,
    wake_at bigint,
    owes    boolean NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX subjects_peer ON subjects (kind, owner, peer) WHERE peer IS NOT NULL;
CREATE INDEX subjects_wake ON subjects (kind, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX subjects_owing ON subjects (kind, id) WHERE owes;

-- What happened: numbered events have sub = 0, notes hang on the last numbered event. The statement
-- that adds events looks the number of their machine up, which a foreign key would do once more.
CREATE TABLE events (
    subject bigint  NOT NULL,
    seq     bigint  NOT NULL,
    sub     bigint  NOT NULL,
    at      bigint  NOT NULL,
    key     text COLLATE "C",
    print   bigint,
    body    text    NOT NULL,
    PRIMARY KEY (subject, seq, sub)
);
CREATE UNIQUE INDEX events_key ON events (subject, key) WHERE key IS NOT NULL;

-- Small things by key: tokens, sessions.
CREATE TABLE records (
    space      text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    value      text NOT NULL,
    expires_at bigint,
    PRIMARY KEY (space, key)
);
CREATE INDEX records_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
