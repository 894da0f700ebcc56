#include "media/rtcp/compound.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace media::rtcp {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes usual_compound() {
  std::array<uint8_t, 512> buffer{};
  ByteWriter w(buffer);
  const std::array<ReportBlock, 1> blocks{};
  const std::array<uint16_t, 2> lost = {5, 6};
  EXPECT_TRUE(write_receiver_report(w, Ssrc(1), blocks));
  EXPECT_TRUE(write_sdes_cname(w, Ssrc(1), "me"));
  EXPECT_EQ(write_nack(w, Ssrc(1), Ssrc(2), lost), 2U);
  EXPECT_TRUE(write_pli(w, Ssrc(1), Ssrc(2)));
  return {w.written().begin(), w.written().end()};
}

size_t count(ByteSpan packet, bool* malformed = nullptr) {
  CompoundReader reader(packet);
  size_t n = 0;
  while (reader.next()) ++n;
  if (malformed != nullptr) *malformed = reader.malformed();
  EXPECT_FALSE(reader.next());
  return n;
}

TEST(Compound, GivesItsBlocksInOrder) {
  const Bytes packet = usual_compound();
  CompoundReader reader(packet);
  EXPECT_TRUE(std::holds_alternative<ReceiverReport>(*reader.next()));
  EXPECT_TRUE(std::holds_alternative<Sdes>(*reader.next()));
  EXPECT_TRUE(std::holds_alternative<Nack>(*reader.next()));
  EXPECT_TRUE(std::holds_alternative<Pli>(*reader.next()));
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
}

TEST(Compound, ReducedSizeNeedsNoReport) {
  std::array<uint8_t, 12> buffer{};
  ByteWriter w(buffer);
  ASSERT_TRUE(write_pli(w, Ssrc(1), Ssrc(2)));
  EXPECT_EQ(count(w.written()), 1U);
}

TEST(Compound, ABadBlockStopsTheReadingAndKeepsTheGoodOnes) {
  Bytes packet = usual_compound();
  packet.insert(packet.end(), {0x81, 200, 0, 1, 0, 0, 0, 9});  // sender report of eight bytes
  packet.insert(packet.end(), {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2});
  bool malformed = false;
  EXPECT_EQ(count(packet, &malformed), 4U);
  EXPECT_TRUE(malformed);
}

TEST(Compound, EveryTruncationStopsWithoutOverrun) {
  const Bytes packet = usual_compound();
  for (size_t n = 1; n < packet.size(); ++n) {
    const Bytes cut(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(n));
    bool malformed = false;
    const size_t blocks = count(cut, &malformed);
    EXPECT_LT(blocks, 4U);
    // A cut between two blocks leaves a well-formed shorter packet.
    EXPECT_EQ(malformed, n != 32 && n != 32 + 16 && n != 32 + 16 + 16) << n;
  }
}

TEST(Compound, UnknownTypesAreSteppedOver) {
  Bytes packet = {0x80, 207, 0, 1, 0, 0, 0, 1, 0x85, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
  CompoundReader reader(packet);
  const auto xr = reader.next();
  ASSERT_TRUE(xr && std::holds_alternative<UnknownBlock>(*xr));
  EXPECT_EQ(std::get<UnknownBlock>(*xr).packet_type, 207);
  const auto feedback = reader.next();
  ASSERT_TRUE(feedback && std::holds_alternative<UnknownBlock>(*feedback));
  EXPECT_EQ(std::get<UnknownBlock>(*feedback).format, 5);
}

TEST(Compound, PaddingIsTakenOffTheLastBlockOnly) {
  const Bytes padded_nack = {0xa1, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 0, 0, 0, 0, 4};
  CompoundReader reader(padded_nack);
  const auto block = reader.next();
  ASSERT_TRUE(block && std::holds_alternative<Nack>(*block));
  size_t asked = 0;
  std::get<Nack>(*block).for_each([&](uint16_t s) { asked += s == 9 ? 1 : 100; });
  EXPECT_EQ(asked, 1U);

  Bytes not_last = padded_nack;
  not_last.insert(not_last.end(), {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2});
  bool malformed = false;
  EXPECT_EQ(count(not_last, &malformed), 0U);
  EXPECT_TRUE(malformed);
}

TEST(Compound, RefusesPaddingThatCannotBe) {
  for (const uint8_t padding : {uint8_t{0}, uint8_t{3}, uint8_t{20}}) {
    const Bytes packet = {0xa1, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 0, 0, 0, 0, padding};
    bool malformed = false;
    EXPECT_EQ(count(packet, &malformed), 0U);
    EXPECT_TRUE(malformed);
  }
}

TEST(Compound, NothingIsNotMalformed) {
  bool malformed = true;
  EXPECT_EQ(count({}, &malformed), 0U);
  EXPECT_FALSE(malformed);
}

}  // namespace
}  // namespace media::rtcp
