CREATE TABLE lesson_source (
  id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  lesson_id    TEXT NOT NULL REFERENCES lesson (id),
  name         TEXT NOT NULL CHECK (name <> ''),
  role         TEXT NOT NULL CHECK (role IN ('teacher-camera', 'board', 'courseware', 'other')),
  kind         TEXT NOT NULL CHECK (kind IN ('rtmp-push', 'rtsp', 'rtsp-udp', 'srt', 'rtmp')),
  url          TEXT NOT NULL,
  user_name    TEXT NOT NULL,
  password     TEXT NOT NULL,
  passphrase   TEXT NOT NULL,
  stream_id    TEXT NOT NULL,
  -- No reference: a key that ran out is swept away, and its source stays to be given a new one.
  key_hash     TEXT NOT NULL,
  enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at   BIGINT NOT NULL,
  CHECK ((kind = 'rtmp-push') = (url = ''))
);
CREATE INDEX lesson_source_by_lesson ON lesson_source (lesson_id, created_at);

-- Board cameras, and AV1, are recorded too.
CREATE TABLE recording_segment_wider (
  id             TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 22),
  lesson_id      TEXT NOT NULL REFERENCES lesson (id),
  participant    TEXT NOT NULL CHECK (participant <> ''),
  name           TEXT NOT NULL,
  role           TEXT NOT NULL CHECK (role IN ('teacher', 'class')),
  source         TEXT NOT NULL CHECK (source IN ('microphone', 'camera', 'screen', 'screen-audio', 'board')),
  codec          TEXT NOT NULL CHECK (codec IN ('opus', 'vp8', 'vp9', 'h264', 'av1')),
  file           TEXT NOT NULL CHECK (file <> ''),
  start_us       BIGINT NOT NULL,
  end_us         BIGINT NOT NULL,
  clock_mapping  TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'repaired', 'broken')),
  UNIQUE (lesson_id, file)
);
INSERT INTO recording_segment_wider
  SELECT id, lesson_id, participant, name, role, source, codec, file, start_us, end_us, clock_mapping, state
  FROM recording_segment;
DROP TABLE recording_segment;
ALTER TABLE recording_segment_wider RENAME TO recording_segment;
CREATE INDEX recording_segment_by_state ON recording_segment (state);
