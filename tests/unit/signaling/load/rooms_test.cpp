#include "signaling/load/rooms.h"

#include <gtest/gtest.h>

namespace signaling::load {
namespace {

TEST(Rooms, ALineIsARoomAndWhatItLeavesOutFollowsFromTheRest) {
  const auto rooms = parse_rooms(
      "# a comment\n\n"
      "https://a:1/whip/L1 secret\n"
      "  https://a:1/whip/L2\tsecret  watcher\r\n"
      "https://a:1/whip/L3 secret watcher https://b:2/play/L3\n");
  ASSERT_TRUE(rooms) << rooms.error().message;
  ASSERT_EQ(rooms->size(), 3U);
  EXPECT_EQ((*rooms)[0].whep_url, "https://a:1/whep/L1");
  EXPECT_EQ((*rooms)[0].watch_token, "secret");
  EXPECT_EQ((*rooms)[1].watch_token, "watcher");
  EXPECT_EQ((*rooms)[2].whep_url, "https://b:2/play/L3");
}

TEST(Rooms, ALineThatIsNoRoomIsNamed) {
  for (const char* line : {"https://a:1/whip/L1", "just words", "https://a b c d e"}) {
    const auto rooms = parse_rooms(std::string("https://a:1/whip/L0 t\n") + line);
    ASSERT_FALSE(rooms) << line;
    EXPECT_NE(rooms.error().message.find("Line 2"), std::string::npos) << line;
  }
}

TEST(Rooms, AFileThatIsNotThereIsNamed) {
  const auto rooms = read_rooms("/nowhere/rooms.txt");
  ASSERT_FALSE(rooms);
  EXPECT_NE(rooms.error().message.find("/nowhere/rooms.txt"), std::string::npos);
}

}  // namespace
}  // namespace signaling::load
