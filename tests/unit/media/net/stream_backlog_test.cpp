#include "media/net/stream_backlog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "media/base/rng.h"
#include "media/net/frame_reader.h"

namespace media::net {
namespace {

using Bytes = std::vector<uint8_t>;

const Instant kStart = Instant::from_micros(1'000'000);

// Writes up to `most` bytes, as a socket does.
Bytes write(StreamBacklog& backlog, size_t most) {
  Bytes out;
  for (const ByteSpan piece : backlog.pieces()) {
    const size_t n = std::min(piece.size(), most - out.size());
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
    if (n != piece.size()) break;
  }
  backlog.consume(out.size());
  return out;
}

std::vector<Bytes> datagrams_of(Bytes stream) {
  FrameReader reader;
  reader.append(stream);
  std::vector<Bytes> all;
  for (;;) {
    const auto next = reader.next();
    EXPECT_TRUE(next) << "a frame was torn";
    if (!next || !*next) break;
    all.emplace_back((*next)->begin(), (*next)->end());
  }
  EXPECT_EQ(reader.waiting(), 0u);
  return all;
}

TEST(StreamBacklog, writes_whole_frames_each_kind_in_order_wherever_the_socket_stops) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  SplitMix64 rng(seed);
  StreamBacklog backlog;
  Bytes stream;
  std::map<uint8_t, std::vector<Bytes>> sent;
  for (int i = 0; i < 3000; ++i) {
    Bytes datagram(2 + rng.below(1200));
    rng.fill(datagram);
    const auto urgency = static_cast<Urgency>(rng.below(3));
    // Voice and control share a lane; the first byte tells the lanes apart.
    datagram[0] = urgency == Urgency::Picture ? 0 : 1;
    if (backlog.push(kStart, datagram, urgency)) sent[datagram[0]].push_back(datagram);
    const Bytes part = write(backlog, rng.below(2000));
    stream.insert(stream.end(), part.begin(), part.end());
  }
  const Bytes rest = write(backlog, SIZE_MAX);
  stream.insert(stream.end(), rest.begin(), rest.end());
  EXPECT_TRUE(backlog.empty());
  std::map<uint8_t, std::vector<Bytes>> got;
  for (Bytes& d : datagrams_of(stream)) got[d[0]].push_back(std::move(d));
  EXPECT_EQ(got, sent);
}

TEST(StreamBacklog, lets_voice_overtake_pictures_but_not_within_a_frame) {
  StreamBacklog backlog;
  ASSERT_TRUE(backlog.push(kStart, Bytes(1000, 1), Urgency::Picture));
  ASSERT_TRUE(backlog.push(kStart, Bytes(1000, 2), Urgency::Picture));
  Bytes stream = write(backlog, 500);
  ASSERT_TRUE(backlog.push(kStart, Bytes(100, 3), Urgency::Voice));
  ASSERT_TRUE(backlog.push(kStart, Bytes(50, 4), Urgency::Control));
  const Bytes rest = write(backlog, SIZE_MAX);
  stream.insert(stream.end(), rest.begin(), rest.end());
  EXPECT_EQ(datagrams_of(stream),
            (std::vector<Bytes>{Bytes(1000, 1), Bytes(100, 3), Bytes(50, 4), Bytes(1000, 2)}));
}

TEST(StreamBacklog, refuses_pictures_first_then_voice_and_control_last) {
  StreamBacklog backlog;
  const Bytes datagram(1000, 1);
  const auto fill = [&](Urgency urgency) {
    size_t taken = 0;
    while (backlog.push(kStart, datagram, urgency)) ++taken;
    return taken;
  };
  EXPECT_EQ(fill(Urgency::Picture), kPictureBacklog / 1002);
  EXPECT_EQ(fill(Urgency::Voice), kVoiceBacklog / 1002);
  EXPECT_EQ(fill(Urgency::Control), kControlBacklog / 1002 - kVoiceBacklog / 1002);
  EXPECT_LE(backlog.size(), kPictureBacklog + kControlBacklog);
}

TEST(StreamBacklog, takes_no_pictures_behind_a_queue_that_does_not_empty) {
  StreamBacklog backlog;
  ASSERT_TRUE(backlog.push(kStart, Bytes(1000, 1), Urgency::Picture));
  EXPECT_TRUE(backlog.push(kStart + kPictureStanding, Bytes(10, 1), Urgency::Picture));
  const Instant later = kStart + kPictureStanding + Duration::millis(1);
  write(backlog, 900);
  EXPECT_FALSE(backlog.push(later, Bytes(10, 1), Urgency::Picture));
  EXPECT_TRUE(backlog.push(later, Bytes(10, 1), Urgency::Voice)) << "voice has its own queue";
  write(backlog, SIZE_MAX);
  EXPECT_TRUE(backlog.push(later, Bytes(10, 1), Urgency::Picture));
}

TEST(StreamBacklog, takes_no_voice_that_nobody_would_hear_in_time_but_always_control) {
  StreamBacklog backlog;
  ASSERT_TRUE(backlog.push(kStart, Bytes(100, 1), Urgency::Voice));
  const Instant later = kStart + kVoiceStanding + Duration::millis(1);
  EXPECT_FALSE(backlog.push(later, Bytes(100, 1), Urgency::Voice));
  EXPECT_TRUE(backlog.push(later, Bytes(100, 1), Urgency::Control));
}

TEST(StreamBacklog, gives_the_memory_of_a_burst_back) {
  StreamBacklog backlog;
  for (int i = 0; i < 200; ++i) backlog.push(kStart, Bytes(1000, 1), Urgency::Picture);
  EXPECT_GT(backlog.capacity(), 190'000u);
  write(backlog, SIZE_MAX);
  EXPECT_LT(backlog.capacity(), 33'000u);
}

}  // namespace
}  // namespace media::net
