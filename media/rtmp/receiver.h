// The server's side of one RTMP connection that publishes (rtmp_specification_1.0 sections 5.2 and
// 7.2): handshake, connect, createStream, publish, then audio and video as an FLV stream. Pure:
// bytes in, bytes and events out. It plays nothing.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/rng.h"
#include "media/rtmp/amf0.h"
#include "media/rtmp/chunk_reader.h"

namespace media::rtmp {

// The encoder wants to publish; answer with accept() or refuse().
struct PublishAsked {
  std::string app;  // of the URL: rtmp://host/<app>/<key>
  std::string key;  // a secret
};
// More of the stream, in the order and form of an FLV file (its header first).
struct FlvBytes {
  std::vector<uint8_t> bytes;
};
struct PublishEnded {};
using Event = std::variant<PublishAsked, FlvBytes, PublishEnded>;

class Receiver {
 public:
  // What a connection may send before it publishes; commands are a few hundred bytes.
  static constexpr size_t kMaxBeforePublish = 64 * 1024;

  explicit Receiver(Rng& rng) : rng_(rng) {}

  // Errors: Malformed, TooLarge, Unsupported: write what take_output() has and close.
  Result<void> feed(ByteSpan bytes, std::vector<Event>& events);
  void accept();
  // With a sentence that the encoder's user sees.
  void refuse(std::string_view why);
  // To be written to the connection.
  std::vector<uint8_t> take_output();

 private:
  enum class Stage : uint8_t { Hello, HelloAck, Connected, Asked, Publishing, Ended };
  static constexpr size_t kHello = 1536;

  Result<void> shake_hands(ByteSpan& bytes);
  Result<void> on_message(const Message& message, std::vector<Event>& events);
  Result<void> on_command(const Message& message, std::vector<Event>& events);
  Result<void> on_publish(const std::vector<AmfValue>& values, uint32_t stream,
                          std::vector<Event>& events);
  void on_media(const Message& message, std::vector<Event>& events);
  void on_user_control(const Message& message);
  void answer_connect(double transaction);
  void answer(double transaction, bool with_stream);
  void send_status(std::string_view level, std::string_view code, std::string_view text);
  void send(uint8_t csid, MessageType type, uint32_t stream, const std::vector<uint8_t>& payload);
  void acknowledge(size_t bytes);

  Rng& rng_;
  Stage stage_ = Stage::Hello;
  std::vector<uint8_t> hello_;
  ChunkReader chunks_;
  std::vector<uint8_t> output_;
  std::string app_;
  uint32_t publish_stream_ = 0;
  uint32_t window_ = 2'500'000;  // the other side's, section 5.4.4
  uint32_t received_ = 0;        // wraps, as its field does
  uint32_t acknowledged_ = 0;
  size_t before_publish_ = 0;
  bool flv_begun_ = false;
};

}  // namespace media::rtmp
