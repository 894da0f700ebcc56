#include "media/rtmp/chunk_reader.h"

#include <gtest/gtest.h>

#include <numeric>

namespace media::rtmp {
namespace {

std::vector<uint8_t> counted(size_t size) {
  std::vector<uint8_t> out(size);
  std::iota(out.begin(), out.end(), uint8_t{0});
  return out;
}

// A type 0 header (section 5.3.1.2.1).
std::vector<uint8_t> header(uint8_t csid, uint32_t time, uint32_t length, MessageType type) {
  std::vector<uint8_t> out(12, 0);
  out[0] = csid;
  store_be24(&out[1], time);
  store_be24(&out[4], length);
  out[7] = static_cast<uint8_t>(type);
  return out;
}

void append(std::vector<uint8_t>& out, const std::vector<uint8_t>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

TEST(ChunkReader, JoinsChunksHoweverTheBytesCome) {
  std::vector<uint8_t> bytes;
  write_message(bytes, 4, MessageType::Video, 1, counted(1000), 128);
  write_message(bytes, 6, MessageType::Audio, 1, counted(10), 128);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{129}, bytes.size()}) {
    ChunkReader reader;
    std::vector<Message> out;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      const auto part = ByteSpan(bytes).subspan(at, std::min(piece, bytes.size() - at));
      ASSERT_TRUE(reader.feed(part, out));
    }
    ASSERT_EQ(out.size(), 2U) << piece;
    EXPECT_EQ(out[0].type, MessageType::Video);
    EXPECT_EQ(out[0].stream, 1U);
    EXPECT_EQ(out[0].payload, counted(1000));
    EXPECT_EQ(out[1].payload, counted(10));
  }
}

TEST(ChunkReader, MessagesOnTwoChunkStreamsInterleave) {
  std::vector<uint8_t> bytes = header(4, 5, 200, MessageType::Video);
  append(bytes, std::vector<uint8_t>(128, 'v'));
  append(bytes, header(6, 9, 2, MessageType::Audio));
  append(bytes, {'a', 'a', 0xc4});
  append(bytes, std::vector<uint8_t>(72, 'v'));
  ChunkReader reader;
  std::vector<Message> out;
  ASSERT_TRUE(reader.feed(bytes, out));
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].type, MessageType::Audio);
  EXPECT_EQ(out[1].payload, std::vector<uint8_t>(200, 'v'));
}

TEST(ChunkReader, TimestampsAddUpAndExtend) {
  std::vector<uint8_t> bytes = header(4, 0xffffff, 1, MessageType::Audio);
  append(bytes, {0x01, 0x00, 0x00, 0x00, 'a'});     // extended: 2^24
  append(bytes, {0x84, 0, 0, 20, 'b'});             // type 2: 20 ms later
  append(bytes, {0xc4, 'c'});                       // type 3: another 20 ms
  append(bytes, {0x44, 0, 0, 5, 0, 0, 1, 8, 'd'});  // type 1: 5 ms later
  ChunkReader reader;
  std::vector<Message> out;
  ASSERT_TRUE(reader.feed(bytes, out));
  ASSERT_EQ(out.size(), 4U);
  constexpr uint32_t kFirst = 1U << 24;
  EXPECT_EQ(out[0].timestamp, kFirst);
  EXPECT_EQ(out[1].timestamp, kFirst + 20);
  EXPECT_EQ(out[2].timestamp, kFirst + 40);
  EXPECT_EQ(out[3].timestamp, kFirst + 45);
}

TEST(ChunkReader, ReadsLongChunkStreamNumbers) {
  std::vector<uint8_t> bytes = header(0, 0, 1, MessageType::Audio);
  bytes.insert(bytes.begin() + 1, 200);
  bytes.push_back('x');
  std::vector<uint8_t> longer = header(1, 0, 1, MessageType::Audio);
  longer.insert(longer.begin() + 1, {1, 2});
  longer.push_back('y');
  append(bytes, longer);
  ChunkReader reader;
  std::vector<Message> out;
  ASSERT_TRUE(reader.feed(bytes, out));
  EXPECT_EQ(out.size(), 2U);
}

TEST(ChunkReader, ObeysChunkSizeAndAbort) {
  std::vector<uint8_t> bytes = header(2, 0, 4, MessageType::SetChunkSize);
  append(bytes, {0, 0, 0, 50});
  append(bytes, header(4, 0, 100, MessageType::Video));
  append(bytes, std::vector<uint8_t>(50, 'v'));
  append(bytes, header(2, 0, 4, MessageType::Abort));
  append(bytes, {0, 0, 0, 4});
  append(bytes, header(4, 0, 1, MessageType::Video));
  append(bytes, {'w'});
  ChunkReader reader;
  std::vector<Message> out;
  ASSERT_TRUE(reader.feed(bytes, out));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].payload, std::vector<uint8_t>{'w'});
}

TEST(ChunkReader, RefusesWhatWouldCostMemoryOrMeansNothing) {
  const auto error = [](const std::vector<uint8_t>& bytes) {
    ChunkReader reader;
    std::vector<Message> out;
    const auto fed = reader.feed(bytes, out);
    return fed ? Errc::NotFound : fed.error().code;
  };
  EXPECT_EQ(error(header(4, 0, ChunkReader::kMaxMessage + 1, MessageType::Video)), Errc::TooLarge);
  EXPECT_EQ(error({0xc4, 0, 0, 0}), Errc::Malformed);  // continues nothing
  for (const std::vector<uint8_t>& size :
       {std::vector<uint8_t>{0, 0, 0, 0}, std::vector<uint8_t>{0x7f, 0xff, 0xff, 0xff}}) {
    std::vector<uint8_t> bytes = header(2, 0, 4, MessageType::SetChunkSize);
    append(bytes, size);
    EXPECT_EQ(error(bytes), Errc::TooLarge);
  }
  std::vector<uint8_t> streams;
  for (uint8_t csid = 2; csid < 2 + ChunkReader::kMaxStreams + 1; ++csid)
    append(streams, header(csid, 0, 0, MessageType::Audio));
  EXPECT_EQ(error(streams), Errc::TooLarge);
  std::vector<uint8_t> nested = header(4, 0, 200, MessageType::Video);
  append(nested, std::vector<uint8_t>(128, 'v'));
  append(nested, header(4, 0, 200, MessageType::Video));
  EXPECT_EQ(error(nested), Errc::Malformed);
}

TEST(ChunkReader, WhatIsUnfinishedIsLimitedOverAllStreams) {
  ChunkReader reader;
  std::vector<Message> out;
  std::vector<uint8_t> bytes = header(2, 0, 4, MessageType::SetChunkSize);
  append(bytes, {0, 0x0f, 0xff, 0xff});
  ASSERT_TRUE(reader.feed(bytes, out));
  Errc last = Errc::NotFound;
  for (uint8_t csid = 3; csid < 13 && last == Errc::NotFound; ++csid) {
    bytes = header(csid, 0, ChunkReader::kMaxMessage, MessageType::Video);
    append(bytes, std::vector<uint8_t>(0x0fffff, 'v'));
    if (const auto fed = reader.feed(bytes, out); !fed) last = fed.error().code;
  }
  EXPECT_EQ(last, Errc::TooLarge);
}

}  // namespace
}  // namespace media::rtmp
