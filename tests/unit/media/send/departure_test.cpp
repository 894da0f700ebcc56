#include "media/send/departure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "media/codec/vp8.h"
#include "send_fixture.h"

namespace media::send {
namespace {

class DepartureTest : public ::testing::Test {
 protected:
  DepartureTest() {
    tests::Vp8Sample vp8;
    vp8.key = true;
    vp8.picture_id = 77;
    vp8.short_picture_id = true;
    vp8.stamp = 0xCAFE;
    auto facts = vp8_facts(10, 900, 77, 1, 1);
    facts.frame.picture_id_bits = 7;
    facts.marker = true;
    facts.extensions.video_orientation = rtp::VideoOrientation{90, false, false};
    departure.packet = vp8_packet(pool, facts, vp8);
    departure.rewritten = {65'536 + 5, (int64_t{1} << 32) + 6, {20'000, 200, 30}, true};
    departure.ssrc = Ssrc(99);
    departure.payload_type = 100;
    map.mid = 4;
    map.transport_cc = 3;
    map.abs_send_time = 2;
    map.video_orientation = 5;
  }
  PacketPool pool;
  Departure departure;
  rtp::ExtensionMap map;
};

TEST_F(DepartureTest, WritesThisReceiversNumbersAndLeavesTheSourceAlone) {
  const tests::Bytes source(departure.packet.bytes().begin(), departure.packet.bytes().end());
  tests::Bytes out(1500);
  const auto written = write_departure(out, departure, {"v0", 0x123456, uint16_t{321}}, map);
  ASSERT_GT(written.size, 0U);
  const auto view = rtp::PacketView::parse(ByteSpan(out).first(written.size));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->sequence(), 5);
  EXPECT_EQ(view->timestamp(), 6U);
  EXPECT_EQ(view->ssrc(), Ssrc(99));
  EXPECT_EQ(view->payload_type(), 100);
  EXPECT_TRUE(view->marker());
  const auto extensions = rtp::parse_extensions(*view, map);
  EXPECT_EQ(extensions.mid, "v0");
  EXPECT_EQ(extensions.transport_cc, 321);
  EXPECT_EQ(extensions.abs_send_time, 0x123456U);
  EXPECT_EQ(extensions.video_orientation->clockwise_degrees, 90);
  const auto vp8 = codec::parse_vp8_descriptor(view->payload());
  ASSERT_TRUE(vp8);
  EXPECT_EQ(vp8->picture_id, 20'000);
  EXPECT_EQ(vp8->picture_id_bits, 15);
  EXPECT_EQ(*vp8->tl0picidx, 200);
  EXPECT_EQ(*vp8->keyidx, 30);
  EXPECT_EQ(tests::stamp_of(view->payload()), 0xCAFEU);
  EXPECT_TRUE(codec::parse_vp8(view->payload(), true)->is_key_frame);
  EXPECT_TRUE(std::equal(source.begin(), source.end(), departure.packet.bytes().begin()));
}

TEST_F(DepartureTest, ARetransmissionCarriesTheOriginalNumberInFront) {
  departure.is_rtx = true;
  departure.original_sequence = 0xABCD;
  tests::Bytes out(1500);
  const auto written = write_departure(out, departure, {}, map);
  const auto view = rtp::PacketView::parse(ByteSpan(out).first(written.size));
  EXPECT_EQ(load_be16(view->payload().data()), 0xABCD);
  EXPECT_EQ(codec::parse_vp8_descriptor(view->payload().subspan(2))->picture_id, 20'000);
}

TEST_F(DepartureTest, PaddingEvensTheSizeAndNeverReachesThePayload) {
  SourceFacts facts = departure.packet.facts<SourceFacts>();
  tests::Bytes plain(1500);
  const auto before = write_departure(plain, departure, {}, map);
  facts.added_padding = 5;
  departure.packet.set_facts(facts);
  tests::Bytes padded(1500);
  const auto after = write_departure(padded, departure, {}, map);
  EXPECT_EQ(after.size, before.size + 5);
  const auto a = rtp::PacketView::parse(ByteSpan(plain).first(before.size));
  const auto b = rtp::PacketView::parse(ByteSpan(padded).first(after.size));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(b->padding_size(), 5U);
  EXPECT_TRUE(std::equal(a->payload().begin(), a->payload().end(), b->payload().begin(),
                         b->payload().end()));
}

TEST_F(DepartureTest, SaysWhenItDoesNotFit) {
  tests::Bytes out(200);
  EXPECT_EQ(write_departure(out, departure, {}, map).size, 0U);
}

TEST_F(DepartureTest, ABlankIsPaddingUnderItsNumber) {
  departure.is_blank = true;
  tests::Bytes out(1500);
  const auto written = write_departure(out, departure, {}, map);
  const auto view = rtp::PacketView::parse(ByteSpan(out).first(written.size));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->sequence(), 5);
  EXPECT_TRUE(view->payload().empty());
  EXPECT_FALSE(view->marker());
}

class SoundDeparture : public ::testing::Test {
 protected:
  SoundDeparture() {
    tests::RtpSample sample;
    sample.payload = {0x80 | 111, 0x0F, 0, 3, 111, 'a', 'b', 'c', 'X', 'Y'};  // RFC 2198
    const auto bytes = tests::build(sample);
    const auto view = rtp::PacketView::parse(bytes);
    SourceFacts facts;
    facts.payload_offset = static_cast<uint16_t>(view->header_size());
    facts.payload_size = static_cast<uint16_t>(view->payload().size());
    facts.red_primary = 8;
    facts.red_headers = 5;
    departure.packet = pool.copy(bytes);
    departure.packet.set_facts(facts);
  }
  tests::Bytes payload() {
    tests::Bytes out(1500);
    const auto written = write_departure(out, departure, {}, {});
    const auto view = rtp::PacketView::parse(ByteSpan(out).first(written.size));
    return {view->payload().begin(), view->payload().end()};
  }
  PacketPool pool;
  Departure departure;
};

TEST_F(SoundDeparture, AReceiverWithRedGetsItsOwnPayloadTypeInEachBlock) {
  departure.red_block_type = 96;
  EXPECT_EQ(payload(), (tests::Bytes{0x80 | 96, 0x0F, 0, 3, 96, 'a', 'b', 'c', 'X', 'Y'}));
}

TEST_F(SoundDeparture, AReceiverWithoutRedGetsThePrimaryBlockAlone) {
  EXPECT_EQ(payload(), (tests::Bytes{'X', 'Y'}));
}

class DescriptorDeparture : public ::testing::TestWithParam<size_t> {};

// 16 bytes are the most that the one-byte form of RFC 8285 holds.
TEST_P(DescriptorDeparture, TheDescriptorGoesOnUnderTheReceiversIdWithItsFrameNumber) {
  rtp::ExtensionMap from;
  from.dependency_descriptor = 12;
  tests::Bytes descriptor(GetParam(), 0x5A);
  tests::RtpSample sample;
  sample.payload = {0x18, 1, 2, 3};
  sample.extensions.dependency_descriptor = descriptor;
  const auto bytes = tests::build(sample, from);
  const auto view = rtp::PacketView::parse(bytes);
  const auto in = rtp::parse_extensions(*view, from).dependency_descriptor;
  ASSERT_EQ(in.size(), GetParam());
  SourceFacts facts;
  facts.codec = Codec::Av1;
  facts.payload_offset = static_cast<uint16_t>(view->header_size());
  facts.payload_size = 4;
  facts.descriptor_offset = static_cast<uint16_t>(in.data() - view->bytes().data());
  facts.descriptor_size = static_cast<uint8_t>(in.size());
  PacketPool pool;
  Departure departure;
  departure.packet = pool.copy(bytes);
  departure.packet.set_facts(facts);
  departure.rewritten.numbers.picture_id = 0xABCD;
  rtp::ExtensionMap to;
  to.dependency_descriptor = 3;
  tests::Bytes out(1500);
  const auto written = write_departure(out, departure, {}, to);
  const auto sent = rtp::PacketView::parse(ByteSpan(out).first(written.size));
  ASSERT_TRUE(sent);
  const auto read = rtp::parse_extensions(*sent, to).dependency_descriptor;
  descriptor[1] = 0xAB;
  descriptor[2] = 0xCD;
  EXPECT_TRUE(std::equal(read.begin(), read.end(), descriptor.begin(), descriptor.end()));
  // Who did not negotiate it gets none.
  const auto bare = write_departure(out, departure, {}, {});
  EXPECT_FALSE(rtp::PacketView::parse(ByteSpan(out).first(bare.size))->has_extension());
}
INSTANTIATE_TEST_SUITE_P(BothForms, DescriptorDeparture, ::testing::Values(3, 16, 17, 200, 255));

}  // namespace
}  // namespace media::send
