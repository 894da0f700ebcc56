#include "media/pipelines/frame_assembler.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace media::pipelines {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes vp8(bool start, std::initializer_list<uint8_t> body) {
  Bytes out(1 + body.size());
  out[0] = start ? 0x10 : 0x00;
  std::copy(body.begin(), body.end(), out.begin() + 1);
  return out;
}
// Frame tag, start code and 64x32 (RFC 6386 section 9.1).
const std::initializer_list<uint8_t> kVp8Key = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 32, 0, 9};
const std::initializer_list<uint8_t> kVp8Delta = {0x11, 0, 0, 7};

TEST(FrameAssembler, JoinsTheFragmentsOfAVp8Frame) {
  FrameAssembler assembler(Codec::Vp8);
  EXPECT_FALSE(assembler.push(vp8(true, kVp8Key), 100, false, false));
  const auto frame = assembler.push(vp8(false, {1, 2, 3}), 100, true, false);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->data.size(), kVp8Key.size() + 3);
  EXPECT_TRUE(frame->is_key);
  EXPECT_EQ(frame->width, 64);
  EXPECT_EQ(frame->height, 32);
  EXPECT_EQ(frame->rtp, 100);
}

TEST(FrameAssembler, ALossDropsThatFrameOnly) {
  FrameAssembler assembler(Codec::Vp8);
  EXPECT_FALSE(assembler.push(vp8(true, kVp8Key), 100, false, false));
  EXPECT_FALSE(assembler.push(vp8(false, {1}), 100, true, true)) << "the middle is missing";
  const auto next = assembler.push(vp8(true, kVp8Delta), 200, true, false);
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->is_key);
  EXPECT_EQ(assembler.dropped(), 1U);
}

TEST(FrameAssembler, ALostLastPacketDoesNotGlueTwoFrames) {
  FrameAssembler assembler(Codec::Vp8);
  EXPECT_FALSE(assembler.push(vp8(true, kVp8Delta), 100, false, false));
  const auto next = assembler.push(vp8(true, kVp8Delta), 200, true, true);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->data.size(), kVp8Delta.size());
  EXPECT_EQ(next->rtp, 200);
}

TEST(FrameAssembler, AFrameWithoutItsBeginningIsNeverGivenOut) {
  FrameAssembler assembler(Codec::Vp8);
  EXPECT_FALSE(assembler.push(vp8(false, {1, 2}), 100, true, false));
}

TEST(FrameAssembler, AnEndlessFrameIsBounded) {
  FrameAssembler assembler(Codec::Vp8);
  EXPECT_FALSE(assembler.push(vp8(true, kVp8Key), 100, false, false));
  const Bytes piece(1400, 1);
  for (size_t sent = 0; sent < FrameAssembler::kMaxFrame + 100'000; sent += 1399) {
    Bytes payload = piece;
    payload[0] = 0;
    ASSERT_FALSE(assembler.push(payload, 100, false, false));
  }
  EXPECT_FALSE(assembler.push(vp8(false, {1}), 100, true, false));
  EXPECT_EQ(assembler.dropped(), 1U);
}

TEST(FrameAssembler, AnOpusPacketIsAFrameWithItsDuration) {
  FrameAssembler assembler(Codec::Opus);
  const auto frame = assembler.push(Bytes{0xf8, 1, 2}, 960, false, true);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->duration, Duration::millis(20));
  EXPECT_TRUE(frame->is_key);
  EXPECT_FALSE(assembler.push(Bytes{}, 960, false, false)) << "padding";
}

// A 320x180 baseline SPS as x264 writes it, and a PPS.
const Bytes kSps = {0x67, 0x42, 0xc0, 0x0c, 0xda, 0x05, 0x06, 0x69, 0xb8, 0x08, 0x08, 0x0a, 0x00,
                    0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x79, 0x1e, 0x28, 0x53, 0xc0};
const Bytes kPps = {0x68, 0xce, 0x0f, 0xc8};

Bytes stap_a(const std::vector<Bytes>& units) {
  Bytes out = {0x78};
  for (const Bytes& unit : units) {
    out.push_back(static_cast<uint8_t>(unit.size() >> 8));
    out.push_back(static_cast<uint8_t>(unit.size()));
    out.insert(out.end(), unit.begin(), unit.end());
  }
  return out;
}
Bytes with_length(const Bytes& unit) {
  Bytes out = {0, 0, static_cast<uint8_t>(unit.size() >> 8), static_cast<uint8_t>(unit.size())};
  out.insert(out.end(), unit.begin(), unit.end());
  return out;
}

TEST(FrameAssembler, AnH264AccessUnitHasLengthsAndItsFragmentsJoined) {
  FrameAssembler assembler(Codec::H264);
  EXPECT_TRUE(assembler.avc_config().empty());
  EXPECT_FALSE(assembler.push(stap_a({kSps, kPps}), 100, false, false));
  EXPECT_FALSE(
      assembler.push(Bytes{0x7c, 0x85, 1, 2}, 100, false, false));  // FU-A of an IDR slice: start,
  EXPECT_FALSE(assembler.push(Bytes{0x7c, 0x05, 3, 4}, 100, false, false));   // middle,
  const auto frame = assembler.push(Bytes{0x7c, 0x45, 5}, 100, true, false);  // end
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->is_key);
  Bytes expected = with_length(kSps);
  const Bytes pps = with_length(kPps);
  const Bytes slice = with_length({0x65, 1, 2, 3, 4, 5});
  expected.insert(expected.end(), pps.begin(), pps.end());
  expected.insert(expected.end(), slice.begin(), slice.end());
  EXPECT_EQ(frame->data, expected);
  const Bytes config = assembler.avc_config();
  ASSERT_EQ(config.size(), 6 + 2 + kSps.size() + 1 + 2 + kPps.size());
  EXPECT_EQ(config[1], kSps[1]);
  EXPECT_EQ(config[4] & 3, 3) << "4-byte lengths";
}

TEST(FrameAssembler, AfterALossH264SkipsTheUnitWhoseBeginningIsUncertain) {
  FrameAssembler assembler(Codec::H264);
  ASSERT_TRUE(assembler.push(Bytes{0x41, 1}, 100, true, false));
  EXPECT_FALSE(assembler.push(Bytes{0x41, 2}, 200, true, true))
      << "may be the second slice of its picture";
  EXPECT_TRUE(assembler.push(Bytes{0x41, 3}, 300, true, false));
  // A unit that begins with parameter sets is known to be whole.
  EXPECT_FALSE(assembler.push(stap_a({kSps, kPps}), 400, false, true));
  EXPECT_TRUE(assembler.push(Bytes{0x65, 1}, 400, true, false));
}

TEST(FrameAssembler, H264FragmentsOutOfPlaceAreRefused) {
  FrameAssembler assembler(Codec::H264);
  EXPECT_FALSE(assembler.push(Bytes{0x7c, 0x05, 1}, 100, true, false))
      << "a middle without a start";
  EXPECT_FALSE(assembler.push(Bytes{0x7c, 0x81, 1}, 200, true, false)) << "a start without an end";
  EXPECT_TRUE(assembler.push(Bytes{0x41, 1}, 300, true, false));
}

TEST(ReadVp9Size, ReadsTheKeyFrameHeader) {
  // frame_marker 2, profile 0, key frame, shown; sync code; color space 1, range 0; 1279 and 719.
  const Bytes header = {0x82,
                        0x49,
                        0x83,
                        0x42,
                        0x20 | (0x04FF >> 12),
                        (0x04FF >> 4) & 0xff,
                        static_cast<uint8_t>(((0x04FF & 0xf) << 4) | (0x02CF >> 12)),
                        (0x02CF >> 4) & 0xff,
                        static_cast<uint8_t>((0x02CF & 0xf) << 4)};
  const Vp9Size size = read_vp9_size(header);
  EXPECT_EQ(size.width, 1280);
  EXPECT_EQ(size.height, 720);
  EXPECT_EQ(read_vp9_size(Bytes{0x86, 0, 0}).width, 0) << "not a key frame";
  EXPECT_EQ(read_vp9_size(Bytes{0x82, 0x49}).width, 0) << "cut off";
  EXPECT_EQ(read_vp9_size(Bytes{}).width, 0);
}

// By libaom, 320x180: a sequence header OBU without its size.
const Bytes kAv1Sequence = {0x08, 0x00, 0x00, 0x00, 0x04, 0x3c, 0xfe,
                            0xcf, 0x81, 0xb5, 0xf2, 0x00, 0x80};

// One RTP payload with one element.
Bytes av1(uint8_t flags, const Bytes& element) {
  Bytes out = {static_cast<uint8_t>(flags | 0x10)};
  out.insert(out.end(), element.begin(), element.end());
  return out;
}

TEST(FrameAssembler, Av1UnitsGetTheirSizesAndTheFileItsDescription) {
  FrameAssembler assembler(Codec::Av1);
  EXPECT_FALSE(assembler.push(av1(0x08, kAv1Sequence), 100, false, false));
  EXPECT_FALSE(assembler.push(av1(0x40, {0x30, 1, 2}), 100, false, false));  // goes on
  const auto key = assembler.push(av1(0x80, {3, 4}), 100, true, false);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->is_key);
  EXPECT_EQ(key->width, 320);
  EXPECT_EQ(key->height, 180);
  Bytes expected = {0x0A, 12};
  expected.insert(expected.end(), kAv1Sequence.begin() + 1, kAv1Sequence.end());
  const Bytes header = expected;
  expected.insert(expected.end(), {0x32, 4, 1, 2, 3, 4});
  EXPECT_EQ(key->data, expected);
  Bytes config = {0x81, 0x00, 0x0C, 0x00};
  config.insert(config.end(), header.begin(), header.end());
  EXPECT_EQ(assembler.av1_config(), config);
  const auto next = assembler.push(av1(0, {0x30, 9}), 200, true, false);
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->is_key);
}

TEST(FrameAssembler, AnAv1UnitThatLostAPieceIsLeftOut) {
  FrameAssembler assembler(Codec::Av1);
  EXPECT_TRUE(assembler.av1_config().empty());
  EXPECT_FALSE(assembler.push(av1(0x40, {0x30, 1}), 100, false, false));
  EXPECT_FALSE(assembler.push(av1(0x80, {2}), 100, true, true));
  EXPECT_FALSE(assembler.push(av1(0x80, {2}), 200, true, false)) << "its beginning never came";
  EXPECT_TRUE(assembler.push(av1(0, {0x30, 5}), 300, true, false));
  // A piece that was to go on, and does not.
  EXPECT_FALSE(assembler.push(av1(0x40, {0x30, 1}), 400, true, false));
  EXPECT_TRUE(assembler.push(av1(0, {0x30, 5}), 500, true, false));
}

TEST(FrameAssembler, Av1DelimitersAndPaddingStayOutOfFiles) {
  FrameAssembler assembler(Codec::Av1);
  const auto frame = assembler.push(Bytes{0x30, 1, 0x10, 2, 0x78, 0, 0x30, 7}, 100, true, false);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->data, (Bytes{0x32, 1, 7}));
}

}  // namespace
}  // namespace media::pipelines
