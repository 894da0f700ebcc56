#include "media/rtmp/amf0.h"

#include <gtest/gtest.h>

namespace media::rtmp {
namespace {

TEST(Amf0, ReadsWhatItWrites) {
  std::vector<uint8_t> bytes;
  write_amf(bytes, "connect");
  write_amf(bytes, 1.5);
  write_amf_null(bytes);
  write_amf(bytes, {{"app", "lesson"}, {"type", "nonprivate"}});
  const auto values = read_amf(bytes);
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 4U);
  EXPECT_EQ((*values)[0].text(), "connect");
  EXPECT_EQ((*values)[1].number(), 1.5);
  EXPECT_TRUE(std::holds_alternative<AmfNull>((*values)[2].value));
  ASSERT_NE((*values)[3].member("app"), nullptr);
  EXPECT_EQ((*values)[3].member("app")->text(), "lesson");
  EXPECT_EQ((*values)[3].member("no"), nullptr);
}

TEST(Amf0, ReadsEcmaArraysAndLongStrings) {
  const std::vector<uint8_t> bytes = {0x08, 0, 0, 0,    9, 0, 1, 'a', 0x01, 1,
                                      0,    0, 9, 0x0c, 0, 0, 0, 2,   'h',  'i'};
  const auto values = read_amf(bytes);
  ASSERT_TRUE(values) << values.error().what;
  ASSERT_EQ(values->size(), 2U);
  ASSERT_NE((*values)[0].member("a"), nullptr);
  EXPECT_TRUE(std::get<bool>((*values)[0].member("a")->value));
  EXPECT_EQ((*values)[1].text(), "hi");
}

TEST(Amf0, EveryCutIsTruncated) {
  std::vector<uint8_t> bytes;
  write_amf(bytes, {{"app", "lesson"}});
  for (size_t size = 1; size < bytes.size(); ++size) {
    const auto values = read_amf(ByteSpan(bytes).first(size));
    ASSERT_FALSE(values) << size;
    EXPECT_EQ(values.error().code, Errc::Truncated) << size;
  }
}

TEST(Amf0, RefusesWhatWouldCostMemory) {
  const std::vector<uint8_t> huge_string = {0x0c, 0x7f, 0xff, 0xff, 0xff};
  EXPECT_EQ(read_amf(huge_string).error().code, Errc::TooLarge);
  const std::vector<uint8_t> huge_array = {0x0a, 0x7f, 0xff, 0xff, 0xff};
  EXPECT_EQ(read_amf(huge_array).error().code, Errc::TooLarge);
  std::vector<uint8_t> deep;
  for (int i = 0; i < 100; ++i) deep.insert(deep.end(), {0x03, 0, 1, 'x'});
  EXPECT_EQ(read_amf(deep).error().code, Errc::TooLarge);
  EXPECT_EQ(read_amf(std::vector<uint8_t>(kMaxAmfValues + 1, 0x05)).error().code, Errc::TooLarge);
  EXPECT_EQ(read_amf(std::vector<uint8_t>{0x11}).error().code, Errc::Unsupported);
}

}  // namespace
}  // namespace media::rtmp
