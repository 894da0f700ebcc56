// Names and places threads, for whoever looks at them with top or perf.
#pragma once

#include <string>

namespace media::net {

// At most 15 characters are kept.
void name_this_thread(const std::string& name);
// Keeps this thread on one CPU (of those it may use, `index` modulo their number); false where that
// is not allowed.
bool pin_this_thread(unsigned index);

}  // namespace media::net
