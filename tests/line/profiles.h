// Named lines, read from TOML (tests/line/profiles.toml says what each key means). Pure: files are
// read by whoever calls.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"
#include "tests/line/params.h"

namespace line {

// The text of a capacity trace, by the file name that stands in a profile.
using TraceReader = std::function<media::Outcome<std::string>(const std::string& file)>;

// All profiles of a file, in its order of names. Errors name the key, its line and what may stand
// there.
media::Outcome<std::vector<Profile>> parse_profiles(std::string_view toml,
                                                    const std::string& file_name,
                                                    const TraceReader& traces);

// "2.0 Mbit/s, 20 ms, 1 % lost": what one direction is at first, for lists.
std::string describe(const Schedule& schedule);

}  // namespace line
