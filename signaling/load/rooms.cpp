#include "signaling/load/rooms.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace signaling::load {

std::string watching_url(const std::string& whip_url) {
  constexpr std::string_view kWhip = "/whip/";
  std::string out = whip_url;
  const size_t at = out.find(kWhip);
  if (at != std::string::npos) out.replace(at, kWhip.size(), "/whep/");
  return out;
}

media::Outcome<std::vector<Room>> parse_rooms(const std::string& text) {
  std::vector<Room> rooms;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    if (fields.empty() || fields.front().front() == '#') continue;
    if (fields.size() < 2 || fields.size() > 4 || fields[0].find("://") == std::string::npos) {
      return media::env_fail(fmt::format(
          "Line {} of the rooms is not \"WHIP-URL TOKEN [WATCH-TOKEN [WHEP-URL]]\".", number));
    }
    rooms.push_back({.whip_url = fields[0],
                     .token = fields[1],
                     .whep_url = fields.size() > 3 ? fields[3] : watching_url(fields[0]),
                     .watch_token = fields.size() > 2 ? fields[2] : fields[1]});
  }
  return rooms;
}

media::Outcome<std::vector<Room>> read_rooms(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return media::env_fail(fmt::format("Cannot read the rooms in {}.", file.string()));
  auto rooms = parse_rooms(text);
  if (rooms && rooms->empty())
    return media::env_fail(fmt::format("{} names no room.", file.string()));
  return rooms;
}

}  // namespace signaling::load
