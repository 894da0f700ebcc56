// Start-up pass after a crash: files that were cut off get a duration and an index, so that they
// play and seek.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "media/base/time.h"

namespace media::pipelines {

struct RepairedFile {
  std::string file;  // relative to the directory
  Duration duration;
  bool playable = false;
};

// Rewrites one recording in place (a copy beside it, then an atomic rename). A file that is already
// whole is left alone. A file without a single frame is not playable and stays as it is. Blocks for
// at most `limit`.
RepairedFile repair_recording(const std::filesystem::path& directory, const std::string& file,
                              Duration limit = Duration::seconds(60));

// repair_recording for each of `files`, in order; one result per file.
std::vector<RepairedFile> repair_recordings(const std::filesystem::path& directory,
                                            const std::vector<std::string>& files);

}  // namespace media::pipelines
