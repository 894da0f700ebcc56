#include "signaling/hls/media_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace signaling::hls {
namespace {

using media::Duration;

constexpr int64_t kSecond = 1'000'000;

std::string seconds(Duration d) {
  return fmt::format("{:.5f}", d.as_seconds());
}

// Days since 1970 to a date of the Gregorian calendar (the usual shift of the year's start to
// March, which puts the leap day last).
struct Date {
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
};

Date date_of(int64_t days) {
  constexpr int64_t kDaysToMarchYearZero = 719'468;
  constexpr int64_t kDaysPerEra = 146'097;
  const int64_t shifted = days + kDaysToMarchYearZero;
  const int64_t era = (shifted >= 0 ? shifted : shifted - kDaysPerEra + 1) / kDaysPerEra;
  const int64_t of_era = shifted - era * kDaysPerEra;
  const int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36'524 - of_era / (kDaysPerEra - 1)) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * of_year + 2) / 153;
  Date date;
  date.day = of_year - (153 * month_from_march + 2) / 5 + 1;
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

// ISO 8601 with milliseconds, as EXT-X-PROGRAM-DATE-TIME wants it.
std::string iso_time(int64_t unix_us) {
  const int64_t ms = unix_us / 1000;
  const int64_t day_ms = 86'400'000;
  const int64_t days = ms >= 0 ? ms / day_ms : (ms - day_ms + 1) / day_ms;
  const Date date = date_of(days);
  const int64_t in_day = ms - days * day_ms;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", date.year, date.month, date.day,
                     in_day / 3'600'000, in_day / 60'000 % 60, in_day / 1000 % 60, in_day % 1000);
}

bool take_number(std::string_view& text, uint64_t& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(stop - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

MediaWindow::MediaWindow(Params params)
    : params_(std::move(params)), next_msn_(params_.first_msn), series_(params_.first_series) {}

void MediaWindow::begin(Bytes init) {
  if (ended_) return;
  close_segment();
  discontinuity_next_ = !segments_.empty();
  inits_.emplace_back(++next_init_, std::move(init));
  ++version_;
}

void MediaWindow::add_part(Part part, bool ends_segment) {
  if (ended_ || inits_.empty()) return;
  if (!open_) {
    open_ = Segment{};
    open_->msn = next_msn_++;
    open_->discontinuity = std::exchange(discontinuity_next_, false);
    open_->init = inits_.back().first;
  }
  open_->duration += part.duration;
  open_->parts.push_back(std::move(part));
  if (ends_segment || open_->parts.size() >= kMaxParts) close_segment();
  ++version_;
}

void MediaWindow::end() {
  close_segment();
  ended_ = true;
  ++version_;
}

void MediaWindow::close_segment() {
  if (!open_) return;
  std::string whole;
  for (const Part& part : open_->parts) whole += *part.bytes;
  const int64_t us = std::max<int64_t>(open_->duration.as_micros(), 1);
  peak_bps_ = std::max(peak_bps_, whole.size() * 8 * kSecond / static_cast<uint64_t>(us));
  open_->bytes = std::make_shared<const std::string>(std::move(whole));
  segments_.push_back(std::move(*open_));
  open_.reset();
  trim();
}

void MediaWindow::trim() {
  // What leaves the playlist takes its discontinuity along (section 6.2.2).
  if (segments_.size() > kListed && segments_[segments_.size() - kListed - 1].discontinuity)
    ++series_;
  while (segments_.size() > kListed + kKeptBehind) segments_.pop_front();
  if (segments_.size() > kWithParts + kKeptBehind) {
    auto& old = segments_[segments_.size() - kWithParts - kKeptBehind - 1];
    for (Part& part : old.parts) part.bytes.reset();
  }
  const size_t oldest = segments_.front().init;
  std::erase_if(inits_, [&](const auto& init) { return init.first < oldest; });
}

uint64_t MediaWindow::next_series() const {
  uint64_t next = series_ + 1 + (open_ && open_->discontinuity ? 1 : 0);
  for (size_t i = first_listed(); i < segments_.size(); ++i) {
    if (segments_[i].discontinuity) ++next;
  }
  return next;
}

uint64_t MediaWindow::open_msn() const {
  return open_ ? open_->msn : next_msn_;
}

bool MediaWindow::has(const ReloadPoint& point) const {
  if (ended_) return true;
  const uint64_t open = open_msn();
  const size_t open_parts = open_ ? open_->parts.size() : 0;
  if (!point.part) return point.msn < open;
  if (point.msn > open) return false;
  if (point.msn == open) return *point.part < open_parts;
  // Beyond a segment's last part means the first part of the next one (section 6.2.5.2).
  const Segment* past = segment(point.msn);
  const bool beyond = past != nullptr && *point.part >= past->parts.size();
  return !beyond || point.msn + 1 < open || open_parts > 0;
}

media::Result<void> MediaWindow::check(const ReloadPoint& point) const {
  constexpr uint64_t kMaxAhead = 2;
  if (!ended_ && point.msn > open_msn() + kMaxAhead)
    return media::fail(media::Errc::Malformed, "_HLS_msn is too far ahead");
  return {};
}

std::optional<RenditionReport> MediaWindow::report() const {
  const Segment* last = open_ ? &*open_ : segments_.empty() ? nullptr : &segments_.back();
  if (last == nullptr || last->parts.empty()) return std::nullopt;
  return RenditionReport{params_.name + ".m3u8", last->msn, last->parts.size() - 1};
}

size_t MediaWindow::first_listed() const {
  return segments_.size() > kListed ? segments_.size() - kListed : 0;
}

void MediaWindow::render_segment(std::string& out, const Segment& s, const Segment* before) const {
  auto to = std::back_inserter(out);
  const std::string& name = params_.name;
  if (s.discontinuity) fmt::format_to(to, "#EXT-X-DISCONTINUITY\n");
  if (before == nullptr || before->init != s.init)
    fmt::format_to(to, "#EXT-X-MAP:URI=\"{}-init-{}.mp4\"\n", name, s.init);
  fmt::format_to(to, "#EXT-X-PROGRAM-DATE-TIME:{}\n", iso_time(s.parts.front().program_date_us));
  const bool shows_parts = s.msn + kWithParts >= open_msn() && !ended_;
  for (size_t i = 0; shows_parts && i < s.parts.size(); ++i) {
    fmt::format_to(to, "#EXT-X-PART:DURATION={},URI=\"{}-{}.{}.m4s\"{}\n",
                   seconds(s.parts[i].duration), name, s.msn, i,
                   s.parts[i].independent ? ",INDEPENDENT=YES" : "");
  }
  if (s.bytes != nullptr)
    fmt::format_to(to, "#EXTINF:{},\n{}-{}.m4s\n", seconds(s.duration), name, s.msn);
}

std::string MediaWindow::render(bool skip, const std::optional<RenditionReport>& sibling) const {
  const size_t first = first_listed();
  size_t shown_from = first;
  if (skip) {
    Duration behind;
    size_t keep = segments_.size();
    while (keep > first && behind < kSkipUntil) behind += segments_[--keep].duration;
    shown_from = keep;
  }
  std::string out;
  out.reserve(4096);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:{}\n",
                 kSegmentTarget.as_micros() / kSecond);
  fmt::format_to(to,
                 "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={:.3f},"
                 "HOLD-BACK={:.1f},CAN-SKIP-UNTIL={:.1f}\n#EXT-X-PART-INF:PART-TARGET={:.3f}\n",
                 kPartHoldBack.as_seconds(), (kSegmentTarget * 3).as_seconds(),
                 kSkipUntil.as_seconds(), kPartTarget.as_seconds());
  const uint64_t first_msn = first < segments_.size() ? segments_[first].msn : open_msn();
  fmt::format_to(to, "#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n", first_msn,
                 series_);
  if (shown_from > first)
    fmt::format_to(to, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}\n", shown_from - first);
  const Segment* before = shown_from > first ? &segments_[shown_from - 1] : nullptr;
  for (size_t i = shown_from; i < segments_.size(); ++i) {
    render_segment(out, segments_[i], before);
    before = &segments_[i];
  }
  if (open_) render_segment(out, *open_, before);
  if (ended_) {
    out += "#EXT-X-ENDLIST\n";
    return out;
  }
  fmt::format_to(to, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}-{}.{}.m4s\"\n", params_.name,
                 open_msn(), open_ ? open_->parts.size() : 0);
  if (sibling) {
    fmt::format_to(to, "#EXT-X-RENDITION-REPORT:URI=\"{}\",LAST-MSN={},LAST-PART={}\n",
                   sibling->uri, sibling->last_msn, sibling->last_part);
  }
  return out;
}

const MediaWindow::Segment* MediaWindow::segment(uint64_t msn) const {
  if (open_ && open_->msn == msn) return &*open_;
  if (segments_.empty() || msn < segments_.front().msn) return nullptr;
  const uint64_t index = msn - segments_.front().msn;
  return index < segments_.size() ? &segments_[index] : nullptr;
}

MediaWindow::File MediaWindow::find(std::string_view file) const {
  if (!take(file, params_.name) || !take(file, "-")) return {};
  uint64_t number = 0;
  if (take(file, "init-")) {
    if (!take_number(file, number) || file != ".mp4") return {};
    for (const auto& [id, bytes] : inits_) {
      if (id == number) return {bytes, {}, false};
    }
    return {};
  }
  if (!take_number(file, number)) return {};
  const Segment* found = segment(number);
  if (file == ".m4s") {
    return found == nullptr || found->bytes == nullptr ? File{}
                                                       : File{found->bytes, found->duration, false};
  }
  uint64_t index = 0;
  if (!take(file, ".") || !take_number(file, index) || file != ".m4s") return {};
  if (found != nullptr && index < found->parts.size())
    return {found->parts[index].bytes, found->parts[index].duration, false};
  const size_t next = open_ ? open_->parts.size() : 0;
  return {nullptr, {}, !ended_ && number == open_msn() && index == next};
}

size_t MediaWindow::bytes() const {
  size_t sum = 0;
  const auto add = [&](const Segment& s) {
    if (s.bytes != nullptr) sum += s.bytes->size();
    for (const Part& part : s.parts) sum += part.bytes != nullptr ? part.bytes->size() : 0;
  };
  for (const Segment& s : segments_) add(s);
  if (open_) add(*open_);
  return sum;
}

}  // namespace signaling::hls
