#include "media/rtmp/receiver.h"

#include <algorithm>
#include <array>
#include <utility>

namespace media::rtmp {
namespace {

constexpr uint8_t kVersion = 3;
constexpr size_t kOurChunk = 4096;
constexpr uint8_t kControlStream = 2;
constexpr uint8_t kCommandStream = 3;
constexpr uint32_t kOurWindow = 2'500'000;
constexpr double kMediaStream = 1;  // the one that createStream gives
constexpr uint16_t kPing = 6;
constexpr uint16_t kPong = 7;

// FLV version 1 with sound and picture (Adobe's video_file_format_spec_v10_1, annex E.2), and the
// size of the tag before the first.
constexpr std::array<uint8_t, 13> kFlvHeader = {'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0};
constexpr size_t kFlvTagHeader = 11;

std::vector<uint8_t> be32(uint32_t value) {
  std::vector<uint8_t> out(4);
  store_be32(out.data(), value);
  return out;
}

// Annex E.4.1.
void append_tag(std::vector<uint8_t>& out, const Message& message) {
  const auto size = static_cast<uint32_t>(message.payload.size());
  std::array<uint8_t, kFlvTagHeader> header{};
  header[0] = static_cast<uint8_t>(message.type);
  store_be24(&header[1], size);
  store_be24(&header[4], message.timestamp);
  header[7] = static_cast<uint8_t>(message.timestamp >> 24);
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), message.payload.begin(), message.payload.end());
  const auto back = be32(size + static_cast<uint32_t>(kFlvTagHeader));
  out.insert(out.end(), back.begin(), back.end());
}

}  // namespace

Result<void> Receiver::feed(ByteSpan bytes, std::vector<Event>& events) {
  acknowledge(bytes.size());
  if (stage_ < Stage::Publishing) {
    before_publish_ += bytes.size();
    if (before_publish_ > kMaxBeforePublish)
      return fail(Errc::TooLarge, "too much before publishing");
  }
  if (stage_ <= Stage::HelloAck) {
    if (auto shaken = shake_hands(bytes); !shaken) return shaken;
    if (stage_ <= Stage::HelloAck) return {};
  }
  std::vector<Message> messages;
  auto fed = chunks_.feed(bytes, messages);
  for (const Message& message : messages) {
    if (stage_ == Stage::Ended) return {};
    if (auto done = on_message(message, events); !done) return done;
  }
  return fed;
}

// Section 5.2. Version bytes of zero in S1 say that we do not sign, so the client need not check.
Result<void> Receiver::shake_hands(ByteSpan& bytes) {
  const size_t wanted = stage_ == Stage::Hello ? 1 + kHello : kHello;
  const size_t take = std::min(wanted - hello_.size(), bytes.size());
  hello_.insert(hello_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(take));
  bytes = bytes.subspan(take);
  if (stage_ == Stage::Hello && !hello_.empty() && hello_[0] != kVersion)
    return fail(Errc::Unsupported, "not RTMP version 3");
  if (hello_.size() < wanted) return {};
  if (stage_ == Stage::HelloAck) {
    stage_ = Stage::Connected;
    hello_.clear();
    return {};
  }
  std::vector<uint8_t> ours(1 + kHello, 0);
  ours[0] = kVersion;
  rng_.fill(std::span(ours).subspan(9));
  output_.insert(output_.end(), ours.begin(), ours.end());
  output_.insert(output_.end(), hello_.begin() + 1, hello_.end());
  hello_.clear();
  stage_ = Stage::HelloAck;
  return bytes.empty() ? Result<void>{} : shake_hands(bytes);
}

Result<void> Receiver::on_message(const Message& message, std::vector<Event>& events) {
  switch (message.type) {
    case MessageType::Command:
    case MessageType::CommandAmf3:
      return on_command(message, events);
    case MessageType::Audio:
    case MessageType::Video:
      on_media(message, events);
      return {};
    case MessageType::WindowSize:
      if (message.payload.size() >= 4)
        window_ = std::max<uint32_t>(4096, load_be32(message.payload.data()));
      return {};
    case MessageType::UserControl:
      on_user_control(message);
      return {};
    default:  // metadata says nothing that the stream does not say better
      return {};
  }
}

void Receiver::on_user_control(const Message& message) {
  if (message.payload.size() < 6 || load_be16(message.payload.data()) != kPing) return;
  std::vector<uint8_t> pong(message.payload.begin(), message.payload.begin() + 6);
  store_be16(pong.data(), kPong);
  send(kControlStream, MessageType::UserControl, 0, pong);
}

Result<void> Receiver::on_command(const Message& message, std::vector<Event>& events) {
  ByteSpan body(message.payload);
  if (message.type == MessageType::CommandAmf3 && !body.empty()) body = body.subspan(1);
  const auto values = read_amf(body);
  if (!values) return tl::unexpected(values.error());
  if (values->size() < 2) return fail(Errc::Malformed, "a command without a number");
  const std::string_view name = (*values)[0].text();
  const double transaction = (*values)[1].number();
  if (name == "connect") {
    const AmfValue* app = values->size() > 2 ? (*values)[2].member("app") : nullptr;
    if (app == nullptr) return fail(Errc::Malformed, "connect without an app");
    app_ = app->text();
    answer_connect(transaction);
  } else if (name == "createStream") {
    answer(transaction, true);
  } else if (name == "publish") {
    return on_publish(*values, message.stream, events);
  } else if (name == "play" || name == "play2") {
    return fail(Errc::Unsupported, "nothing is played here");
  } else if (name == "deleteStream" || name == "closeStream" || name == "FCUnpublish") {
    if (stage_ == Stage::Publishing) events.emplace_back(PublishEnded{});
    stage_ = Stage::Ended;
  } else if (transaction > 0) {  // releaseStream, FCPublish, _checkbw, getStreamLength …
    answer(transaction, false);
  }
  return {};
}

Result<void> Receiver::on_publish(const std::vector<AmfValue>& values, uint32_t stream,
                                  std::vector<Event>& events) {
  if (stage_ != Stage::Connected || values.size() < 4)
    return fail(Errc::Malformed, "publish out of place");
  publish_stream_ = stream;
  stage_ = Stage::Asked;
  events.emplace_back(PublishAsked{app_, std::string(values[3].text())});
  return {};
}

void Receiver::on_media(const Message& message, std::vector<Event>& events) {
  if (stage_ != Stage::Publishing || message.payload.empty()) return;
  FlvBytes out;
  if (!flv_begun_) out.bytes.assign(kFlvHeader.begin(), kFlvHeader.end());
  flv_begun_ = true;
  append_tag(out.bytes, message);
  events.emplace_back(std::move(out));
}

void Receiver::accept() {
  if (stage_ != Stage::Asked) return;
  stage_ = Stage::Publishing;
  send_status("status", "NetStream.Publish.Start", "Publishing.");
}

void Receiver::refuse(std::string_view why) {
  if (stage_ != Stage::Asked) return;
  stage_ = Stage::Ended;
  send_status("error", "NetStream.Publish.BadName", why);
}

void Receiver::answer_connect(double transaction) {
  send(kControlStream, MessageType::WindowSize, 0, be32(kOurWindow));
  std::vector<uint8_t> bandwidth = be32(kOurWindow);
  bandwidth.push_back(2);  // dynamic
  send(kControlStream, MessageType::PeerBandwidth, 0, bandwidth);
  send(kControlStream, MessageType::SetChunkSize, 0, be32(kOurChunk));
  std::vector<uint8_t> payload;
  write_amf(payload, "_result");
  write_amf(payload, transaction);
  write_amf(payload, {{"fmsVer", "FMS/3,0,1,123"}});
  write_amf(payload, {{"level", "status"},
                      {"code", "NetConnection.Connect.Success"},
                      {"description", "Connected."}});
  send(kCommandStream, MessageType::Command, 0, payload);
}

void Receiver::answer(double transaction, bool with_stream) {
  std::vector<uint8_t> payload;
  write_amf(payload, "_result");
  write_amf(payload, transaction);
  write_amf_null(payload);
  if (with_stream) {
    write_amf(payload, kMediaStream);
  } else {
    write_amf_null(payload);
  }
  send(kCommandStream, MessageType::Command, 0, payload);
}

void Receiver::send_status(std::string_view level, std::string_view code, std::string_view text) {
  std::vector<uint8_t> payload;
  write_amf(payload, "onStatus");
  write_amf(payload, 0.0);
  write_amf_null(payload);
  write_amf(payload, {{"level", level}, {"code", code}, {"description", text}});
  send(kCommandStream, MessageType::Command, publish_stream_, payload);
}

void Receiver::send(uint8_t csid, MessageType type, uint32_t stream,
                    const std::vector<uint8_t>& payload) {
  write_message(output_, csid, type, stream, payload, kOurChunk);
}

// Section 5.4.3.
void Receiver::acknowledge(size_t bytes) {
  received_ += static_cast<uint32_t>(bytes);
  if (stage_ < Stage::Connected || received_ - acknowledged_ < window_ / 2) return;
  acknowledged_ = received_;
  send(kControlStream, MessageType::Acknowledgement, 0, be32(received_));
}

std::vector<uint8_t> Receiver::take_output() {
  return std::exchange(output_, {});
}

}  // namespace media::rtmp
