#include "media/rtp/packet_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "media/rtp/packet_view.h"

namespace media::rtp {
namespace {

constexpr Header kHeader{.payload_type = 96,
                         .marker = true,
                         .sequence = 0xfffe,
                         .timestamp = 0x80000001,
                         .ssrc = Ssrc(0x11223344)};
constexpr ExtensionMap kMap{.audio_level = 1,
                            .abs_send_time = 2,
                            .transport_cc = 3,
                            .mid = 4,
                            .rid = 10,
                            .repaired_rid = 11,
                            .video_orientation = 13,
                            .abs_capture_time = 5,
                            .playout_delay = 6};

Extensions everything() {
  Extensions e;
  e.audio_level = AudioLevel{77, true};
  e.abs_send_time = 0xabcdef;
  e.transport_cc = 0xbeef;
  e.mid = "0123456789abcdef";
  e.rid = "hi";
  e.repaired_rid = "0123456789abcdef";
  e.video_orientation = VideoOrientation{180, true, false};
  e.abs_capture_time = AbsCaptureTime{0x0102030405060708, -2};
  e.playout_delay = PlayoutDelay{0, 4095};
  return e;
}

TEST(PacketWriter, WhatItWritesReadsBackInBothForms) {
  ExtensionMap two_byte = kMap;
  two_byte.rid = 33;  // above 14: only the two-byte form can say it
  for (const ExtensionMap& map : {kMap, two_byte}) {
    const Extensions in = everything();
    std::array<uint8_t, 200> buffer{};
    const std::array<uint8_t, 2> prefix = {1, 2};
    const std::array<uint8_t, 3> payload = {3, 4, 5};
    const Written w = write_packet(buffer, kHeader, in, map, prefix, payload);
    ASSERT_NE(w.size, 0U);
    const auto p = PacketView::parse(ByteSpan(buffer).first(w.size));
    ASSERT_TRUE(p);
    EXPECT_EQ(p->header_size(), w.header_size);
    EXPECT_EQ(p->payload_type(), 96);
    EXPECT_TRUE(p->marker());
    EXPECT_EQ(p->sequence(), 0xfffe);
    EXPECT_EQ(p->timestamp(), 0x80000001U);
    EXPECT_EQ(p->ssrc(), Ssrc(0x11223344));
    EXPECT_EQ(parse_extensions(*p, map), in);
    const std::vector<uint8_t> got(p->payload().begin(), p->payload().end());
    EXPECT_EQ(got, (std::vector<uint8_t>{1, 2, 3, 4, 5}));
  }
}

TEST(PacketWriter, WithoutExtensionsTheHeaderIsTwelveBytes) {
  std::array<uint8_t, 200> buffer{};
  EXPECT_EQ(write_header(buffer, kHeader, Extensions{}, kMap), kFixedHeaderSize);
  EXPECT_EQ(buffer[0], 0x80);
  EXPECT_EQ(write_header(buffer, kHeader, everything(), ExtensionMap{}), kFixedHeaderSize);
}

TEST(PacketWriter, UnnegotiatedExtensionsAreNotWritten) {
  ExtensionMap map;
  map.transport_cc = 7;
  std::array<uint8_t, 200> buffer{};
  const size_t size = write_header(buffer, kHeader, everything(), map);
  EXPECT_EQ(size, kFixedHeaderSize + 4 + 4);
  Extensions only;
  only.transport_cc = 0xbeef;
  EXPECT_EQ(parse_extensions(*PacketView::parse(ByteSpan(buffer).first(size)), map), only);
}

TEST(PacketWriter, StaysWithinAnyBufferAndSaysSo) {
  ExtensionMap two_byte = kMap;
  two_byte.mid = 100;
  std::array<uint8_t, kMaxHeaderSize> big{};
  const size_t need = write_header(big, kHeader, everything(), two_byte);
  ASSERT_NE(need, 0U);
  ASSERT_LE(need, kMaxHeaderSize);
  const std::array<uint8_t, 8> payload{};
  for (size_t room = 0; room < need + payload.size() + 4; ++room) {
    std::vector<uint8_t> buffer(room + 1, 0xee);
    const MutableByteSpan out = MutableByteSpan(buffer).first(room);
    EXPECT_EQ(write_header(out, kHeader, everything(), two_byte), room >= need ? need : 0) << room;
    const Written w = write_packet(out, kHeader, everything(), two_byte, {}, payload);
    EXPECT_EQ(w.size, room >= need + payload.size() ? need + payload.size() : 0) << room;
    EXPECT_EQ(buffer.back(), 0xee) << room;
  }
}

TEST(PacketWriter, PaddingPacketsCarryOnlyPadding) {
  for (const uint8_t n : {uint8_t{1}, uint8_t{4}, uint8_t{255}}) {
    std::array<uint8_t, 400> buffer{};
    buffer.fill(0xee);
    const Written w = write_padding(buffer, kHeader, Extensions{}, kMap, n);
    const auto p = PacketView::parse(ByteSpan(buffer).first(w.size));
    ASSERT_TRUE(p);
    EXPECT_EQ(p->padding_size(), n);
    EXPECT_TRUE(p->payload().empty());
  }
  std::array<uint8_t, 20> small{};
  EXPECT_EQ(write_padding(small, kHeader, Extensions{}, kMap, 9).size, 0U);
}

}  // namespace
}  // namespace media::rtp
