-- The lasting shape: who belongs to whom, what was taught to whom, what happened in it, what was recorded.
-- Ids are 22 characters of base64url. Columns named *_us count microseconds: wall_us, *_at since the Unix epoch, others on
-- the lesson's session clock. Words in CHECKs are those of storage/api/names.cpp.
-- Plain SQL that PostgreSQL reads as well: no AUTOINCREMENT, no STRICT, no WITHOUT ROWID.

CREATE TABLE authority (
  id    TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  name  TEXT NOT NULL CHECK (name <> '')
);

CREATE TABLE collective (
  id            TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  authority_id  TEXT NOT NULL REFERENCES authority (id),
  kind          TEXT NOT NULL CHECK (kind IN ('fused', 'co-built', 'collaborative', 'paired', 'group', 'learning-team',
                                              'home-school', 'class-teacher', 'medical')),
  name          TEXT NOT NULL CHECK (name <> '')
);
CREATE INDEX collective_by_authority ON collective (authority_id);

CREATE TABLE school (
  id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  name       TEXT NOT NULL CHECK (name <> ''),
  county     TEXT NOT NULL,
  parent_id  TEXT REFERENCES school (id) CHECK (parent_id <> id)
);
CREATE INDEX school_by_parent ON school (parent_id);

CREATE TABLE membership (
  collective_id  TEXT NOT NULL REFERENCES collective (id),
  school_id      TEXT NOT NULL REFERENCES school (id),
  role           TEXT NOT NULL CHECK (role IN ('core', 'member', 'branch', 'teaching-point')),
  PRIMARY KEY (collective_id, school_id)
);
CREATE INDEX membership_by_school ON membership (school_id);

CREATE TABLE school_class (
  id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  school_id  TEXT NOT NULL REFERENCES school (id),
  name       TEXT NOT NULL CHECK (name <> ''),
  grade      TEXT NOT NULL,
  headcount  INTEGER NOT NULL CHECK (headcount BETWEEN 0 AND 200)
);
CREATE INDEX school_class_by_school ON school_class (school_id);

CREATE TABLE person (
  id             TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  school_id      TEXT NOT NULL REFERENCES school (id),
  name           TEXT NOT NULL CHECK (name <> ''),
  login          TEXT UNIQUE CHECK (login <> ''),  -- NULL: cannot sign in
  password_hash  TEXT CHECK (password_hash <> '')
);
CREATE INDEX person_by_school ON person (school_id);

CREATE TABLE person_role (
  person_id      TEXT NOT NULL REFERENCES person (id),
  collective_id  TEXT NOT NULL REFERENCES collective (id),
  role           TEXT NOT NULL CHECK (role IN ('administrator', 'chair', 'group-leader', 'teacher', 'assistant-teacher',
                                               'researcher', 'mentor', 'mentee', 'expert', 'guest')),
  PRIMARY KEY (person_id, collective_id, role)
);
CREATE INDEX person_role_by_collective ON person_role (collective_id);

CREATE TABLE lesson (
  id              TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  collective_id   TEXT NOT NULL REFERENCES collective (id),
  kind            TEXT NOT NULL CHECK (kind IN ('synchronous-lesson', 'open-lesson', 'lesson-prep', 'same-topic', 'critique',
                                                'lecture', 'consultation', 'teaching-round')),
  topic           TEXT NOT NULL CHECK (topic <> ''),
  subject         TEXT NOT NULL,
  grade           TEXT NOT NULL,
  unit            TEXT NOT NULL,
  host_school_id  TEXT NOT NULL REFERENCES school (id),
  teacher_id      TEXT NOT NULL REFERENCES person (id),
  state           TEXT NOT NULL CHECK (state IN ('scheduled', 'live', 'ended')),
  scheduled_at    BIGINT NOT NULL CHECK (scheduled_at >= 0),
  started_at      BIGINT NOT NULL CHECK (started_at >= 0),
  ended_at        BIGINT NOT NULL CHECK (ended_at >= 0)
);
CREATE INDEX lesson_by_collective ON lesson (collective_id, scheduled_at);
CREATE INDEX lesson_by_teacher ON lesson (teacher_id, scheduled_at);
CREATE INDEX lesson_by_state ON lesson (state, scheduled_at);

CREATE TABLE lesson_class (
  lesson_id  TEXT NOT NULL REFERENCES lesson (id),
  class_id   TEXT NOT NULL REFERENCES school_class (id),
  position   INTEGER NOT NULL CHECK (position >= 0),
  PRIMARY KEY (lesson_id, class_id)
);
CREATE INDEX lesson_class_by_class ON lesson_class (class_id);

CREATE TABLE access_token (
  secret_hash  TEXT NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 64),
  lesson_id    TEXT NOT NULL REFERENCES lesson (id),
  role         TEXT NOT NULL CHECK (role IN ('teacher', 'class', 'observer')),
  class_id     TEXT REFERENCES school_class (id),
  person_id    TEXT REFERENCES person (id),
  expires_at   BIGINT NOT NULL,
  revoked      INTEGER NOT NULL CHECK (revoked IN (0, 1)),
  CHECK ((role = 'class') = (class_id IS NOT NULL))
);
CREATE INDEX access_token_by_lesson ON access_token (lesson_id);
CREATE INDEX access_token_by_expiry ON access_token (expires_at);

-- A browser's cookie: of a person who signed in, or of a link, then bound to one lesson and role (a teacher's link
-- also names the person).
CREATE TABLE login_session (
  secret_hash  TEXT NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 64),
  person_id    TEXT REFERENCES person (id),
  lesson_id    TEXT REFERENCES lesson (id),
  role         TEXT CHECK (role IN ('teacher', 'class', 'observer')),
  class_id     TEXT REFERENCES school_class (id),
  expires_at   BIGINT NOT NULL,
  token_hash   TEXT REFERENCES access_token (secret_hash) ON DELETE CASCADE,
  CHECK ((lesson_id IS NULL) = (role IS NULL)),
  CHECK (person_id IS NOT NULL OR lesson_id IS NOT NULL)
);
CREATE INDEX login_session_by_person ON login_session (person_id);
CREATE INDEX login_session_by_token ON login_session (token_hash);
CREATE INDEX login_session_by_expiry ON login_session (expires_at);

CREATE TABLE lesson_event (
  lesson_id   TEXT NOT NULL REFERENCES lesson (id),
  sequence    BIGINT NOT NULL CHECK (sequence >= 1),
  session_us  BIGINT NOT NULL,
  wall_us     BIGINT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind <> ''),
  payload     TEXT NOT NULL,
  PRIMARY KEY (lesson_id, sequence)
);

CREATE TABLE attendance_span (
  id            INTEGER NOT NULL PRIMARY KEY,
  lesson_id     TEXT NOT NULL REFERENCES lesson (id),
  participant   TEXT NOT NULL CHECK (participant <> ''),
  class_id      TEXT REFERENCES school_class (id),
  name          TEXT NOT NULL,
  headcount     INTEGER NOT NULL CHECK (headcount BETWEEN 0 AND 200),
  joined_us     BIGINT NOT NULL,
  left_us       BIGINT CHECK (left_us >= joined_us),  -- NULL while present
  last_seen_us  BIGINT NOT NULL CHECK (last_seen_us >= joined_us)
);
CREATE INDEX attendance_span_by_lesson ON attendance_span (lesson_id, joined_us);
CREATE INDEX attendance_span_by_class ON attendance_span (class_id);
CREATE INDEX attendance_span_open ON attendance_span (lesson_id) WHERE left_us IS NULL;

CREATE TABLE recording_segment (
  id             TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  lesson_id      TEXT NOT NULL REFERENCES lesson (id),
  participant    TEXT NOT NULL CHECK (participant <> ''),
  name           TEXT NOT NULL,
  role           TEXT NOT NULL CHECK (role IN ('teacher', 'class')),
  source         TEXT NOT NULL CHECK (source IN ('microphone', 'camera', 'screen', 'screen-audio')),
  codec          TEXT NOT NULL CHECK (codec IN ('opus', 'vp8', 'vp9', 'h264')),
  file           TEXT NOT NULL CHECK (file <> ''),
  start_us       BIGINT NOT NULL,
  end_us         BIGINT NOT NULL,
  clock_mapping  TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'repaired', 'broken')),
  UNIQUE (lesson_id, file)
);
CREATE INDEX recording_segment_by_state ON recording_segment (state);

CREATE TABLE audit_entry (
  id       INTEGER NOT NULL PRIMARY KEY,
  wall_us  BIGINT NOT NULL,
  actor    TEXT NOT NULL,
  verb     TEXT NOT NULL CHECK (verb <> ''),
  object   TEXT NOT NULL
);
