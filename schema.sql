-- The tables of a log. `limmat init` runs this once; nothing else creates or changes a table.
-- Everything is append-only, and triggers say so: what was committed is never rewritten, not even by us.

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

-- Every checkpoint that was published, whole. The newest may be replaced by one with more signature lines.
CREATE TABLE checkpoint (
  size     INTEGER PRIMARY KEY,
  note     BLOB    NOT NULL,
  receipt_signature BLOB NOT NULL                         -- over the same root; every receipt of this head carries it
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
