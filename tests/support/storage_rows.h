// A small collective for tests that need rows: one authority, one collective, a core school and a
// rural one, a class, a teacher, a lesson. Ids are readable and padded to the 22 characters that
// the schema asks for.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/api/store.h"

namespace tests {

inline storage::Id id_of(std::string name) {
  name.resize(22, '_');
  return name;
}

inline std::string hash_of(std::string name) {
  name.resize(64, '0');
  return name;
}

// A directory that is gone when the test ends. Spaces and Chinese in its name, since paths have
// those.
class ScratchDir {
 public:
  ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "tongke 测试 XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

#define ASSERT_DONE(expression)                              \
  do {                                                       \
    const auto done_ = (expression);                         \
    ASSERT_TRUE(done_.has_value()) << done_.error().message; \
  } while (false)

inline storage::Lesson lesson_row(const std::string& name) {
  storage::Lesson lesson;
  lesson.id = id_of(name);
  lesson.collective_id = id_of("collective");
  lesson.topic = "水的三态变化";
  lesson.subject = "科学";
  lesson.grade = "三年级";
  lesson.unit = "二";
  lesson.host_school_id = id_of("core");
  lesson.teacher_id = id_of("teacher");
  lesson.class_ids = {id_of("class2"), id_of("class1")};
  lesson.scheduled_at = 1'000;
  return lesson;
}

inline void add_collective(storage::Store& store) {
  using namespace storage;
  ASSERT_DONE(store.add_authority({id_of("authority"), "县教育局"}));
  ASSERT_DONE(store.add_collective(
      {id_of("collective"), id_of("authority"), CollectiveKind::CoBuilt, "共同体"}));
  ASSERT_DONE(store.add_collective(
      {id_of("foreign"), id_of("authority"), CollectiveKind::Paired, "另一个"}));
  ASSERT_DONE(store.add_school({id_of("core"), "实验小学", "县", std::nullopt}));
  ASSERT_DONE(store.add_school({id_of("rural"), "中房小学", "县", id_of("core")}));
  ASSERT_DONE(store.add_membership({id_of("collective"), id_of("core"), MemberRole::Core}));
  ASSERT_DONE(
      store.add_membership({id_of("collective"), id_of("rural"), MemberRole::TeachingPoint}));
  ASSERT_DONE(store.add_class({id_of("class1"), id_of("rural"), "三年级一班", "三年级", 28}));
  ASSERT_DONE(store.add_class({id_of("class2"), id_of("rural"), "三年级二班", "三年级", 32}));
  ASSERT_DONE(store.add_person({id_of("teacher"), id_of("core"), "林老师", "lin", "hash-1"}));
  ASSERT_DONE(store.add_person({id_of("researcher"), id_of("core"), "郑老师", "zheng", "hash-2"}));
  ASSERT_DONE(store.add_person({id_of("stranger"), id_of("core"), "外人", "", ""}));
  ASSERT_DONE(
      store.add_person_role({id_of("teacher"), id_of("collective"), CollectiveRole::Teacher}));
  ASSERT_DONE(store.add_person_role(
      {id_of("researcher"), id_of("collective"), CollectiveRole::Researcher}));
  ASSERT_DONE(store.add_lesson(lesson_row("lesson")));
}

inline std::vector<storage::LessonEvent> events_from(const std::string& lesson, int64_t first,
                                                     int64_t last) {
  std::vector<storage::LessonEvent> events;
  for (int64_t n = first; n <= last; ++n) {
    events.push_back(
        {id_of(lesson), n, n * 10, n * 1'000, "chat", "{\"n\":" + std::to_string(n) + "}"});
  }
  return events;
}

}  // namespace tests
