#include "signaling/hls/announcement.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace signaling::hls {
namespace {

using media::Errc;
using media::Result;
using nlohmann::json;

constexpr int64_t kMaxPartUs = 10'000'000;
constexpr int kMaxSide = 8192;
constexpr size_t kMaxName = 64;

std::optional<std::string> text(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return std::nullopt;
  const auto& value = it->get_ref<const std::string&>();
  if (value.empty() || value.size() > kMaxName) return std::nullopt;
  return value;
}

std::optional<std::string> file_name(const json& object, const char* key) {
  auto name = text(object, key);
  if (!name || name->front() == '.') return std::nullopt;
  const auto is_plain = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  };
  const bool plain = std::all_of(name->begin(), name->end(), is_plain) &&
                     std::count(name->begin(), name->end(), '.') == 1;
  return plain ? name : std::nullopt;
}

// RFC 6381 parameters stand between quotes in a playlist.
std::optional<std::string> codecs(const json& object, const char* key) {
  auto value = text(object, key);
  const auto is_plain = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == ',' || c == '-';
  };
  return value && std::all_of(value->begin(), value->end(), is_plain) ? value : std::nullopt;
}

std::optional<int64_t> number(const json& object, const char* key, int64_t least, int64_t most) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) return std::nullopt;
  const auto value = it->get<int64_t>();
  return value < least || value > most ? std::nullopt : std::optional(value);
}

bool flag(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

Result<Announcement> parse_init(const json& object) {
  const auto av = file_name(object, "av");
  const auto a = file_name(object, "a");
  const auto av_codecs = codecs(object, "avCodecs");
  const auto a_codecs = codecs(object, "aCodecs");
  const auto width = number(object, "width", 1, kMaxSide);
  const auto height = number(object, "height", 1, kMaxSide);
  if (!av || !a || !av_codecs || !a_codecs || !width || !height)
    return media::fail(Errc::Malformed, "init");
  return InitAnnouncement{
      *av, *a, *av_codecs, *a_codecs, static_cast<int>(*width), static_cast<int>(*height)};
}

Result<Announcement> parse_part(const json& object) {
  const auto rendition = text(object, "rendition");
  const auto file = file_name(object, "file");
  const auto duration = number(object, "durationUs", 1, kMaxPartUs);
  const auto date = number(object, "dateUs", 0, INT64_MAX);
  if (!rendition || (*rendition != "av" && *rendition != "a") || !file || !duration || !date)
    return media::fail(Errc::Malformed, "part");
  return PartAnnouncement{*rendition == "av" ? Rendition::PictureAndSound : Rendition::SoundAlone,
                          *file,
                          media::Duration::micros(*duration),
                          *date,
                          flag(object, "independent"),
                          flag(object, "ends")};
}

Result<Announcement> parse_state(const json& value) {
  using State = StateAnnouncement::State;
  if (value == "connected") return StateAnnouncement{State::Connected};
  if (value == "refused") return StateAnnouncement{State::Refused};
  if (value == "lost") return StateAnnouncement{State::Lost};
  return media::fail(Errc::Malformed, "state");
}

Result<Announcement> parse_stats(const json& object) {
  const auto encoded = number(object, "encoded", 0, INT64_MAX);
  const auto skipped = number(object, "skipped", 0, INT64_MAX);
  if (!encoded || !skipped) return media::fail(Errc::Malformed, "stats");
  return EncoderStats{static_cast<uint64_t>(*encoded), static_cast<uint64_t>(*skipped)};
}

}  // namespace

Result<Announcement> parse_announcement(std::string_view line) {
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object() || parsed.size() != 1)
    return media::fail(Errc::Malformed, "not one announcement");
  const auto only = parsed.begin();
  if (only.key() == "state") return parse_state(*only);
  if (!only->is_object()) return media::fail(Errc::Malformed, "not an announcement");
  if (only.key() == "init") return parse_init(*only);
  if (only.key() == "part") return parse_part(*only);
  if (only.key() == "stats") return parse_stats(*only);
  return media::fail(Errc::Malformed, "unknown announcement");
}

}  // namespace signaling::hls
