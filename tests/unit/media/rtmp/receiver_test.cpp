#include "media/rtmp/receiver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace media::rtmp {
namespace {

constexpr size_t kHello = 1536;

// The encoder's side, as far as bytes go.
class ReceiverTest : public testing::Test {
 protected:
  void shake_hands() {
    std::vector<uint8_t> hello(1 + kHello, 7);
    hello[0] = 3;
    ASSERT_TRUE(receiver.feed(hello, events));
    const auto answer = receiver.take_output();
    ASSERT_EQ(answer.size(), 1 + 2 * kHello);
    EXPECT_EQ(answer[0], 3);
    EXPECT_TRUE(std::equal(hello.begin() + 1, hello.end(), answer.begin() + 1 + kHello));
    ASSERT_TRUE(receiver.feed(ByteSpan(answer).subspan(1, kHello), events));
  }
  Result<void> command(const std::vector<uint8_t>& payload) {
    std::vector<uint8_t> bytes;
    write_message(bytes, 3, MessageType::Command, 1, payload, 128);
    return receiver.feed(bytes, events);
  }
  Result<void> connect() {
    std::vector<uint8_t> payload;
    write_amf(payload, "connect");
    write_amf(payload, 1.0);
    write_amf(payload, {{"app", "lesson"}});
    return command(payload);
  }
  Result<void> call(std::string_view name, double number, std::string_view argument = {}) {
    std::vector<uint8_t> payload;
    write_amf(payload, name);
    write_amf(payload, number);
    write_amf_null(payload);
    if (!argument.empty()) write_amf(payload, argument);
    return command(payload);
  }
  void publish() {
    shake_hands();
    ASSERT_TRUE(connect());
    ASSERT_TRUE(call("createStream", 4));
    ASSERT_TRUE(call("publish", 5, "secret"));
    ASSERT_EQ(events.size(), 1U);
    events.clear();
    receiver.accept();
  }
  // The output as it reads.
  std::string output() {
    const auto bytes = receiver.take_output();
    return {bytes.begin(), bytes.end()};
  }

  SplitMix64 rng{1};
  Receiver receiver{rng};
  std::vector<Event> events;
};

TEST_F(ReceiverTest, LeadsAnEncoderFromHelloToPublishing) {
  shake_hands();
  ASSERT_TRUE(connect());
  EXPECT_NE(output().find("NetConnection.Connect.Success"), std::string::npos);
  ASSERT_TRUE(call("releaseStream", 2, "secret"));
  ASSERT_TRUE(call("FCPublish", 3, "secret"));
  ASSERT_TRUE(call("createStream", 4));
  EXPECT_NE(output().find("_result"), std::string::npos);
  ASSERT_TRUE(call("publish", 5, "secret"));
  ASSERT_EQ(events.size(), 1U);
  const auto* asked = std::get_if<PublishAsked>(&events[0]);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->app, "lesson");
  EXPECT_EQ(asked->key, "secret");
  EXPECT_TRUE(output().empty()) << "nothing is promised before it is allowed";
  receiver.accept();
  EXPECT_NE(output().find("NetStream.Publish.Start"), std::string::npos);
}

TEST_F(ReceiverTest, ARefusedEncoderIsToldWhyAndMayNotSend) {
  shake_hands();
  ASSERT_TRUE(connect());
  ASSERT_TRUE(call("publish", 5, "wrong"));
  events.clear();
  receiver.take_output();
  receiver.refuse("no such lesson");
  EXPECT_NE(output().find("no such lesson"), std::string::npos);
  std::vector<uint8_t> video;
  write_message(video, 4, MessageType::Video, 1, std::vector<uint8_t>{0x17, 1}, 128);
  ASSERT_TRUE(receiver.feed(video, events));
  EXPECT_TRUE(events.empty());
}

TEST_F(ReceiverTest, MediaBecomesFlv) {
  publish();
  std::vector<uint8_t> bytes;
  write_message(bytes, 4, MessageType::Video, 1, std::vector<uint8_t>{0x17, 0x01}, 128);
  write_message(bytes, 6, MessageType::Audio, 1, std::vector<uint8_t>{0xaf}, 128);
  ASSERT_TRUE(receiver.feed(bytes, events));
  std::vector<uint8_t> flv;
  for (const Event& event : events) {
    const auto& part = std::get<FlvBytes>(event).bytes;
    flv.insert(flv.end(), part.begin(), part.end());
  }
  const std::vector<uint8_t> expected = {
      'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0,    0,                  // header
      9,   0,   0,   2, 0, 0, 0, 0, 0, 0, 0, 0x17, 0x01, 0, 0, 0, 13,  // picture
      8,   0,   0,   1, 0, 0, 0, 0, 0, 0, 0, 0xaf, 0,    0, 0, 12};    // sound
  EXPECT_EQ(flv, expected);
}

TEST_F(ReceiverTest, AnEncoderThatLeavesIsHeard) {
  publish();
  ASSERT_TRUE(call("deleteStream", 6));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<PublishEnded>(events[0]));
}

TEST_F(ReceiverTest, AnswersPingsAndAcknowledgesWhatItGot) {
  publish();
  receiver.take_output();
  std::vector<uint8_t> bytes;
  write_message(bytes, 2, MessageType::UserControl, 0, std::vector<uint8_t>{0, 6, 1, 2, 3, 4}, 128);
  ASSERT_TRUE(receiver.feed(bytes, events));
  const auto pong = receiver.take_output();
  ASSERT_GE(pong.size(), 6U);
  EXPECT_EQ(std::vector<uint8_t>(pong.end() - 6, pong.end()),
            (std::vector<uint8_t>{0, 7, 1, 2, 3, 4}));
  const std::vector<uint8_t> picture(100'000, 0);
  for (int i = 0; i < 13; ++i) {
    bytes.clear();
    write_message(bytes, 4, MessageType::Video, 1, picture, 128);
    ASSERT_TRUE(receiver.feed(bytes, events));
  }
  const auto acknowledgement = receiver.take_output();
  ASSERT_EQ(acknowledgement.size(), 16U);
  EXPECT_EQ(acknowledgement[7], 3);
}

TEST_F(ReceiverTest, RefusesOtherProtocolsAtTheFirstByte) {
  const std::string http = "GET / HTTP/1.1\r\n";
  const auto fed =
      receiver.feed(ByteSpan(reinterpret_cast<const uint8_t*>(http.data()), http.size()), events);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::Unsupported);
}

TEST_F(ReceiverTest, RefusesPlayersPrematurePublishingAndChatter) {
  shake_hands();
  ASSERT_TRUE(connect());
  EXPECT_EQ(call("play", 1, "x").error().code, Errc::Unsupported);
  Receiver talkative(rng);
  std::vector<uint8_t> noise(Receiver::kMaxBeforePublish + 1, 3);
  EXPECT_EQ(talkative.feed(noise, events).error().code, Errc::TooLarge);
}

TEST_F(ReceiverTest, PublishingTwiceIsRefused) {
  publish();
  EXPECT_EQ(call("publish", 7, "again").error().code, Errc::Malformed);
}

}  // namespace
}  // namespace media::rtmp
