// How rows are read: for each record the columns and where they go. Texts that may be NULL are read
// as "", which no stored text is (the schema's CHECKs), and written with NULLIF(:x, '').
#pragma once

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "storage/api/names.h"
#include "storage/api/records.h"
#include "storage/sql/soci.h"

namespace storage::sql {

// The value for a stored word; a word that this program does not know is a damaged row.
template <class E>
E stored(const std::string& word) {
  const auto value = parse_name<E>(word);
  if (!value) throw std::runtime_error("the database holds the unknown word '" + word + "'");
  return *value;
}

template <class E>
std::string word(E value) {
  return std::string(name_of(value));
}

inline std::optional<std::string> optional(std::string text) {
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

inline int page_limit(int limit) {
  return std::clamp(limit, 0, kMaxPage);
}

// A Reader has: columns(), bind(statement) naming where each column goes, and take() giving the row
// just fetched. All rows of "SELECT <columns> <rest>"; `uses` are soci::use(…) in the order of the
// placeholders or named.
template <class Reader, class... Uses>
auto select(soci::session& session, const std::string& rest, Uses&&... uses) {
  Reader reader;
  std::vector<decltype(reader.take())> rows;
  soci::statement statement(session);
  reader.bind(statement);
  (statement.exchange(std::forward<Uses>(uses)), ...);
  statement.alloc();
  statement.prepare(std::string("SELECT ") + Reader::columns() + " " + rest);
  statement.define_and_bind();
  statement.execute(false);
  while (statement.fetch()) rows.push_back(reader.take());
  return rows;
}

template <class Row>
std::optional<Row> first(std::vector<Row> rows) {
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

struct LessonReader {
  static const char* columns() {
    return "l.id, l.collective_id, l.kind, l.topic, l.subject, l.grade, l.unit, l.host_school_id, "
           "l.teacher_id, "
           "l.state, l.scheduled_at, l.started_at, l.ended_at";
  }
  void bind(soci::statement& s);
  Lesson take();

  Lesson row;
  std::string kind;
  std::string state;
};

}  // namespace storage::sql
