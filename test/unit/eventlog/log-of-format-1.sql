CREATE TABLE log (format INTEGER NOT NULL) STRICT;
CREATE TABLE streams (
  name TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  metadata TEXT
  ) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream_key INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  id BLOB NOT NULL,
  stored_at INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  meta TEXT NOT NULL,
  stream TEXT
  ) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream_key, revision);
INSERT INTO log VALUES (1);
INSERT INTO streams VALUES ('deleted', 'deleted', 0, NULL);
INSERT INTO streams VALUES ('tombstoned', 'tombstoned', 0, NULL);
INSERT INTO streams VALUES ('truncated', 'open', 0, '{"truncateBefore":2}');
INSERT INTO events VALUES (62, 11069953070189, 0, x'00000000000040008000000000000001', 1700000000000, 'Begun', '{"n": 1}', '{"of":"format 1"}', 'plain');
INSERT INTO events VALUES (124, 11069953070189, 1, x'00000000000040008000000000000002', 1700000000000, 'Noted', '{"n": 2}', '{"of":"format 1"}', NULL);
INSERT INTO events VALUES (310, 2369509319996, 2, x'00000000000040008000000000000005', 1700000000000, 'Noted', '{"n": 5}', '{"of":"format 1"}', 'truncated');
INSERT INTO events VALUES (372, 11069953070189, 2, x'00000000000040008000000000000006', 1700000000000, 'Noted', '{"n": 6}', '{"of":"format 1"}', NULL);
INSERT INTO events VALUES (434, 1204188336955, 0, x'00000000000040008000000000000007', 1700000000000, 'Begun', '{"n": 7}', '{"of":"format 1"}', 'deleted');
INSERT INTO events VALUES (496, 8862971552097, 0, x'00000000000040008000000000000008', 1700000000000, 'Begun', '{"n": 8}', '{"of":"format 1"}', 'tombstoned');
