#include "signaling/protocol/codec.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "signaling/protocol/names.h"

namespace signaling::protocol {
namespace {

using nlohmann::json;

struct Golden {
  std::string name;
  bool from_client = false;
  json message;
};

std::vector<Golden> goldens() {
  std::vector<Golden> all;
  for (const auto& entry :
       std::filesystem::directory_iterator(TONGKE_SOURCE_DIR "/tests/data/protocol")) {
    std::ifstream in(entry.path());
    const json file = json::parse(in);
    all.push_back(
        {entry.path().stem().string(), file.at("direction") == "client", file.at("message")});
  }
  return all;
}

template <class Variant>
std::set<std::string> names_of_alternatives() {
  return []<class... T>(std::variant<T...>*) {
    return std::set<std::string>{std::string(T::kName)...};
  }(static_cast<Variant*>(nullptr));
}

const std::string kHello = R"({"t":"hello","id":1,"v":1,"lesson":"L"})";

TEST(GoldenSamples, ParseAndComeBackUnchanged) {
  for (const Golden& golden : goldens()) {
    SCOPED_TRACE(golden.name);
    if (golden.from_client) {
      const auto parsed = parse_client(golden.message.dump());
      ASSERT_TRUE(parsed) << parsed.error().message;
      EXPECT_EQ(json::parse(encode(*parsed)), golden.message);
    } else {
      const auto parsed = parse_server(golden.message.dump());
      ASSERT_TRUE(parsed) << parsed.error().message;
      EXPECT_EQ(json::parse(encode(*parsed)), golden.message);
    }
  }
}

TEST(GoldenSamples, ExistForEveryMessageAndEvent) {
  std::set<std::string> client;
  std::set<std::string> server;
  std::set<std::string> events;
  for (const Golden& golden : goldens()) {
    (golden.from_client ? client : server).insert(golden.message.at("t").get<std::string>());
    if (golden.message.at("t") == "event")
      events.insert(golden.message.at("kind").get<std::string>());
  }
  EXPECT_EQ(client, names_of_alternatives<ClientMessage>());
  EXPECT_EQ(server, names_of_alternatives<ServerMessage>());
  EXPECT_EQ(events, names_of_alternatives<EventBody>());
}

// Every field that a golden client message has is either required or its absence changes nothing
// else: taking it out, or giving it another type, never yields a message and an error that names
// another field.
TEST(GoldenSamples, DamagedFieldsAreNamed) {
  for (const Golden& golden : goldens()) {
    if (!golden.from_client) continue;
    for (const auto& [key, value] : golden.message.items()) {
      if (key == "t") continue;
      json damaged = golden.message;
      damaged[key] =
          value.is_object() || value.is_array() ? json(5) : json::array({json::object()});
      const auto parsed = parse_client(damaged.dump());
      ASSERT_FALSE(parsed) << golden.name << " accepts a wrong " << key;
      EXPECT_EQ(parsed.error().code, ErrorCode::BadMessage);
      EXPECT_NE(parsed.error().message.find('"' + key + '"'), std::string::npos)
          << parsed.error().message;
      if (key != "id") {
        EXPECT_EQ(parsed.error().id, golden.message.at("id").get<int64_t>());
      }
    }
  }
}

TEST(ParseClient, RefusesWhatIsNotAJsonObject) {
  for (const char* text :
       {"", "nul", "[]", "5", "\"hello\"", "{", "{\"t\":\"ping\",\"id\":1}x", "{\"t\":\"ping\",}",
        "{\"t\":\"\xff\xfe\",\"id\":1}", "{\"t\":\"ping\",\"id\":1e999}"}) {
    const auto parsed = parse_client(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::BadJson) << text;
  }
}

TEST(ParseClient, RefusesAKeyGivenTwiceAtAnyDepth) {
  EXPECT_EQ(parse_client(R"({"t":"ping","id":1,"id":2})").error().code, ErrorCode::BadJson);
  const auto nested = parse_client(
      R"({"t":"hello","id":1,"v":1,"lesson":"L","resume":{"seat":"a","last":1,"last":2}})");
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().code, ErrorCode::BadJson);
  EXPECT_TRUE(parse_client(R"({"t":"ping","id":1,"a":{"k":1},"b":{"k":1}})"));
}

TEST(ParseClient, BoundsDepthAndSize) {
  const auto nested = [](int depth) {
    return R"({"t":"ping","id":1,"x":)" + std::string(static_cast<size_t>(depth - 1), '[') +
           std::string(static_cast<size_t>(depth - 1), ']') + "}";
  };
  EXPECT_TRUE(parse_client(nested(kMaxDepth)));
  EXPECT_EQ(parse_client(nested(kMaxDepth + 1)).error().code, ErrorCode::BadJson);
  EXPECT_EQ(parse_client(nested(30000)).error().code, ErrorCode::BadJson);

  const auto padded = [](size_t size) {
    std::string text = R"({"t":"ping","id":1,"x":""})";
    text.insert(text.size() - 2, std::string(size - text.size(), 'x'));
    return text;
  };
  EXPECT_TRUE(parse_client(padded(kMaxMessageBytes)));
  EXPECT_EQ(parse_client(padded(kMaxMessageBytes + 1)).error().code, ErrorCode::TooLarge);
}

TEST(ParseClient, IgnoresUnknownFieldsButNotUnknownMessages) {
  EXPECT_TRUE(parse_client(R"({"t":"ping","id":1,"colour":"red"})"));
  const auto unknown = parse_client(R"({"t":"dance","id":77})");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::UnknownMessage);
  EXPECT_EQ(unknown.error().id, 77);
  EXPECT_EQ(parse_client(R"({"id":77})").error().code, ErrorCode::BadMessage);
  EXPECT_EQ(parse_client(R"({"t":"welcome","id":1})").error().code, ErrorCode::UnknownMessage);
}

TEST(ParseClient, ChatIsCountedInCharactersNotBytes) {
  const auto chat = [](const std::string& text) {
    return parse_client(json{{"t", "chat"}, {"id", 1}, {"text", text}}.dump());
  };
  std::string longest;
  for (size_t i = 0; i < kMaxChatCharacters; ++i) longest += "课";
  EXPECT_TRUE(chat(longest));
  EXPECT_FALSE(chat(longest + "课"));
  EXPECT_FALSE(chat(""));
}

TEST(ParseClient, NumbersHaveBounds) {
  const auto refused = [](const char* text) { return !parse_client(text); };
  EXPECT_FALSE(refused(R"({"t":"headcount","id":1,"n":200})"));
  EXPECT_TRUE(refused(R"({"t":"headcount","id":1,"n":201})"));
  EXPECT_TRUE(refused(R"({"t":"headcount","id":1,"n":-1})"));
  EXPECT_TRUE(refused(R"({"t":"headcount","id":1,"n":3.5})"));
  EXPECT_TRUE(refused(R"({"t":"headcount","id":1,"n":18446744073709551615})"));
  EXPECT_TRUE(refused(R"({"t":"ping","id":-1})"));
  EXPECT_TRUE(refused(R"({"t":"ping","id":9007199254740992})"));
  EXPECT_TRUE(refused(R"({"t":"limit","id":1,"slot":"wall-0","layer":256})"));
}

TEST(ParseClient, AnOfferNamesTheSectionThatIsWrong) {
  const auto wrong = parse_client(
      R"({"t":"offer","id":2,"sdp":"v=0","sections":[{"mid":"0","use":"camera"},{"mid":"1","use":"slot"}]})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "\"sections[1].slot\" is missing");
  json offer{{"t", "offer"}, {"id", 2}, {"sdp", "v=0"}, {"sections", json::array()}};
  for (size_t i = 0; i <= kMaxSections; ++i)
    offer["sections"].push_back({{"mid", std::to_string(i)}, {"use", "camera"}});
  EXPECT_FALSE(parse_client(offer.dump()));
  offer["sections"].erase(0);
  EXPECT_TRUE(parse_client(offer.dump()));
}

TEST(Encode, SurvivesNamesThatAreNotUtf8) {
  const std::string text =
      encode(ServerMessage(ErrorMessage{std::nullopt, ErrorCode::Internal, "\xff bad"}));
  EXPECT_TRUE(parse_server(text)) << text;
}

TEST(Names, EveryEnumerationIsFullyNamed) {
  EXPECT_EQ(wire_name(ErrorCode::Internal), "internal");
  EXPECT_EQ(wire_name(SectionUse::Slot), "slot");
  EXPECT_EQ(wire_name(TrackSource::ScreenAudio), "screen-audio");
  EXPECT_EQ(from_wire<LinkState>("lost"), LinkState::Lost);
  EXPECT_EQ(from_wire<Role>("headmaster"), std::nullopt);
}

}  // namespace
}  // namespace signaling::protocol
