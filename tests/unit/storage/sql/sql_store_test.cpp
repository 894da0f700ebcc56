// The contract of storage::Store, on a database in memory and on one in a file.
#include "storage/sql/sql_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/support/storage_rows.h"

namespace storage::sql {
namespace {

using tests::events_from;
using tests::hash_of;
using tests::id_of;
using tests::lesson_row;

enum class Place { Memory, File };

class StoreContract : public testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    auto opened = open_store(GetParam() == Place::Memory ? std::filesystem::path(":memory:")
                                                         : dir_.path() / "t.db");
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
    tests::add_collective(*store_);
  }
  std::vector<Id> ids(const Outcome<std::vector<Lesson>>& lessons) {
    std::vector<Id> out;
    EXPECT_TRUE(lessons.has_value());
    if (lessons)
      std::transform(lessons->begin(), lessons->end(), std::back_inserter(out),
                     [](const Lesson& l) { return l.id; });
    return out;
  }

  tests::ScratchDir dir_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, KeepsBodiesAsGiven) {
  const auto collective = store_->collective(id_of("collective"));
  ASSERT_TRUE(collective && *collective);
  EXPECT_EQ((*collective)->kind, CollectiveKind::CoBuilt);
  EXPECT_EQ((*collective)->name, "共同体");
  EXPECT_EQ((*collective)->authority_id, id_of("authority"));
  EXPECT_EQ(store_->collectives()->size(), 2U);
  EXPECT_EQ(store_->authorities()->at(0).name, "县教育局");
  EXPECT_EQ((*store_->school(id_of("rural")))->parent_id, id_of("core"));
  EXPECT_FALSE((*store_->school(id_of("core")))->parent_id.has_value());
  EXPECT_EQ((*store_->school_class(id_of("class1")))->headcount, 28);
  EXPECT_FALSE(store_->school_class(id_of("nobody"))->has_value());
}

TEST_P(StoreContract, ListsSchoolsClassesAndPeopleOfACollective) {
  const auto schools = store_->schools_of_collective(id_of("collective"));
  ASSERT_TRUE(schools);
  ASSERT_EQ(schools->size(), 2U);
  const bool core_first = schools->at(0).school.id == id_of("core");
  EXPECT_EQ(schools->at(core_first ? 0 : 1).role, MemberRole::Core);
  EXPECT_EQ(schools->at(core_first ? 1 : 0).role, MemberRole::TeachingPoint);
  EXPECT_TRUE(store_->schools_of_collective(id_of("foreign"))->empty());
  EXPECT_EQ(store_->classes_of_school(id_of("rural"))->size(), 2U);
  EXPECT_TRUE(store_->classes_of_school(id_of("core"))->empty());

  ASSERT_DONE(
      store_->add_person_role({id_of("teacher"), id_of("collective"), CollectiveRole::Mentor}));
  const auto people = store_->people_of_collective(id_of("collective"), {});
  ASSERT_EQ(people->size(), 2U);
  const auto teacher = std::find_if(people->begin(), people->end(),
                                    [](const auto& p) { return p.person_id == id_of("teacher"); });
  ASSERT_NE(teacher, people->end());
  EXPECT_EQ(teacher->school, "实验小学");
  EXPECT_EQ(teacher->roles, (std::vector{CollectiveRole::Mentor, CollectiveRole::Teacher}));
  EXPECT_EQ(store_->people_of_collective(id_of("collective"), {1, 0})->size(), 1U);
  EXPECT_EQ(store_->people_of_collective(id_of("collective"), {50, 2})->size(), 0U);
}

TEST_P(StoreContract, RefusesWhatBreaksAReferenceARuleOrAnId) {
  EXPECT_FALSE(store_->add_collective({id_of("x"), id_of("nobody"), CollectiveKind::Group, "x"}));
  EXPECT_FALSE(store_->add_authority({id_of("authority"), "again"}));
  EXPECT_FALSE(store_->add_class({id_of("big"), id_of("core"), "x", "x", 201}));
  EXPECT_FALSE(store_->add_class({"short", id_of("core"), "x", "x", 20}));
  EXPECT_FALSE(store_->add_person({id_of("p2"), id_of("core"), "x", "lin", "h"}))
      << "a login belongs to one person";
  // Without a login: any number of people.
  EXPECT_TRUE(store_->add_person({id_of("p3"), id_of("core"), "x", "", ""}));
}

TEST_P(StoreContract, AFailedWriteLeavesNothing) {
  Lesson lesson = lesson_row("broken");
  lesson.class_ids = {id_of("class1"), id_of("no such class")};
  EXPECT_FALSE(store_->add_lesson(lesson));
  EXPECT_FALSE(store_->lesson(lesson.id)->has_value());
  EXPECT_EQ(ids(store_->lessons_for_class(id_of("class1"), 10)), std::vector{id_of("lesson")});
}

TEST_P(StoreContract, FindsPeopleByLogin) {
  const auto person = store_->person_by_login("lin");
  ASSERT_TRUE(person && *person);
  EXPECT_EQ((*person)->id, id_of("teacher"));
  EXPECT_EQ((*person)->password_hash, "hash-1");
  EXPECT_FALSE(store_->person_by_login("nobody")->has_value());
  EXPECT_FALSE(store_->person_by_login("")->has_value())
      << "an empty login is nobody, though some have none";
  EXPECT_FALSE(store_->person_by_login("lin' OR '1'='1")->has_value());
}

TEST_P(StoreContract, ANewPasswordEndsThePersonsSessionsOnly) {
  ASSERT_DONE(store_->add_session({hash_of("a"), id_of("teacher"), {}, {}, {}, 99, {}}));
  ASSERT_DONE(store_->add_session({hash_of("b"), id_of("researcher"), {}, {}, {}, 99, {}}));
  EXPECT_TRUE(store_->set_password(id_of("teacher"), "new").value());
  EXPECT_EQ((*store_->person(id_of("teacher")))->password_hash, "new");
  EXPECT_FALSE(store_->session_by_hash(hash_of("a"))->has_value());
  EXPECT_TRUE(store_->session_by_hash(hash_of("b"))->has_value());
  EXPECT_FALSE(store_->set_password(id_of("nobody"), "new").value());
}

TEST_P(StoreContract, ARenewedHashKeepsSessionsAndLosesAgainstANewPassword) {
  ASSERT_DONE(store_->add_session({hash_of("a"), id_of("teacher"), {}, {}, {}, 99, {}}));
  EXPECT_TRUE(store_->replace_password_hash(id_of("teacher"), "hash-1", "stronger").value());
  EXPECT_TRUE(store_->session_by_hash(hash_of("a"))->has_value());
  EXPECT_FALSE(store_->replace_password_hash(id_of("teacher"), "hash-1", "late").value());
  EXPECT_EQ((*store_->person(id_of("teacher")))->password_hash, "stronger");
}

TEST_P(StoreContract, ARoleThatIsTakenAwayIsGone) {
  ASSERT_EQ(store_->roles_of(id_of("researcher"))->size(), 1U);
  ASSERT_DONE(store_->remove_person_role(
      {id_of("researcher"), id_of("collective"), CollectiveRole::Researcher}));
  EXPECT_TRUE(store_->roles_of(id_of("researcher"))->empty());
  EXPECT_TRUE(store_->lessons_for_person(id_of("researcher"), 10)->empty());
}

TEST_P(StoreContract, KeepsALessonWithItsClassesInOrder) {
  const auto lesson = store_->lesson(id_of("lesson"));
  ASSERT_TRUE(lesson && *lesson);
  EXPECT_EQ((*lesson)->class_ids, (std::vector{id_of("class2"), id_of("class1")}));
  EXPECT_EQ((*lesson)->topic, "水的三态变化");
  EXPECT_EQ((*lesson)->kind, ActivityKind::SynchronousLesson);
  EXPECT_EQ((*lesson)->scheduled_at, 1'000);
  const auto roster = store_->lesson_roster(id_of("lesson"));
  ASSERT_TRUE(roster && *roster);
  EXPECT_EQ((*roster)->teacher, "林老师");
  EXPECT_EQ((*roster)->host_school, "实验小学");
  ASSERT_EQ((*roster)->classes.size(), 2U);
  EXPECT_EQ((*roster)->classes[0].name, "三年级二班");
  EXPECT_EQ((*roster)->classes[0].school, "中房小学");
  EXPECT_EQ((*roster)->classes[0].headcount, 32);
  EXPECT_FALSE(store_->lesson_roster(id_of("none"))->has_value());
}

TEST_P(StoreContract, AListShowsOwnCollectivesAloneNewestFirst) {
  Lesson later = lesson_row("later");
  later.scheduled_at = 5'000;
  ASSERT_DONE(store_->add_lesson(later));
  Lesson foreign = lesson_row("foreign-lesson");
  foreign.collective_id = id_of("foreign");
  foreign.teacher_id = id_of("stranger");
  foreign.class_ids.clear();
  ASSERT_DONE(store_->add_lesson(foreign));
  const std::vector both{id_of("later"), id_of("lesson")};
  EXPECT_EQ(ids(store_->lessons_for_person(id_of("teacher"), 10)), both);
  EXPECT_EQ(ids(store_->lessons_for_person(id_of("researcher"), 10)), both);
  EXPECT_EQ(ids(store_->lessons_for_person(id_of("stranger"), 10)),
            std::vector{id_of("foreign-lesson")});
  EXPECT_EQ(ids(store_->lessons_for_person(id_of("teacher"), 1)), std::vector{id_of("later")});
  EXPECT_EQ(ids(store_->lessons_for_class(id_of("class1"), 10)), both);
  EXPECT_EQ(store_->lessons({})->size(), 3U);
  EXPECT_EQ(ids(store_->lessons({1, 0})), std::vector{id_of("later")});
}

TEST_P(StoreContract, AConsultationIsListedToItsTeacherAlone) {
  Lesson consultation = lesson_row("private");
  consultation.kind = ActivityKind::Consultation;
  ASSERT_DONE(store_->add_lesson(consultation));
  EXPECT_EQ(store_->lessons_for_person(id_of("teacher"), 10)->size(), 2U);
  EXPECT_EQ(ids(store_->lessons_for_person(id_of("researcher"), 10)), std::vector{id_of("lesson")});
}

TEST_P(StoreContract, ALessonOnlyGoesForward) {
  EXPECT_FALSE(store_->set_lesson_ended(id_of("lesson"), 5).value()) << "it was never live";
  EXPECT_TRUE(store_->set_lesson_live(id_of("lesson"), 10).value());
  EXPECT_FALSE(store_->set_lesson_live(id_of("lesson"), 11).value());
  EXPECT_EQ(ids(store_->lessons_in_state(LessonState::Live)), std::vector{id_of("lesson")});
  EXPECT_TRUE(store_->set_lesson_ended(id_of("lesson"), 20).value());
  EXPECT_FALSE(store_->set_lesson_live(id_of("lesson"), 21).value());
  const auto lesson = **store_->lesson(id_of("lesson"));
  EXPECT_EQ(lesson.state, LessonState::Ended);
  EXPECT_EQ(lesson.started_at, 10);
  EXPECT_EQ(lesson.ended_at, 20);
  EXPECT_FALSE(store_->set_lesson_live(id_of("none"), 1).value());
}

TEST_P(StoreContract, ATokenIsFoundByItsHashUntilItExpires) {
  AccessToken token{
      hash_of("a"), id_of("lesson"), LessonRole::Class, id_of("class1"), std::nullopt, 100, false};
  ASSERT_DONE(store_->add_token(token));
  ASSERT_DONE(store_->add_token(
      {hash_of("t"), id_of("lesson"), LessonRole::Teacher, {}, id_of("teacher"), 200, false}));
  const auto found = store_->token_by_hash(hash_of("a"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->role, LessonRole::Class);
  EXPECT_EQ((*found)->class_id, id_of("class1"));
  EXPECT_FALSE((*found)->person_id.has_value());
  EXPECT_EQ(store_->tokens_of_lesson(id_of("lesson"))->size(), 2U);
  ASSERT_DONE(store_->remove_expired(100));
  EXPECT_FALSE(store_->token_by_hash(hash_of("a"))->has_value());
  EXPECT_EQ((*store_->token_by_hash(hash_of("t")))->person_id, id_of("teacher"));
}

TEST_P(StoreContract, AClassTokenNamesAClassAndNoOtherDoes) {
  EXPECT_FALSE(
      store_->add_token({hash_of("a"), id_of("lesson"), LessonRole::Class, {}, {}, 9, false}));
  EXPECT_FALSE(store_->add_token(
      {hash_of("b"), id_of("lesson"), LessonRole::Observer, id_of("class1"), {}, 9, false}));
}

TEST_P(StoreContract, ARevokedTokenEndsTheSessionsEnteredByIt) {
  ASSERT_DONE(
      store_->add_token({hash_of("a"), id_of("lesson"), LessonRole::Observer, {}, {}, 100, false}));
  ASSERT_DONE(store_->add_session(
      {hash_of("s"), {}, id_of("lesson"), LessonRole::Observer, {}, 100, hash_of("a")}));
  ASSERT_DONE(store_->add_session({hash_of("p"), id_of("teacher"), {}, {}, {}, 100, {}}));
  const auto session = store_->session_by_hash(hash_of("s"));
  ASSERT_TRUE(session && *session);
  EXPECT_EQ((*session)->role, LessonRole::Observer);
  EXPECT_EQ((*session)->lesson_id, id_of("lesson"));
  EXPECT_EQ((*session)->token_hash, hash_of("a"));
  ASSERT_DONE(store_->revoke_token(hash_of("a")));
  EXPECT_TRUE((*store_->token_by_hash(hash_of("a")))->revoked);
  EXPECT_FALSE(store_->session_by_hash(hash_of("s"))->has_value());
  EXPECT_TRUE(store_->session_by_hash(hash_of("p"))->has_value());
}

TEST_P(StoreContract, SessionsEndBySigningOutOrByTime) {
  ASSERT_DONE(store_->add_session({hash_of("a"), id_of("teacher"), {}, {}, {}, 100, {}}));
  ASSERT_DONE(store_->add_session({hash_of("b"), id_of("teacher"), {}, {}, {}, 200, {}}));
  EXPECT_FALSE(store_->add_session({hash_of("c"), {}, {}, {}, {}, 200, {}}))
      << "a session is of somebody";
  ASSERT_DONE(store_->remove_expired(150));
  EXPECT_FALSE(store_->session_by_hash(hash_of("a"))->has_value());
  ASSERT_DONE(store_->remove_session(hash_of("b")));
  EXPECT_FALSE(store_->session_by_hash(hash_of("b"))->has_value());
}

TEST_P(StoreContract, TheTimelineHasNoGapsAndReadsBackInOrder) {
  EXPECT_EQ(store_->last_event_sequence(id_of("lesson")).value(), 0);
  ASSERT_DONE(store_->append_events(events_from("lesson", 1, 3)));
  ASSERT_DONE(store_->append_events(events_from("lesson", 4, 5)));
  EXPECT_FALSE(store_->append_events(events_from("lesson", 7, 8))) << "6 is missing";
  EXPECT_FALSE(store_->append_events(events_from("lesson", 5, 6))) << "5 is there";
  EXPECT_EQ(store_->last_event_sequence(id_of("lesson")).value(), 5);
  const auto some = store_->events(id_of("lesson"), 2, 2);
  ASSERT_EQ(some->size(), 2U);
  EXPECT_EQ(some->at(0).sequence, 3);
  EXPECT_EQ(some->at(1).sequence, 4);
  EXPECT_EQ(some->at(1).session_us, 40);
  EXPECT_EQ(some->at(1).wall_us, 4'000);
  EXPECT_EQ(some->at(1).payload, "{\"n\":4}");
}

TEST_P(StoreContract, AnAppendWithOneBadEventStoresNone) {
  auto events = events_from("lesson", 1, 3);
  events[2].kind = "";
  EXPECT_FALSE(store_->append_events(events));
  EXPECT_EQ(store_->last_event_sequence(id_of("lesson")).value(), 0);
}

TEST_P(StoreContract, SeveralLessonsCanBeAppendedToAtOnce) {
  ASSERT_DONE(store_->add_lesson(lesson_row("other")));
  auto events = events_from("lesson", 1, 2);
  const auto others = events_from("other", 1, 3);
  events.insert(events.begin() + 1, others.begin(), others.end());
  ASSERT_DONE(store_->append_events(events));
  EXPECT_EQ(store_->last_event_sequence(id_of("lesson")).value(), 2);
  EXPECT_EQ(store_->last_event_sequence(id_of("other")).value(), 3);
}

TEST_P(StoreContract, AttendanceOpensIsRefreshedAndCloses) {
  AttendanceSpan span;
  span.lesson_id = id_of("lesson");
  span.participant = "p1";
  span.class_id = id_of("class1");
  span.name = "一班";
  span.headcount = 28;
  span.joined_us = 100;
  const auto first = store_->open_attendance(span);
  span.participant = "p2";
  span.class_id.reset();
  span.joined_us = 200;
  const auto second = store_->open_attendance(span);
  ASSERT_TRUE(first && second);
  ASSERT_NE(*first, *second);
  ASSERT_DONE(store_->touch_attendance(id_of("lesson"), 1'000));
  ASSERT_DONE(store_->set_attendance_headcount(*first, 30));
  ASSERT_DONE(store_->close_attendance(*first, 1'500));
  ASSERT_DONE(store_->close_attendance(*first, 9'000));
  ASSERT_DONE(store_->touch_attendance(id_of("lesson"), 2'000));
  const auto spans = store_->attendance(id_of("lesson"));
  ASSERT_EQ(spans->size(), 2U);
  EXPECT_EQ(spans->at(0).id, *first);
  EXPECT_EQ(spans->at(0).headcount, 30);
  EXPECT_EQ(spans->at(0).left_us, 1'500) << "closed once";
  EXPECT_EQ(spans->at(0).class_id, id_of("class1"));
  EXPECT_FALSE(spans->at(1).left_us.has_value());
  EXPECT_EQ(spans->at(1).last_seen_us, 2'000);
  EXPECT_EQ(store_->close_stale_attendance().value(), 1);
  EXPECT_EQ(store_->attendance(id_of("lesson"))->at(1).left_us, 2'000);
  EXPECT_EQ(store_->close_stale_attendance().value(), 0);
}

RecordingSegment segment_row(const std::string& name, const std::string& lesson) {
  RecordingSegment row;
  row.id = id_of(name);
  row.lesson_id = id_of(lesson);
  row.participant = "p1";
  row.name = "林老师";
  row.role = "teacher";
  row.source = "camera";
  row.codec = "vp8";
  row.file = name + ".webm";
  row.start_us = 5;
  row.clock_mapping = "[]";
  return row;
}

TEST_P(StoreContract, ASegmentIsWrittenThenFinished) {
  ASSERT_DONE(store_->add_segment(segment_row("s1", "lesson")));
  ASSERT_EQ(store_->segments_in_state(SegmentState::Writing)->size(), 1U);
  ASSERT_DONE(store_->finish_segment(id_of("s1"), 900, "[[1,2]]", SegmentState::Complete));
  EXPECT_TRUE(store_->segments_in_state(SegmentState::Writing)->empty());
  const auto segment = store_->segment(id_of("s1"));
  ASSERT_TRUE(segment && *segment);
  EXPECT_EQ((*segment)->end_us, 900);
  EXPECT_EQ((*segment)->clock_mapping, "[[1,2]]");
  EXPECT_EQ((*segment)->file, "s1.webm");
  EXPECT_EQ((*segment)->start_us, 5);
  EXPECT_EQ(store_->segments(id_of("lesson"))->size(), 1U);
  EXPECT_FALSE(store_->finish_segment(id_of("none"), 1, "[]", SegmentState::Complete));
}

TEST_P(StoreContract, TheLibraryHasEndedLessonsWithFilesForThoseWhoMaySeeThem) {
  ASSERT_DONE(store_->add_segment(segment_row("s1", "lesson")));
  ASSERT_DONE(store_->finish_segment(id_of("s1"), 900, "[]", SegmentState::Complete));
  EXPECT_TRUE(store_->recordings_for_person(id_of("teacher"), {})->empty())
      << "the lesson has not ended";
  (void)store_->set_lesson_live(id_of("lesson"), 10);
  (void)store_->set_lesson_ended(id_of("lesson"), 20);
  ASSERT_DONE(store_->add_segment(segment_row("s2", "lesson")));
  ASSERT_DONE(store_->finish_segment(id_of("s2"), 2'000, "[]", SegmentState::Repaired));
  ASSERT_DONE(store_->add_segment(segment_row("s3", "lesson")));
  ASSERT_DONE(store_->finish_segment(id_of("s3"), 7'000, "[]", SegmentState::Broken));
  for (const auto& list : {store_->recordings_for_person(id_of("teacher"), {}),
                           store_->recordings_for_person(id_of("researcher"), {}),
                           store_->recordings_for_class(id_of("class1"), {})}) {
    ASSERT_TRUE(list.has_value()) << list.error().message;
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ(list->at(0).lesson.id, id_of("lesson"));
    EXPECT_EQ(list->at(0).lesson.class_ids.size(), 2U);
    EXPECT_EQ(list->at(0).segments, 2);
    EXPECT_EQ(list->at(0).duration_us, 2'000);
  }
  EXPECT_TRUE(store_->recordings_for_person(id_of("stranger"), {})->empty());
  EXPECT_TRUE(store_->recordings_for_person(id_of("teacher"), {50, 1})->empty());
}

LessonSource camera_row() {
  LessonSource row;
  row.id = id_of("source1");
  row.lesson_id = id_of("lesson");
  row.name = "教师机位";
  row.role = SourceRole::Board;
  row.kind = SourceKind::Rtsp;
  row.url = "rtsp://10.0.0.8/cam";
  row.user = "admin";
  row.password = "p";
  row.passphrase = "long enough";
  row.stream_id = "s";
  row.created_at = 7;
  return row;
}

TEST_P(StoreContract, ASourceIsReadAsItWasWritten) {
  const LessonSource row = camera_row();
  EXPECT_TRUE(store_->add_source(row, std::nullopt, 8).value());
  const auto read = store_->sources_of_lesson(id_of("lesson"));
  ASSERT_EQ(read->size(), 1U);
  const LessonSource& one = read->front();
  EXPECT_EQ(std::tie(one.id, one.lesson_id, one.name, one.role, one.kind, one.url, one.user),
            std::tie(row.id, row.lesson_id, row.name, row.role, row.kind, row.url, row.user));
  EXPECT_EQ(std::tie(one.password, one.passphrase, one.stream_id, one.key_hash, one.enabled,
                     one.created_at),
            std::tie(row.password, row.passphrase, row.stream_id, row.key_hash, row.enabled,
                     row.created_at));
  EXPECT_TRUE(store_->sources_of_lesson(id_of("elsewhere"))->empty());
}

TEST_P(StoreContract, ALessonTakesSoManySourcesAndNoMore) {
  LessonSource row = camera_row();
  EXPECT_TRUE(store_->add_source(row, std::nullopt, 1).value());
  row.id = id_of("source2");
  EXPECT_FALSE(store_->add_source(row, std::nullopt, 1).value());
  EXPECT_EQ(store_->sources_of_lesson(id_of("lesson"))->size(), 1U);
}

TEST_P(StoreContract, ASourceChangesOnlyInItsOwnLesson) {
  LessonSource row = camera_row();
  ASSERT_TRUE(store_->add_source(row, std::nullopt, 8).value());
  row.name = "板书机位";
  row.role = SourceRole::Courseware;
  row.enabled = false;
  row.url = "rtsp://elsewhere/";
  EXPECT_TRUE(store_->change_source(row).value());
  const LessonSource read = store_->sources_of_lesson(id_of("lesson"))->front();
  EXPECT_EQ(read.name, "板书机位");
  EXPECT_EQ(read.role, SourceRole::Courseware);
  EXPECT_FALSE(read.enabled);
  EXPECT_EQ(read.url, "rtsp://10.0.0.8/cam");
  row.lesson_id = id_of("elsewhere");
  EXPECT_FALSE(store_->change_source(row).value());
  EXPECT_FALSE(store_->remove_source(id_of("elsewhere"), row.id).value());
  EXPECT_EQ(store_->sources_of_lesson(id_of("lesson"))->size(), 1U);
}

TEST_P(StoreContract, AStreamKeyEndsWithItsSource) {
  LessonSource row = camera_row();
  row.kind = SourceKind::RtmpPush;
  row.url = "";
  row.key_hash = tests::hash_of("key");
  AccessToken key;
  key.secret_hash = row.key_hash;
  key.lesson_id = row.lesson_id;
  key.role = LessonRole::Teacher;
  key.expires_at = 1'000;
  ASSERT_TRUE(store_->add_source(row, key, 8).value());
  EXPECT_FALSE(store_->token_by_hash(row.key_hash).value()->revoked);
  EXPECT_TRUE(store_->remove_source(row.lesson_id, row.id).value());
  EXPECT_TRUE(store_->token_by_hash(row.key_hash).value()->revoked);
  EXPECT_TRUE(store_->sources_of_lesson(row.lesson_id)->empty());
}

TEST_P(StoreContract, BoardsAndAv1AreRecorded) {
  RecordingSegment row;
  row.id = id_of("segment-board");
  row.lesson_id = id_of("lesson");
  row.participant = "p1";
  row.name = "林老师";
  row.role = "teacher";
  row.source = "board";
  row.codec = "av1";
  row.file = "board.webm";
  row.clock_mapping = "[]";
  ASSERT_DONE(store_->add_segment(row));
}

TEST_P(StoreContract, TheAuditIsReadNewestFirst) {
  ASSERT_DONE(store_->add_audit({1, "a", "token", "x"}));
  ASSERT_DONE(store_->add_audit({2, "b", "end-lesson", "y"}));
  const auto audit = store_->audit(10);
  ASSERT_EQ(audit->size(), 2U);
  EXPECT_EQ(audit->at(0).actor, "b");
  EXPECT_EQ(audit->at(1).verb, "token");
}

TEST_P(StoreContract, ASoundDatabaseHasNoComplaints) {
  const auto complaints = store_->check_integrity();
  ASSERT_TRUE(complaints.has_value()) << complaints.error().message;
  EXPECT_TRUE(complaints->empty());
}

INSTANTIATE_TEST_SUITE_P(Places, StoreContract, testing::Values(Place::Memory, Place::File),
                         [](const auto& place) {
                           return place.param == Place::Memory ? "Memory" : "File";
                         });

TEST(OpenStore, KeepsRowsOverAReopen) {
  const tests::ScratchDir dir;
  {
    auto database = open_database(dir.path() / "data");
    ASSERT_TRUE(database.has_value()) << database.error().message;
    tests::add_collective(*database->store);
    ASSERT_DONE(database->store->append_events(events_from("lesson", 1, 10)));
  }
  auto again = open_database(dir.path() / "data");
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->store->last_event_sequence(id_of("lesson")).value(), 10);
  const auto mode = std::filesystem::status(dir.path() / "data").permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all, std::filesystem::perms::owner_all)
      << "nobody else reads pupils' data";
}

TEST(OpenStore, AFileThatIsNoDatabaseIsASentenceNotACrash) {
  const tests::ScratchDir dir;
  std::ofstream(dir.path() / "t.db") << std::string(8192, 'x');
  const auto opened = open_store(dir.path() / "t.db");
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("t.db"), std::string::npos) << opened.error().message;
  EXPECT_FALSE(open_store(dir.path() / "no such folder" / "t.db").has_value());
  EXPECT_FALSE(open_store(dir.path() / "a\" timeout=0.db").has_value());
}

}  // namespace
}  // namespace storage::sql
