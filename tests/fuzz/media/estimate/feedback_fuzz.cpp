// Any bytes as transport-wide feedback, between packets that were really sent: whatever a receiver
// reports, its estimate stays within its limits and the work is bounded.
#include <algorithm>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/check.h"
#include "media/estimate/send_side_estimator.h"

namespace {

using namespace media;
using namespace media::estimate;

void check_bounds(const SendSideEstimator& estimator, const EstimatorParams& params) {
  const EstimatorState& state = estimator.state();
  CHECK(state.target >= params.limits.min && state.target <= params.limits.max);
  CHECK(state.loss >= 0 && state.loss <= 1);
  CHECK(state.line_loss >= 0 && state.line_loss <= LossModel::kMaxInherent);
  CHECK(state.rtt >= Duration() && state.rtt <= SendSideEstimator::kMaxRtt);
  CHECK(state.queue_delay >= Duration());
  CHECK(state.arrived >= DataRate() && state.sent >= DataRate());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const EstimatorParams params;
  SendSideEstimator estimator(params);
  estimator.set_wanted(params.limits.max);
  std::vector<rtcp::PacketStatus> statuses;
  ByteReader in{ByteSpan(data, size)};
  Instant now = Instant::from_micros(1'000'000);
  uint16_t sequence = 0;
  uint8_t probe = 0;
  // Each step: how many packets leave, how much time passes, and a report of so many bytes.
  while (in.remaining() >= 4) {
    const size_t packets = in.u8();
    const Duration gap = Duration::micros(int64_t{in.u8()} * 100);
    const size_t length = in.u16() % 256;
    for (size_t i = 0; i < packets; ++i) {
      now += gap;
      estimator.on_sent(now, sequence++, 100 + packets * 4, SentKind::Media, probe);
    }
    if (packets == 0) sequence = static_cast<uint16_t>(sequence + length);
    now += Duration::millis(static_cast<int64_t>(length));
    estimator.on_tick(now);
    if (const auto train = estimator.take_probe(now)) probe = train->id;
    const size_t taken = std::min(length, in.remaining());
    const ByteSpan block(data + (size - in.remaining()), taken);
    in.skip(taken);
    const auto head = rtcp::parse_transport_feedback(block, statuses);
    if (head) estimator.on_feedback(now, *head, statuses);
    if (taken % 16 == 3)
      estimator.on_remb(now, DataRate::bits_per_second(int64_t{1} << (taken % 60)));
    if (taken % 16 == 5) estimator.on_round_trip(Duration::micros(int64_t{1} << (taken % 40)));
    check_bounds(estimator, params);
  }
  return 0;
}
