#include "media/rtcp/feedback.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "media/rtcp/compound.h"

namespace media::rtcp {
namespace {

template <class T>
T only_block(ByteSpan packet) {
  CompoundReader reader(packet);
  const auto first = reader.next();
  EXPECT_TRUE(first && std::holds_alternative<T>(*first));
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
  return std::get<T>(*first);
}

std::vector<uint16_t> asked(const Nack& nack) {
  std::vector<uint16_t> out;
  nack.for_each([&](uint16_t s) { out.push_back(s); });
  return out;
}

TEST(Nack, ReadsBackAcrossTheWrapAndPacksSeventeenIntoOnePair) {
  std::vector<uint16_t> sequences = {65530, 65535, 0, 3, 10, 11, 200, 30000};
  std::array<uint8_t, 100> buffer{};
  ByteWriter w(buffer);
  ASSERT_EQ(write_nack(w, Ssrc(1), Ssrc(2), sequences), sequences.size());
  const auto nack = only_block<Nack>(w.written());
  EXPECT_EQ(nack.sender, Ssrc(1));
  EXPECT_EQ(nack.media, Ssrc(2));
  EXPECT_EQ(asked(nack), sequences);

  std::vector<uint16_t> run;
  for (uint16_t i = 0; i < 17; ++i) run.push_back(static_cast<uint16_t>(100 + i));
  ByteWriter one(buffer);
  EXPECT_EQ(write_nack(one, Ssrc(1), Ssrc(2), run), 17U);
  EXPECT_EQ(one.size(), 16U);
  EXPECT_EQ(asked(only_block<Nack>(one.written())), run);
}

TEST(Nack, WritesWhatFitsAndSaysHowMany) {
  std::array<uint8_t, 21> buffer{};  // room for two pairs
  ByteWriter w(buffer);
  const std::vector<uint16_t> sequences = {1, 100, 200};
  EXPECT_EQ(write_nack(w, Ssrc(1), Ssrc(2), sequences), 2U);
  EXPECT_EQ(asked(only_block<Nack>(w.written())), (std::vector<uint16_t>{1, 100}));
  ByteWriter tight(MutableByteSpan(buffer).first(15));
  EXPECT_EQ(write_nack(tight, Ssrc(1), Ssrc(2), sequences), 0U);
  EXPECT_EQ(tight.size(), 0U);
  EXPECT_EQ(write_nack(w, Ssrc(1), Ssrc(2), {}), 0U);
}

TEST(Pli, ReadsBack) {
  std::array<uint8_t, 12> buffer{};
  ByteWriter w(buffer);
  ASSERT_TRUE(write_pli(w, Ssrc(3), Ssrc(4)));
  const auto pli = only_block<Pli>(w.written());
  EXPECT_EQ(pli.sender, Ssrc(3));
  EXPECT_EQ(pli.media, Ssrc(4));
  EXPECT_FALSE(write_pli(w, Ssrc(3), Ssrc(4)));
}

TEST(Fir, ReadsBackItsEntries) {
  std::array<uint8_t, 64> buffer{};
  ByteWriter w(buffer);
  const std::array<Fir::Entry, 2> entries = {Fir::Entry{Ssrc(9), 255}, Fir::Entry{Ssrc(10), 0}};
  ASSERT_TRUE(write_fir(w, Ssrc(3), entries));
  const auto fir = only_block<Fir>(w.written());
  ASSERT_EQ(fir.size(), 2U);
  EXPECT_EQ(fir[0], entries[0]);
  EXPECT_EQ(fir[1], entries[1]);
  EXPECT_FALSE(write_fir(w, Ssrc(3), {}));
}

TEST(Remb, ReadsBackRoundedDownToEighteenBits) {
  for (const int64_t bps :
       {int64_t{0}, int64_t{1}, int64_t{262'143}, int64_t{1'500'000}, int64_t{7'777'777'777}}) {
    std::array<uint8_t, 64> buffer{};
    ByteWriter w(buffer);
    const std::array<Ssrc, 1> ssrcs = {Ssrc(42)};
    ASSERT_TRUE(write_remb(w, Ssrc(1), DataRate::bits_per_second(bps), ssrcs));
    const auto remb = only_block<Remb>(w.written());
    EXPECT_LE(remb.rate.as_bps(), bps);
    EXPECT_GE(remb.rate.as_bps(), bps - bps / 100'000);
    ASSERT_EQ(remb.size(), 1U);
    EXPECT_EQ(remb[0], Ssrc(42));
  }
}

TEST(Remb, AnExponentThatOverflowsIsMalformed) {
  const std::vector<uint8_t> packet = {0x8f, 206, 0,   4,   0,   0,   0, 1,    0,    0,
                                       0,    0,   'R', 'E', 'M', 'B', 0, 0xff, 0xff, 0xff};
  CompoundReader reader(packet);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.malformed());
}

}  // namespace
}  // namespace media::rtcp
