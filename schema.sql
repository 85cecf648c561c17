-- The tables of a log, of a witness, of a mirror and of a monitor, each in a database of its own. `limmat init` runs the
-- first section once, `limmat witness init` the second, `limmat mirror init` the first and the third, the first start of
-- `limmat monitor` the fourth; nothing else creates or changes a table. Everything is append-only, and triggers say so:
-- what was committed is never rewritten, not even by us.

-- SECTION log

-- Which log this is: one row, written by init.
CREATE TABLE log (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  format   INTEGER NOT NULL CHECK (format = 1),           -- of this schema
  origin   TEXT    NOT NULL,                              -- the first line of every checkpoint
  entries  TEXT    NOT NULL CHECK (entries IN ('statements', 'opaque'))
) STRICT;

-- Which of the derived keys are in use: the largest n of each use signs, the others still verify.
CREATE TABLE derived_key (
  use      TEXT    NOT NULL,
  n        INTEGER NOT NULL,
  PRIMARY KEY (use, n)
) STRICT;

-- The committed head: one row that only grows. A commit compares it with the head it started from and swaps it.
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  size     INTEGER NOT NULL CHECK (size >= 0),
  root     BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT;

-- Entries, in runs of those that one turn put into one bundle. A run is stored as the entry bundle serves it (each
-- entry behind its uint16 length), so a bundle is its runs one after the other. A run never crosses a bundle. The ids
-- come before the entries, so that start-up, which reads them all, does not follow the pages of the entries to them.
CREATE TABLE run (
  first    INTEGER PRIMARY KEY,                           -- index of its first entry
  ids      BLOB,                                          -- 32-byte statement ids; none in an opaque log
  entries  BLOB    NOT NULL
) STRICT;

-- Full hash tiles: 256 hashes, then the interior nodes of heights 4 to 8 (core/expanded.ts). Partial tiles are not
-- stored; they are the right edge, re-made from the runs at start-up.
CREATE TABLE tile (
  place    INTEGER PRIMARY KEY,                           -- level * 2^40 + n
  nodes    BLOB    NOT NULL CHECK (length(nodes) = 9184)
) STRICT;

-- Indexes of the entries that the registry folds at start-up: all kinds but builds, attestations and reviews. It is
-- an index: it can be re-made from the entries.
CREATE TABLE governance (
  entry    INTEGER PRIMARY KEY
) STRICT;

-- Every checkpoint that was published, whole. The newest may be replaced by one that was signed again: with more
-- signature lines, or with a newer receipt key.
CREATE TABLE checkpoint (
  size     INTEGER PRIMARY KEY,
  note     BLOB    NOT NULL,
  receipt_header      BLOB NOT NULL,                      -- names the receipt key; every receipt of this head carries it
  receipt_signature   BLOB NOT NULL,                      -- over that header and the same root, likewise
  timestamp           INTEGER NOT NULL,                   -- of the tree head of RFC 6962, milliseconds since 1970
  tree_head_signature BLOB NOT NULL                       -- over that timestamp and the same head, by the receipt key
) STRICT;

CREATE TRIGGER log_is_fixed        BEFORE UPDATE ON log         BEGIN SELECT raise(ABORT, 'append-only: log');         END;
CREATE TRIGGER log_is_kept         BEFORE DELETE ON log         BEGIN SELECT raise(ABORT, 'append-only: log');         END;
CREATE TRIGGER derived_key_fixed   BEFORE UPDATE ON derived_key BEGIN SELECT raise(ABORT, 'append-only: derived_key'); END;
CREATE TRIGGER derived_key_kept    BEFORE DELETE ON derived_key BEGIN SELECT raise(ABORT, 'append-only: derived_key'); END;
CREATE TRIGGER head_is_kept        BEFORE DELETE ON head        BEGIN SELECT raise(ABORT, 'append-only: head');        END;
CREATE TRIGGER head_only_grows     BEFORE UPDATE ON head WHEN NEW.size <= OLD.size
                                                                BEGIN SELECT raise(ABORT, 'the head only grows');      END;
CREATE TRIGGER run_is_fixed        BEFORE UPDATE ON run         BEGIN SELECT raise(ABORT, 'append-only: run');         END;
CREATE TRIGGER run_is_kept         BEFORE DELETE ON run         BEGIN SELECT raise(ABORT, 'append-only: run');         END;
CREATE TRIGGER run_is_new          BEFORE INSERT ON run WHEN NEW.first < (SELECT size FROM head)
                                                                BEGIN SELECT raise(ABORT, 'append-only: run');         END;
CREATE TRIGGER tile_is_fixed       BEFORE UPDATE ON tile        BEGIN SELECT raise(ABORT, 'append-only: tile');        END;
CREATE TRIGGER tile_is_kept        BEFORE DELETE ON tile        BEGIN SELECT raise(ABORT, 'append-only: tile');        END;
CREATE TRIGGER checkpoint_is_kept  BEFORE DELETE ON checkpoint  BEGIN SELECT raise(ABORT, 'append-only: checkpoint');  END;
CREATE TRIGGER checkpoint_is_newer BEFORE INSERT ON checkpoint WHEN NEW.size < (SELECT max(size) FROM checkpoint)
                                                                BEGIN SELECT raise(ABORT, 'append-only: checkpoint');  END;
CREATE TRIGGER checkpoint_is_fixed BEFORE UPDATE ON checkpoint WHEN NEW.size <> OLD.size OR OLD.size < (SELECT max(size) FROM checkpoint)
                                                                BEGIN SELECT raise(ABORT, 'append-only: checkpoint');  END;

-- SECTION witness

-- Which witness this is: one row, written by init.
CREATE TABLE witness (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  format   INTEGER NOT NULL CHECK (format = 1),           -- of this section
  name     TEXT    NOT NULL                               -- in every cosignature
) STRICT;

-- The logs it cosigns, and the latest checkpoint it cosigned for each; size 0, time 0 and no note before the first.
CREATE TABLE witnessed_log (
  origin   TEXT    PRIMARY KEY,
  hash     TEXT    NOT NULL UNIQUE,                       -- SHA-256 of the origin, as the monitoring path has it
  size     INTEGER NOT NULL CHECK (size >= 0),
  root     BLOB    NOT NULL CHECK (length(root) = 32),
  time     INTEGER NOT NULL CHECK (time >= 0),            -- of the cosignature, in seconds
  note     BLOB                                           -- the log's signatures and our cosignatures
) STRICT;

-- The keys that sign for each log.
CREATE TABLE witnessed_key (
  vkey     TEXT    PRIMARY KEY,
  origin   TEXT    NOT NULL REFERENCES witnessed_log (origin)
) STRICT;

-- What logs have signed and should not have (src/witness/ports.ts says what each kind is).
CREATE TABLE evidence (
  number   INTEGER PRIMARY KEY,
  origin   TEXT    NOT NULL REFERENCES witnessed_log (origin),
  kind     TEXT    NOT NULL CHECK (kind IN ('same-size', 'empty-root', 'inconsistent', 'unproven')),
  time     INTEGER NOT NULL,                              -- when it came, in seconds
  known    BLOB,                                          -- the note that had been cosigned
  offered  BLOB    NOT NULL,                              -- the note that came
  text     TEXT    NOT NULL,                              -- what that note says, without its signatures
  old      INTEGER NOT NULL,
  proof    BLOB    NOT NULL,                              -- 32-byte hashes, one after the other
  UNIQUE (origin, kind, text)
) STRICT;

CREATE TRIGGER witness_is_fixed    BEFORE UPDATE ON witness       BEGIN SELECT raise(ABORT, 'append-only: witness');    END;
CREATE TRIGGER witness_is_kept     BEFORE DELETE ON witness       BEGIN SELECT raise(ABORT, 'append-only: witness');    END;
CREATE TRIGGER witnessed_is_kept   BEFORE DELETE ON witnessed_log BEGIN SELECT raise(ABORT, 'append-only: witnessed_log'); END;
CREATE TRIGGER witnessed_grows     BEFORE UPDATE ON witnessed_log
  WHEN NEW.origin <> OLD.origin OR NEW.hash <> OLD.hash OR NEW.size < OLD.size OR NEW.time < OLD.time OR NEW.note IS NULL
    OR (NEW.size = OLD.size AND NEW.root <> OLD.root)             BEGIN SELECT raise(ABORT, 'what is witnessed only grows'); END;
CREATE TRIGGER key_is_fixed        BEFORE UPDATE ON witnessed_key BEGIN SELECT raise(ABORT, 'append-only: witnessed_key'); END;
CREATE TRIGGER key_is_kept         BEFORE DELETE ON witnessed_key BEGIN SELECT raise(ABORT, 'append-only: witnessed_key'); END;
CREATE TRIGGER evidence_is_fixed   BEFORE UPDATE ON evidence      BEGIN SELECT raise(ABORT, 'append-only: evidence');   END;
CREATE TRIGGER evidence_is_kept    BEFORE DELETE ON evidence      BEGIN SELECT raise(ABORT, 'append-only: evidence');   END;

-- SECTION mirror

-- Which mirror this is: one row, written by init. The copy of the tree is a database of a log beside this one.
CREATE TABLE mirror (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  format   INTEGER NOT NULL CHECK (format = 1),           -- of this section
  name     TEXT    NOT NULL,                              -- in every cosignature
  origin   TEXT    NOT NULL                               -- of the log that is mirrored
) STRICT;

-- The newest checkpoints that the log has signed, each shown to be an extension of the one before.
CREATE TABLE pending (
  size     INTEGER PRIMARY KEY,
  root     BLOB    NOT NULL CHECK (length(root) = 32),
  note     BLOB    NOT NULL                               -- with the log's signatures that verified, and no others
) STRICT;

-- The checkpoint that is served: all of its entries are in the copy. At most one row.
CREATE TABLE mirrored (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  size     INTEGER NOT NULL,
  root     BLOB    NOT NULL CHECK (length(root) = 32),
  time     INTEGER NOT NULL,                              -- of our cosignatures, in seconds
  note     BLOB    NOT NULL                               -- the log's signatures and our cosignatures
) STRICT;

-- Files that prove what the log signed and should not have.
CREATE TABLE proof (
  hash     TEXT    PRIMARY KEY,                           -- SHA-256 of the file
  file     BLOB    NOT NULL
) STRICT;

CREATE TRIGGER mirror_is_fixed     BEFORE UPDATE ON mirror   BEGIN SELECT raise(ABORT, 'append-only: mirror');  END;
CREATE TRIGGER mirror_is_kept      BEFORE DELETE ON mirror   BEGIN SELECT raise(ABORT, 'append-only: mirror');  END;
CREATE TRIGGER pending_is_fixed    BEFORE UPDATE ON pending  BEGIN SELECT raise(ABORT, 'append-only: pending'); END;
CREATE TRIGGER pending_is_newer    BEFORE INSERT ON pending WHEN NEW.size <= (SELECT max(size) FROM pending)
                                                             BEGIN SELECT raise(ABORT, 'pending only grows');   END;
CREATE TRIGGER pending_is_kept     BEFORE DELETE ON pending WHEN OLD.size = (SELECT max(size) FROM pending)
                                                             BEGIN SELECT raise(ABORT, 'append-only: pending'); END;
CREATE TRIGGER mirrored_is_kept    BEFORE DELETE ON mirrored BEGIN SELECT raise(ABORT, 'append-only: mirrored'); END;
CREATE TRIGGER mirrored_grows      BEFORE UPDATE ON mirrored
  WHEN NEW.size < OLD.size OR NEW.time < OLD.time OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
                                                             BEGIN SELECT raise(ABORT, 'what is mirrored only grows'); END;
CREATE TRIGGER proof_is_fixed      BEFORE UPDATE ON proof    BEGIN SELECT raise(ABORT, 'append-only: proof');   END;
CREATE TRIGGER proof_is_kept       BEFORE DELETE ON proof    BEGIN SELECT raise(ABORT, 'append-only: proof');   END;

-- SECTION monitor

-- What follows is the monitor's own memory: it grows with what was verified, and a log that is lost from it is verified
-- again from its first entry. What was found is never changed or removed.

-- Whose memory this is: one row, written when it is made.
CREATE TABLE monitor (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  format   INTEGER NOT NULL CHECK (format = 1)            -- of this section
) STRICT;

-- The logs that are followed, and up to where.
CREATE TABLE followed (
  log      INTEGER PRIMARY KEY,
  origin   TEXT    NOT NULL UNIQUE,
  size     INTEGER NOT NULL CHECK (size >= 0),            -- of the tree that was verified
  root     BLOB    NOT NULL CHECK (length(root) = 32),
  edge     BLOB    NOT NULL,                              -- the leaves of its open tiles, lowest level first
  note     BLOB,                                          -- the head as it was signed and cosigned
  looked   INTEGER NOT NULL CHECK (looked BETWEEN 0 AND size) -- entries that were looked at
) STRICT;

-- Full tiles, 256 hashes each: from them any earlier root is computed again. Those beyond the size are not yet verified.
CREATE TABLE followed_tile (
  log      INTEGER NOT NULL REFERENCES followed (log),
  place    INTEGER NOT NULL,                              -- level * 2^40 + n
  hashes   BLOB    NOT NULL CHECK (length(hashes) = 8192),
  PRIMARY KEY (log, place)
) STRICT;

-- The rows that the registry of each log ever had, with the entries that put them (src/registry/chronicle.ts).
CREATE TABLE registry_step (
  log      INTEGER NOT NULL REFERENCES followed (log),
  name     TEXT    NOT NULL,                              -- of the table
  id       TEXT    NOT NULL,
  entry    INTEGER NOT NULL,
  step     BLOB    NOT NULL,
  PRIMARY KEY (log, name, id, entry)
) STRICT;

-- What rules remember beside it: digests of versions, open promises, the last entry of a stream.
CREATE TABLE fact (
  log      INTEGER NOT NULL REFERENCES followed (log),
  name     TEXT    NOT NULL,
  value    TEXT    NOT NULL,
  PRIMARY KEY (log, name)
) STRICT;

-- What was found and told, once each, by an id that stays the same.
CREATE TABLE alert (
  number   INTEGER PRIMARY KEY,
  id       TEXT    NOT NULL UNIQUE,
  body     TEXT    NOT NULL,                              -- as JSON (src/monitor/memory.ts)
  acknowledged TEXT                                       -- when
) STRICT;

-- Which channel was sent which alert.
CREATE TABLE delivery (
  id       TEXT    NOT NULL REFERENCES alert (id),
  channel  TEXT    NOT NULL,
  PRIMARY KEY (id, channel)
) STRICT;

-- Heads that a log has signed, whoever showed them.
CREATE TABLE seen_head (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  log      INTEGER NOT NULL REFERENCES followed (log),
  size     INTEGER NOT NULL,
  root     BLOB    NOT NULL CHECK (length(root) = 32),
  note     BLOB    NOT NULL,
  status   TEXT    NOT NULL CHECK (status IN ('verified', 'pending', 'conflict', 'unverifiable')),
  source   TEXT    NOT NULL,
  first_seen INTEGER NOT NULL,                            -- in milliseconds
  UNIQUE (log, size, root)
) STRICT;
CREATE INDEX seen_head_status ON seen_head (log, status, size);

-- Proof that a log has misbehaved, for anyone.
CREATE TABLE evidence_file (
  number   INTEGER PRIMARY KEY,
  log      INTEGER NOT NULL REFERENCES followed (log),
  id       TEXT    NOT NULL UNIQUE,                       -- SHA-256 of the file
  file     BLOB    NOT NULL
) STRICT;

-- The latest head that each witness has cosigned.
CREATE TABLE witnessed_head (
  log      INTEGER NOT NULL REFERENCES followed (log),
  witness  TEXT    NOT NULL,
  size     INTEGER NOT NULL,
  time     INTEGER NOT NULL,
  note     BLOB    NOT NULL,
  PRIMARY KEY (log, witness)
) STRICT;

CREATE TRIGGER followed_grows      BEFORE UPDATE ON followed
  WHEN NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.looked < OLD.looked OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
                                                                BEGIN SELECT raise(ABORT, 'what was verified only grows'); END;
CREATE TRIGGER alert_is_fixed      BEFORE UPDATE ON alert WHEN NEW.id <> OLD.id OR NEW.body <> OLD.body
                                                                BEGIN SELECT raise(ABORT, 'append-only: alert');      END;
CREATE TRIGGER alert_is_kept       BEFORE DELETE ON alert       BEGIN SELECT raise(ABORT, 'append-only: alert');      END;
CREATE TRIGGER evidence_file_fixed BEFORE UPDATE ON evidence_file BEGIN SELECT raise(ABORT, 'append-only: evidence_file'); END;
CREATE TRIGGER evidence_file_kept  BEFORE DELETE ON evidence_file BEGIN SELECT raise(ABORT, 'append-only: evidence_file'); END;
CREATE TRIGGER conflict_is_kept    BEFORE DELETE ON seen_head WHEN OLD.status = 'conflict'
                                                                BEGIN SELECT raise(ABORT, 'append-only: seen_head');  END;
