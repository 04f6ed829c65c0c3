-- What the text of each state and event adds up to. Rows from before have none, and are not checked.
ALTER TABLE subjects ADD COLUMN checksum bigint;
ALTER TABLE events ADD COLUMN checksum bigint;
