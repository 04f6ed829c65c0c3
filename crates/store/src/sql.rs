//! The statements both engines share. A second text exists only where a unit of work is written
//! for one row at a time (SQLite) or for many rows at once (PostgreSQL).

/// Names statements and lists them, so that opening a database can prepare every one of them.
macro_rules! statements {
    ($list:ident; $($name:ident = $text:expr;)*) => {
        $(pub(crate) const $name: &str = $text;)*
        pub(crate) const $list: &[&str] = &[$($name),*];
    };
}
pub(crate) use statements;

statements! { SHARED;
    LOAD = "SELECT state, format, checkpoint, unreadable, checksum FROM subjects \
        WHERE id = $1 AND kind = $2 AND owner = $3";
    // Ordered by a sum: a planner that used the index on `num` would walk all closed machines.
    OPEN_IDS = "SELECT id, state, format, checkpoint, unreadable, checksum FROM subjects \
        WHERE kind = $1 AND owner = $2 AND peer IS NOT NULL AND unreadable IS NULL \
        ORDER BY num + 0 LIMIT $3";
    EVENTS = "SELECT e.seq, e.sub, e.at, e.body, e.format, e.unreadable, e.checksum \
        FROM events e JOIN subjects s ON s.num = e.subject \
        WHERE s.id = $1 AND s.kind = $2 AND s.owner = $3 AND e.seq > $4 AND e.sub = 0 \
        ORDER BY e.seq LIMIT $5";
    // The limit on rows stands inside the sum, so a page costs the same however long the journal
    // is.
    PAGE = "SELECT seq, sub, at, body, format, unreadable, checksum, upto FROM (\
        SELECT seq, sub, at, body, format, unreadable, checksum, bytes, \
        CAST(sum(bytes) OVER (ORDER BY seq) AS bigint) AS upto FROM (\
        SELECT e.seq, e.sub, e.at, e.body, e.format, e.unreadable, \
        e.checksum, octet_length(e.body) AS bytes \
        FROM events e JOIN subjects s ON s.num = e.subject \
        WHERE s.id = $1 AND s.kind = $2 AND s.owner = $3 AND e.seq > $4 AND e.sub = 0 \
        ORDER BY e.seq LIMIT $5) AS rows) AS summed \
        WHERE upto - bytes < $6 ORDER BY seq";
    JOURNAL = "SELECT e.seq, e.sub, e.at, e.body, e.format, e.unreadable, e.checksum \
        FROM events e JOIN subjects s ON s.num = e.subject \
        WHERE s.id = $1 AND s.kind = $2 AND s.owner = $3 AND (e.seq, e.sub) > ($4, $5) \
        ORDER BY e.seq, e.sub LIMIT $6";
    DUE = "SELECT owner, id FROM subjects \
        WHERE kind = $1 AND wake_at <= $2 AND unreadable IS NULL \
        ORDER BY wake_at LIMIT $3";
    NEXT_WAKE = "SELECT min(wake_at) FROM subjects \
        WHERE kind = $1 AND wake_at IS NOT NULL AND unreadable IS NULL";
    OWING = "SELECT owner, id FROM subjects \
        WHERE kind = $1 AND owes AND id > $2 AND unreadable IS NULL \
        ORDER BY id LIMIT $3";
    SET_ASIDE = "UPDATE subjects SET unreadable = $2 WHERE id = $1";
    SET_EVENT_ASIDE = "UPDATE events SET unreadable = $2 \
        WHERE subject = (SELECT num FROM subjects WHERE id = $1) AND seq = $3 AND sub = $4";
    STATES_ASIDE = "SELECT kind, owner, id, unreadable FROM subjects \
        WHERE unreadable IS NOT NULL ORDER BY id";
    EVENTS_ASIDE = "SELECT s.kind, s.owner, s.id, e.unreadable, e.seq, e.sub \
        FROM events e JOIN subjects s ON s.num = e.subject \
        WHERE e.unreadable IS NOT NULL ORDER BY s.id, e.seq, e.sub";
    STATES_TO_RETRY = "SELECT id, owner, state, format, checkpoint, unreadable, checksum \
        FROM subjects WHERE kind = $1 AND unreadable IS NOT NULL AND id > $2 \
        ORDER BY id LIMIT $3";
    EVENTS_TO_RETRY = "SELECT e.seq, e.sub, e.at, e.body, e.format, e.unreadable, e.checksum, \
        s.id, s.owner, s.num FROM events e JOIN subjects s ON s.num = e.subject \
        WHERE s.kind = $1 AND e.unreadable IS NOT NULL \
        AND (e.subject, e.seq, e.sub) > ($2, $3, $4) \
        ORDER BY e.subject, e.seq, e.sub LIMIT $5";
    RETRY_STATE = "UPDATE subjects SET unreadable = NULL WHERE id = $1";
    RETRY_EVENT = "UPDATE events SET unreadable = NULL \
        WHERE subject = $1 AND seq = $2 AND sub = $3";
    KINDS = "SELECT kind, count(*) FROM subjects GROUP BY kind ORDER BY kind";
    STATES_OF = "SELECT num, id, owner, state, format, checkpoint, unreadable, checksum \
        FROM subjects WHERE kind = $1 AND num > $2 ORDER BY num LIMIT $3";
    // From one machine to the next, so that no planner sorts the events of all.
    EVENTS_OF = "SELECT seq, sub, at, body, format, unreadable, checksum FROM events \
        WHERE subject = $1 AND (seq, sub) > ($2, $3) ORDER BY seq, sub LIMIT $4";
    CONTENTS = "SELECT s.kind, s.owner, s.peer, s.seq, \
        (SELECT count(*) FROM events e WHERE e.subject = s.num) \
        FROM subjects s WHERE s.id = $1";
    REBUILD = "UPDATE subjects SET state = $2, format = $3, peer = $4, wake_at = $5, owes = $6, \
        checksum = $8, unreadable = NULL WHERE id = $1 AND seq = $7";
    DISCARD_EVENTS = "DELETE FROM events \
        WHERE subject = (SELECT num FROM subjects WHERE id = $1)";
    DISCARD_STATE = "DELETE FROM subjects WHERE id = $1";
    PUT_RECORD = "INSERT INTO records (space, key, value, expires_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (space, key) DO UPDATE \
        SET value = excluded.value, expires_at = excluded.expires_at";
    RECORD = "SELECT value FROM records WHERE space = $1 AND key = $2 \
        AND (expires_at IS NULL OR expires_at > $3)";
    RECORDS = "SELECT key, value FROM records WHERE space = $1 \
        AND substr(key, 1, length($2)) = $2 AND (expires_at IS NULL OR expires_at > $3) \
        ORDER BY key LIMIT $4";
    DELETE_RECORD = "DELETE FROM records WHERE space = $1 AND key = $2";
    FORGET_RECORDS = "DELETE FROM records WHERE expires_at <= $1";
    SCHEMA = "SELECT version, name, print FROM schema ORDER BY version";
    ADD_SCHEMA = "INSERT INTO schema (version, name, print) VALUES ($1, $2, $3)";
}
