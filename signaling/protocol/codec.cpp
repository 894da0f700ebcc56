#include "signaling/protocol/codec.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "signaling/protocol/json_reader.h"
#include "signaling/protocol/json_writer.h"

namespace signaling::protocol {
namespace {

using nlohmann::json;

// Walks the text once before anything is built: syntax, UTF-8, depth, and each key once per object.
// Two parsers that disagree on which of two equal keys counts are a way past checks.
class StrictWalk final : public nlohmann::json_sax<json> {
 public:
  const char* error = "not JSON";

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override {
    keys_.emplace_back();
    return enter();
  }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    error = "the same key twice in one object";
    return false;
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(size_t) override { return enter(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool enter() {
    if (++depth_ <= kMaxDepth) return true;
    error = "nested too deeply";
    return false;
  }

  int depth_ = 0;
  std::vector<std::set<std::string>> keys_;
};

tl::unexpected<Malformed> malformed(ErrorCode code, std::string message,
                                    std::optional<RequestId> id = {}) {
  return tl::unexpected<Malformed>(Malformed{code, std::move(message), id});
}

std::optional<RequestId> readable_id(const json& object) {
  const auto it = object.find("id");
  if (it == object.end() || !it->is_number_unsigned()) return std::nullopt;
  const auto value = it->get<uint64_t>();
  return value <= static_cast<uint64_t>(kMaxExact) ? std::optional(static_cast<RequestId>(value))
                                                   : std::nullopt;
}

template <class Message>
Parsed<Message> parse(std::string_view text) {
  StrictWalk walk;
  if (!json::sax_parse(text, &walk)) return malformed(ErrorCode::BadJson, walk.error);
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return malformed(ErrorCode::BadJson, "not a JSON object");
  const std::optional<RequestId> id = readable_id(object);
  const auto name = object.find("t");
  if (name == object.end() || !name->is_string()) {
    return malformed(ErrorCode::BadMessage, "\"t\" must be a string", id);
  }
  JsonReader reader(object);
  Message message;
  if (!reader.named_alternative(name->get_ref<const std::string&>(), message)) {
    return malformed(ErrorCode::UnknownMessage, "no message has this \"t\"", id);
  }
  if (!reader.ok()) return malformed(ErrorCode::BadMessage, reader.error(), id);
  return message;
}

template <class Message>
std::string encode_any(const Message& message) {
  const json out = std::visit([](const auto& m) { return JsonWriter::message_of(m); }, message);
  // Names come from the database; a broken one must not stop a lesson.
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Parsed<ClientMessage> parse_client(std::string_view text) {
  if (text.size() > kMaxMessageBytes)
    return malformed(ErrorCode::TooLarge, "a message holds at most 64 KiB");
  return parse<ClientMessage>(text);
}

Parsed<ServerMessage> parse_server(std::string_view text) {
  return parse<ServerMessage>(text);
}

std::string encode(const ClientMessage& message) {
  return encode_any(message);
}
std::string encode(const ServerMessage& message) {
  return encode_any(message);
}

std::string_view kind_of(const Event& event) {
  return std::visit([](const auto& body) { return std::remove_cvref_t<decltype(body)>::kName; },
                    event.body);
}

std::string_view name_of(Role value) {
  return wire_name(value);
}
std::string_view name_of(ErrorCode value) {
  return wire_name(value);
}
std::string_view name_of(TrackSource value) {
  return wire_name(value);
}

}  // namespace signaling::protocol
