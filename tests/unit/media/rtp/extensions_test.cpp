#include "media/rtp/extensions.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::rtp {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr ExtensionMap kMap{.audio_level = 1,
                            .abs_send_time = 2,
                            .transport_cc = 3,
                            .mid = 4,
                            .rid = 10,
                            .repaired_rid = 11,
                            .video_orientation = 13,
                            .abs_capture_time = 5,
                            .playout_delay = 6};

// A packet whose extension holds `elements`, padded to whole words.
Bytes packet(uint16_t profile, Bytes elements) {
  while (elements.size() % 4 != 0) elements.push_back(0);
  Bytes out = {0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
  out.push_back(static_cast<uint8_t>(profile >> 8));
  out.push_back(static_cast<uint8_t>(profile));
  out.push_back(static_cast<uint8_t>(elements.size() / 4 >> 8));
  out.push_back(static_cast<uint8_t>(elements.size() / 4));
  out.insert(out.end(), elements.begin(), elements.end());
  return out;
}

class ExtensionsTest : public testing::Test {
 protected:
  Extensions read(uint16_t profile, const Bytes& elements, const ExtensionMap& map = kMap) {
    bytes_ = packet(profile, elements);
    const auto view = PacketView::parse(bytes_);
    EXPECT_TRUE(view);
    return parse_extensions(*view, map);
  }
  Bytes bytes_;  // what the names in the result borrow
};

TEST_F(ExtensionsTest, ReadsEveryKindInTheOneByteForm) {
  const Extensions e = read(0xbede, {0x10, 0x9e,              // level 30, voice
                                     0x22, 0x12, 0x34, 0x56,  // abs-send-time
                                     0x31, 0xab, 0xcd,        // transport-cc
                                     0x41, '1',  '7',         // mid
                                     0xa0, 'q',               // rid
                                     0xb0, 'h',               // repaired rid
                                     0xd0, 0x0b,              // 270 degrees, back camera
                                     0x57, 0,    0,    0,    1, 0, 0, 0, 2,  // capture time
                                     0x62, 0x00, 0xa0, 0x14});               // playout delay 10..20
  EXPECT_EQ(e.audio_level, (AudioLevel{30, true}));
  EXPECT_EQ(e.abs_send_time, 0x123456U);
  EXPECT_EQ(e.transport_cc, 0xabcd);
  EXPECT_EQ(e.mid, "17");
  EXPECT_EQ(e.rid, "q");
  EXPECT_EQ(e.repaired_rid, "h");
  EXPECT_EQ(e.video_orientation, (VideoOrientation{270, false, true}));
  EXPECT_EQ(e.abs_capture_time, (AbsCaptureTime{0x0000000100000002, std::nullopt}));
  EXPECT_EQ(e.playout_delay, (PlayoutDelay{10, 20}));
}

TEST_F(ExtensionsTest, ReadsTheTwoByteFormWithItsAppbitsAndLargeIdentifiers) {
  ExtensionMap map;
  map.mid = 200;
  map.transport_cc = 3;
  const Extensions e = read(0x1007, {200, 3, 'c', 'a', 'm', 0, 0, 3, 2, 0, 9}, map);
  EXPECT_EQ(e.mid, "cam");
  EXPECT_EQ(e.transport_cc, 9);
}

TEST_F(ExtensionsTest, CaptureTimeMayCarryAnOffset) {
  Bytes element = {0x5f};
  element.insert(element.end(), {0, 0, 0, 1, 0, 0, 0, 2});
  element.insert(element.end(), 8, 0xff);
  EXPECT_EQ(read(0xbede, element).abs_capture_time, (AbsCaptureTime{0x0000000100000002, -1}));
}

TEST_F(ExtensionsTest, PaddingBetweenElementsIsSkipped) {
  EXPECT_EQ(read(0xbede, {0, 0, 0x31, 0, 5, 0, 0x41, '4', '2'}).mid, "42");
}

TEST_F(ExtensionsTest, IdentifierFifteenEndsTheOneByteForm) {
  const Extensions e = read(0xbede, {0x31, 0, 5, 0xf0, 0, 0x40, 'x'});
  EXPECT_EQ(e.transport_cc, 5);
  EXPECT_TRUE(e.mid.empty());
}

TEST_F(ExtensionsTest, WrongLengthsLeaveTheElementOut) {
  const Extensions e = read(0xbede, {0x30, 1,     // transport-cc of one byte
                                     0x21, 1, 2,  // abs-send-time of two
                                     0x11, 1, 2,  // level of two
                                     0x50, 1,     // capture time of one
                                     0x40, 'a'});
  Extensions only_mid;
  only_mid.mid = "a";
  EXPECT_EQ(e, only_mid);
}

TEST_F(ExtensionsTest, AnElementPastTheEndKeepsWhatCameBefore) {
  const Extensions e = read(0xbede, {0x31, 0, 5, 0x4f});  // mid of 16 bytes, none there
  EXPECT_EQ(e.transport_cc, 5);
  EXPECT_TRUE(e.mid.empty());
}

TEST_F(ExtensionsTest, UnnegotiatedIdentifiersAndOtherProfilesGiveNothing) {
  EXPECT_EQ(read(0xbede, {0x31, 0, 5}, ExtensionMap{}), Extensions{});
  EXPECT_EQ(read(0xabac, {0x31, 0, 5, 0}), Extensions{});
}

TEST_F(ExtensionsTest, NamesLongerThanAnyOfOursAreLeftOut) {
  Bytes element = {4, 17};
  element.insert(element.end(), 17, 'm');
  EXPECT_TRUE(read(0x1000, element).mid.empty());
}

TEST(Forwardable, KeepsOnlyWhatDescribesTheMedia) {
  Extensions in;
  in.audio_level = AudioLevel{10, true};
  in.abs_send_time = 1;
  in.transport_cc = 2;
  in.mid = "0";
  in.rid = "q";
  in.repaired_rid = "q";
  in.video_orientation = VideoOrientation{90, false, false};
  in.abs_capture_time = AbsCaptureTime{5, 6};
  in.playout_delay = PlayoutDelay{1, 2};
  Extensions want;
  want.audio_level = in.audio_level;
  want.video_orientation = in.video_orientation;
  want.abs_capture_time = in.abs_capture_time;
  want.playout_delay = in.playout_delay;
  EXPECT_EQ(forwardable(in), want);
}

TEST(AbsSendTime, CountsSixtyFourSecondsIn24Bits) {
  EXPECT_EQ(abs_send_time_of(Instant::from_micros(0)), 0U);
  EXPECT_EQ(abs_send_time_of(Instant::from_micros(1'000'000)), 1U << 18);
  EXPECT_EQ(abs_send_time_of(Instant::from_micros(63'999'999)), 0xffffffU);
  EXPECT_EQ(abs_send_time_of(Instant::from_micros(64'000'000 + 500'000)), 1U << 17);
  // A machine up for a year.
  EXPECT_EQ(abs_send_time_of(Instant::from_micros(64'000'000LL * 500'000 + 250'000)), 1U << 16);
}

}  // namespace
}  // namespace media::rtp
