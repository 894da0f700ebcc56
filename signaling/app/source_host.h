// The open lessons as SourceHouse sees them; a seam, so that it is tested without a media plane.
#pragma once

#include <string>
#include <vector>

#include "signaling/protocol/messages.h"
#include "storage/api/records.h"

namespace signaling::app {

struct HostedSources {
  std::string lesson;
  bool is_live = false;
  const std::vector<storage::LessonSource>* rows = nullptr;  // until the host's next call
};

class SourceHost {
 public:
  virtual ~SourceHost() = default;
  // Of every lesson that is open, those without sources included.
  [[nodiscard]] virtual std::vector<HostedSources> hosted_sources() const = 0;
  // The rows changed. Sessions of sources that are gone, switched off or something else now, end.
  virtual void set_sources(const std::string& lesson, std::vector<storage::LessonSource> rows) = 0;
  // A credential made for a source that we call; it publishes as that source.
  virtual void add_source_key(const std::string& lesson, const std::string& source,
                              const std::string& key_hash) = 0;
  // Whether anything of the source arrives.
  [[nodiscard]] virtual bool source_flows(const std::string& lesson,
                                          const std::string& source) const = 0;
  // Told to the lesson's teachers when it differs from before, and to those who come later.
  virtual void tell_sources(const std::string& lesson, protocol::Sources all) = 0;
};

}  // namespace signaling::app
