#include "media/net/frame_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "media/base/rng.h"

namespace media::net {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes framed(const std::vector<Bytes>& datagrams) {
  Bytes stream;
  for (const Bytes& d : datagrams) {
    stream.push_back(static_cast<uint8_t>(d.size() >> 8));
    stream.push_back(static_cast<uint8_t>(d.size()));
    stream.insert(stream.end(), d.begin(), d.end());
  }
  return stream;
}

// All datagrams that come out when `stream` goes in, in pieces of `piece(rest)` bytes.
template <class Piece>
std::vector<Bytes> read(FrameReader& reader, Bytes stream, Piece piece) {
  std::vector<Bytes> got;
  for (size_t at = 0; at < stream.size();) {
    const size_t n = std::min(piece(), stream.size() - at);
    reader.append(MutableByteSpan(stream).subspan(at, n));
    at += n;
    for (;;) {
      const auto datagram = reader.next();
      EXPECT_TRUE(datagram);
      if (!datagram || !*datagram) break;
      got.emplace_back((*datagram)->begin(), (*datagram)->end());
    }
  }
  return got;
}

TEST(FrameReader, gives_the_same_datagrams_however_the_stream_is_cut) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  SplitMix64 rng(seed);
  std::vector<Bytes> datagrams;
  for (int i = 0; i < 300; ++i) {
    datagrams.emplace_back(1 + rng.below(i % 10 == 0 ? kMaxFrame : 300));
    rng.fill(datagrams.back());
  }
  const Bytes stream = framed(datagrams);
  for (const size_t most : {size_t{1}, size_t{2}, size_t{3}, size_t{700}, size_t{100000}}) {
    FrameReader reader;
    EXPECT_EQ(read(reader, stream, [&] { return 1 + rng.below(most); }), datagrams) << most;
    EXPECT_EQ(reader.waiting(), 0u);
  }
}

TEST(FrameReader, leaves_out_empty_frames) {
  for (const size_t piece : {size_t{1}, size_t{100}}) {
    FrameReader reader;
    const auto got = read(reader, framed({{}, {7}, {}, {}, {8, 9}}), [&] { return piece; });
    EXPECT_EQ(got, (std::vector<Bytes>{{7}, {8, 9}}));
  }
}

TEST(FrameReader, refuses_a_length_that_no_datagram_has) {
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{5}}) {
    FrameReader reader;
    Bytes lie = {0x08, 0x01, 1, 2, 3};  // 2049
    bool refused = false;
    for (size_t at = 0; at < lie.size() && !refused; at += piece) {
      reader.append(MutableByteSpan(lie).subspan(at, std::min(piece, lie.size() - at)));
      const auto datagram = reader.next();
      refused = !datagram;
      if (refused) {
        EXPECT_EQ(datagram.error().code, Errc::TooLarge);
      }
    }
    EXPECT_TRUE(refused) << piece;
  }
}

TEST(FrameReader, keeps_no_more_than_one_unfinished_frame) {
  FrameReader reader;
  Bytes start = {0x08, 0x00};  // 2048 announced, and then it trickles
  reader.append(start);
  ASSERT_FALSE(*reader.next());
  for (int i = 0; i < 2047; ++i) {
    Bytes one = {1};
    reader.append(one);
    ASSERT_FALSE(*reader.next());
  }
  EXPECT_EQ(reader.waiting(), kFrameHeader + 2047);
}

TEST(FrameReader, hands_out_memory_that_may_be_changed_in_place) {
  FrameReader reader;
  Bytes stream = framed({{1, 2, 3}, {4, 5, 6}});
  reader.append(stream);
  (**reader.next())[0] = 99;
  EXPECT_EQ((**reader.next())[0], 4);
}

}  // namespace
}  // namespace media::net
