-- What KneeTrack found in each log: derived, never the only copy of anything, made anew on request.
--
-- A session is one log. What is asked of all sessions at once stands in columns and in `figures`,
-- a row a measure and leg, so that listing a thousand sessions or following one measure through
-- them reads no repetition. The repetitions themselves are read session by session only: they are
-- kept as `analyze --json` shows them, a leg's together and deflated. A new measure needs no new
-- column; a long table of them would have 3 million rows of a thousand sessions (60 measures x 50
-- reps), and plain JSON takes twenty times the room.

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    -- what the log and its journal of edits looked like, and what read them, when this was written
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    edits_size INTEGER NOT NULL,
    edits_mtime_ns INTEGER NOT NULL,
    analysis TEXT NOT NULL,
    -- why nothing could be read of it; then all below is empty
    reason TEXT,
    -- the same recording under another path has the same one
    identity TEXT,
    started_utc TEXT,
    dated_by TEXT NOT NULL DEFAULT 'log', -- or 'file': the log has no date, and its file's is told
    athlete TEXT,
    exercise TEXT NOT NULL DEFAULT 'unknown',
    load_kg REAL,
    rpe REAL,
    note TEXT,
    selftest TEXT,
    tags TEXT NOT NULL DEFAULT '{}', -- JSON, word to word
    pain INTEGER NOT NULL DEFAULT 0, -- something hurt, as the person said
    simulated INTEGER NOT NULL DEFAULT 0,
    versions TEXT NOT NULL DEFAULT '{}', -- JSON, of what recorded it
    warnings TEXT NOT NULL DEFAULT '[]' -- JSON, sentences
);

CREATE INDEX sessions_of ON sessions (athlete, exercise, started_utc);

CREATE TABLE legs (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    side INTEGER NOT NULL, -- +1 right, -1 left
    exercise TEXT NOT NULL,
    grade TEXT NOT NULL,
    calibration_id INTEGER,
    reps INTEGER NOT NULL, -- neither reference nor left out
    judged INTEGER NOT NULL, -- of these, those with a verdict that holds
    in_range INTEGER NOT NULL,
    streak INTEGER NOT NULL,
    UNIQUE (session, side)
);

CREATE TABLE sets (
    leg INTEGER NOT NULL REFERENCES legs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    reps INTEGER NOT NULL,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    shift_deg REAL,
    shift_sigma_deg REAL,
    verdict TEXT,
    PRIMARY KEY (leg, number)
) WITHOUT ROWID;

CREATE TABLE reps (
    leg INTEGER PRIMARY KEY REFERENCES legs (id) ON DELETE CASCADE,
    reference TEXT, -- JSON, what they were compared with
    reps BLOB NOT NULL -- JSON, an array of all, deflated (zlib)
);

-- One value by its name over the repetitions of a leg that have a say in it.
CREATE TABLE figures (
    leg INTEGER NOT NULL REFERENCES legs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    reps INTEGER NOT NULL,
    median REAL NOT NULL,
    low REAL, -- 95 % interval of the median; unknown of fewer than two
    high REAL,
    sd REAL, -- from repetition to repetition, sets pooled; unknown of few
    PRIMARY KEY (leg, name)
) WITHOUT ROWID;
