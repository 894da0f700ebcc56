// The demonstration collective: an authority, a 1+N collective with its core school and three rural
// classes, a research group, accounts, one lesson running and one tomorrow. Made once per data
// directory; a second call changes nothing and returns the same, from <data>/demo.json (mode 0600),
// which holds the passwords and tokens that the database has only as hashes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "storage/api/store.h"

namespace signaling::admin {

struct DemoAccount {
  std::string login;
  std::string password;
  std::string name;
  std::string role;  // storage::name_of(CollectiveRole), for the printed list
  bool operator==(const DemoAccount&) const = default;
};

struct DemoLink {
  std::string role;      // "teacher" | "class" | "observer" | "researcher"
  std::string name;      // who it is for, as shown
  std::string class_id;  // for "class"
  std::string token;     // the bearer; the page link is https://A:P/enter?token=<token>
  bool operator==(const DemoLink&) const = default;
};

struct Demo {
  storage::Id live_lesson;
  storage::Id next_lesson;
  std::string collective;
  std::vector<DemoAccount> accounts;
  std::vector<DemoLink> links;  // all for live_lesson: teacher, each class, observer, researcher
  bool operator==(const Demo&) const = default;
};

// Blocking, about half a second the first time (passwords are hashed): call it before serving.
// `wall_us` is now. When the demo lesson has ended or its tokens have expired, a new lesson and new
// tokens take their place. Errors: the database fails, the file cannot be written, or the database
// holds other data (a demonstration is never mixed into a real school's records).
media::Outcome<Demo> seed_demo(storage::Store& store, const std::filesystem::path& data_dir,
                               int64_t wall_us);

}  // namespace signaling::admin
