-- The number of the JSON form of each state and event. Everything from before has form 1.
ALTER TABLE subjects ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
ALTER TABLE events ADD COLUMN format INTEGER NOT NULL DEFAULT 1;

-- What a connector's session needs in order to go on after a restart.
ALTER TABLE subjects ADD COLUMN checkpoint TEXT;

-- Why a state or an event cannot be read, while it is set aside.
ALTER TABLE subjects ADD COLUMN unreadable TEXT;
ALTER TABLE events ADD COLUMN unreadable TEXT;
CREATE INDEX subjects_unreadable ON subjects (id) WHERE unreadable IS NOT NULL;
CREATE INDEX events_unreadable ON events (subject) WHERE unreadable IS NOT NULL;
