#include "tests/line/runner/router.h"

#include <algorithm>

namespace line::runner {

namespace {

// The first half byte of an IP packet.
constexpr uint8_t kVersion4 = 4;

// Both directions of one line do not lose the same packets.
constexpr uint64_t kDownSeed = 0x444f574eULL << 32;

}  // namespace

Router::Router(const TunDevice& school, const TunDevice& host, const Profile& profile,
               uint64_t seed, Instant now)
    : school_(school),
      host_(host),
      name_(profile.name),
      seed_(seed),
      began_(now),
      up_(profile.up, seed, now),
      down_(profile.down, seed ^ kDownSeed, now),
      buffer_(TunDevice::kMtu) {}

void Router::take_in(Instant now, const TunDevice& from, Pipe& pipe) {
  for (int i = 0; i < kBatch; ++i) {
    const size_t size = from.read(buffer_);
    if (size == 0) return;
    // Router solicitations and the like are not the command's doing.
    if (buffer_.front() >> 4 != kVersion4) continue;
    pipe.offer(now, Bytes(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

void Router::hand_out(Instant now, Pipe& pipe, const TunDevice& to) {
  const Instant due = pipe.next_due();
  if (due > now) return;
  lateness_.add(now - due);
  pipe.deliver(now, [&](const Bytes& packet, uint32_t) {
    // A device that takes nothing more is the command's receive queue being full.
    [[maybe_unused]] const bool taken = to.write(packet);
  });
}

void Router::run(Instant now) {
  take_in(now, school_, up_);
  take_in(now, host_, down_);
  hand_out(now, up_, host_);
  hand_out(now, down_, school_);
}

Instant Router::next_due() const {
  return std::min(up_.next_due(), down_.next_due());
}

void Router::use(Instant now, const Profile& profile) {
  name_ = profile.name;
  began_ = now;
  up_.restart(now, profile.up);
  down_.restart(now, profile.down);
  lateness_ = {};
}

Report Router::report(Instant now) const {
  return {name_, seed_, now - began_, up_.statistics(), down_.statistics(), lateness_};
}

}  // namespace line::runner
