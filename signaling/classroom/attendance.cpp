#include "signaling/classroom/attendance.h"

namespace signaling::classroom {

void Attendance::on_present(const std::string& p, int64_t at, Output& out) {
  const auto [it, is_new] = spans_.try_emplace(p);
  it->second.away_at.reset();
  if (is_new) out.effects.emplace_back(AttendanceOpen{p, at});
}

void Attendance::on_away(const std::string& p, int64_t at) {
  const auto it = spans_.find(p);
  if (it != spans_.end() && !it->second.away_at) it->second.away_at = at;
}

void Attendance::on_absent(const std::string& p, int64_t at, Output& out) {
  const auto it = spans_.find(p);
  if (it == spans_.end()) return;
  out.effects.emplace_back(AttendanceClose{p, it->second.away_at.value_or(at)});
  spans_.erase(it);
}

void Attendance::on_headcount(const std::string& p, Output& out) {
  if (is_open(p)) out.effects.emplace_back(AttendanceHeadcount{p});
}

void Attendance::close_all(int64_t at, Output& out) {
  while (!spans_.empty()) on_absent(std::string(spans_.begin()->first), at, out);
}

}  // namespace signaling::classroom
