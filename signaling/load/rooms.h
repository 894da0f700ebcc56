// The rooms of a run: addresses and tokens, from the command line or from a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "media/base/result.h"

namespace signaling::load {

struct Room {
  std::string whip_url;
  std::string token;
  std::string whep_url;
  std::string watch_token;
};

// The WHEP address beside a WHIP address: the same with /whep/.
std::string watching_url(const std::string& whip_url);

// One room per line: WHIP-URL TOKEN [WATCH-TOKEN [WHEP-URL]], separated by blanks; empty lines and
// lines that begin with '#' are skipped. Errors: the line that is not a room.
media::Outcome<std::vector<Room>> parse_rooms(const std::string& text);
// Errors also: the file cannot be read, or names no room.
media::Outcome<std::vector<Room>> read_rooms(const std::filesystem::path& file);

}  // namespace signaling::load
