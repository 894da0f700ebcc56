#include "tests/line/capacity_trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "media/base/rng.h"
#include "tests/line/loss_model.h"

namespace line {

using media::Duration;
using media::Errc;

media::Result<CapacityTrace> CapacityTrace::parse(std::string_view text) {
  std::vector<int64_t> stamps;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    if (row.empty()) continue;
    int64_t stamp = 0;
    const auto [rest, error] = std::from_chars(row.data(), row.data() + row.size(), stamp);
    if (error != std::errc() || rest != row.data() + row.size() || stamp < 0)
      return media::fail(Errc::Malformed, "a trace has one whole number of milliseconds a line");
    if (!stamps.empty() && stamp < stamps.back())
      return media::fail(Errc::Malformed, "a trace does not go back in time");
    if (stamps.size() == kMaxOpportunities)
      return media::fail(Errc::TooLarge, "more opportunities than an hour at 100 Mbit/s has");
    stamps.push_back(stamp);
  }
  if (stamps.empty()) return media::fail(Errc::Truncated, "a trace without an opportunity");
  if (stamps.back() == 0 || stamps.back() > INT64_MAX / 1'000'000'000)
    return media::fail(Errc::Malformed, "a trace's last line is its length");
  return CapacityTrace(std::move(stamps));
}

Duration CapacityTrace::time_of(uint64_t index) const {
  const auto round = static_cast<int64_t>(index / stamps_.size());
  return period() * round + Duration::millis(stamps_[index % stamps_.size()]);
}

uint64_t CapacityTrace::first_from(Duration at) const {
  if (at <= Duration()) return 0;
  const int64_t round = at.as_micros() / period().as_micros();
  // Rounds overlap in one instant: the last of one and a possible one at 0 of the next.
  const int64_t within = (at.as_micros() - round * period().as_micros() + 999) / 1'000;
  const auto base = static_cast<uint64_t>(round) * stamps_.size();
  if (within == 0) {
    const auto last = std::lower_bound(stamps_.begin(), stamps_.end(), stamps_.back());
    return base - static_cast<uint64_t>(stamps_.end() - last);
  }
  const auto found = std::lower_bound(stamps_.begin(), stamps_.end(), within);
  return base + static_cast<uint64_t>(found - stamps_.begin());
}

int64_t CapacityTrace::mean_bits_per_second() const {
  return static_cast<int64_t>(stamps_.size()) * kBytesPerOpportunity * 8 * 1'000 / stamps_.back();
}

std::string CapacityTrace::to_text() const {
  std::string text;
  for (const int64_t stamp : stamps_) text += std::to_string(stamp) + '\n';
  return text;
}

namespace {

constexpr int64_t kSliceMillis = 100;

double draw_normal(media::Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - draw_share(rng)));
  return radius * std::cos(2 * std::numbers::pi * draw_share(rng));
}

// Share of the present rate that a fade or a pause leaves.
class Troubles {
 public:
  Troubles(const MobileTraceParams& params, media::Rng& rng) : params_(params), rng_(rng) {}

  double next_slice() {
    const double per_slice = kSliceMillis / 60'000.0;
    const bool fades = draw_share(rng_) < params_.fades_per_minute * per_slice;
    const bool pauses = draw_share(rng_) < params_.pauses_per_minute * per_slice;
    if (fades && fade_left_ == 0) fade_left_ = 5 + static_cast<int>(rng_.below(16));
    if (pauses && pause_left_ == 0) pause_left_ = 1 + static_cast<int>(rng_.below(4));
    double share = 1;
    if (fade_left_ > 0) {
      --fade_left_;
      share = 0.1;
    }
    if (pause_left_ > 0) {
      --pause_left_;
      share = 0;
    }
    return share;
  }

 private:
  const MobileTraceParams& params_;
  media::Rng& rng_;
  int fade_left_ = 0;  // slices
  int pause_left_ = 0;
};

// Bits per second of each slice, with the mean asked for.
std::vector<double> slice_rates(const MobileTraceParams& params) {
  constexpr double kPull = 0.1;  // towards the mean, per slice: correlated over about a second
  media::SplitMix64 rng(params.seed);
  Troubles troubles(params, rng);
  const double kick = params.spread * std::sqrt(1 - (1 - kPull) * (1 - kPull));
  std::vector<double> rates;
  double walk = 0;
  double sum = 0;
  for (int64_t at = 0; at < params.length.as_millis(); at += kSliceMillis) {
    walk = (1 - kPull) * walk + kick * draw_normal(rng);
    rates.push_back(std::exp(walk) * troubles.next_slice());
    sum += rates.back();
  }
  const double scale = params.mean_bits_per_second * static_cast<double>(rates.size()) / sum;
  for (double& rate : rates) rate *= scale;
  return rates;
}

}  // namespace

CapacityTrace make_mobile_trace(const MobileTraceParams& params) {
  constexpr double kBits = CapacityTrace::kBytesPerOpportunity * 8.0;
  std::vector<int64_t> stamps;
  double saved = 0;
  int64_t at = 0;
  for (const double rate : slice_rates(params)) {
    for (int64_t i = 0; i < kSliceMillis; ++i) {
      ++at;
      for (saved += rate / 1'000; saved >= kBits; saved -= kBits) stamps.push_back(at);
    }
  }
  // The last line is the length of the round, whether or not the line was busy just then.
  if (stamps.empty() || stamps.back() < at) stamps.push_back(at);
  return CapacityTrace(std::move(stamps));
}

}  // namespace line
