// The visitor of describe.h that writes a message's fields into a JSON object.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "signaling/protocol/describe.h"
#include "signaling/protocol/names.h"

namespace signaling::protocol {

class JsonWriter {
 public:
  explicit JsonWriter(nlohmann::json& out) : out_(out) {}

  void text(const char* name, const std::string& v, size_t, size_t) { out_[name] = v; }
  void characters(const char* name, const std::string& v, size_t, size_t) { out_[name] = v; }
  void nullable_text(const char* name, const std::optional<std::string>& v, size_t) {
    out_[name] = v ? nlohmann::json(*v) : nlohmann::json(nullptr);
  }
  void optional_text(const char* name, const std::optional<std::string>& v, size_t) {
    if (v) out_[name] = *v;
  }
  void integer(const char* name, int64_t v, int64_t, int64_t) { out_[name] = v; }
  void optional_integer(const char* name, const std::optional<int64_t>& v, int64_t, int64_t) {
    if (v) out_[name] = *v;
  }
  void number(const char* name, double v, double, double) { out_[name] = v; }
  void boolean(const char* name, bool v) { out_[name] = v; }
  void flag(const char* name, bool v) {
    if (v) out_[name] = true;
  }
  template <class E>
  void choice(const char* name, E v) {
    out_[name] = wire_name(v).empty() ? nlohmann::json(nullptr) : nlohmann::json(wire_name(v));
  }
  template <class T>
  void object(const char* name, const T& v) {
    out_[name] = object_of(v);
  }
  template <class T>
  void optional_object(const char* name, const std::optional<T>& v) {
    if (v) out_[name] = object_of(*v);
  }
  void texts(const char* name, const std::vector<std::string>& v, size_t, size_t) {
    out_[name] = v;
  }
  template <class T>
  void objects(const char* name, const std::vector<T>& v, size_t) {
    auto& list = out_[name] = nlohmann::json::array();
    for (const T& item : v) list.push_back(object_of(item));
  }
  template <class T>
  void messages(const char* name, const std::vector<T>& v) {
    auto& list = out_[name] = nlohmann::json::array();
    for (const T& item : v) list.push_back(message_of(item));
  }
  template <class T>
  void object_map(const char* name, const std::map<std::string, T>& v) {
    auto& map = out_[name] = nlohmann::json::object();
    for (const auto& [key, item] : v) map[key] = object_of(item);
  }
  template <class T>
  void nullable_objects(const char* name, const std::map<std::string, std::optional<T>>& v) {
    auto& map = out_[name] = nlohmann::json::object();
    for (const auto& [key, item] : v) map[key] = item ? object_of(*item) : nlohmann::json(nullptr);
  }
  void integers(const char* name, const std::map<std::string, int64_t>& v, int64_t, int64_t) {
    auto& map = out_[name] = nlohmann::json::object();
    for (const auto& [key, item] : v) map[key] = item;
  }
  template <class... T>
  void alternative(const char* name, const std::variant<T...>& v) {
    std::visit(
        [&](const auto& chosen) {
          out_[name] = std::remove_cvref_t<decltype(chosen)>::kName;
          describe(*this, chosen);
        },
        v);
  }

  template <class T>
  static nlohmann::json message_of(const T& v) {
    nlohmann::json out = object_of(v);
    out["t"] = T::kName;
    return out;
  }

 private:
  template <class T>
  static nlohmann::json object_of(const T& v) {
    nlohmann::json out = nlohmann::json::object();
    JsonWriter writer(out);
    describe(writer, v);
    return out;
  }

  nlohmann::json& out_;
};

}  // namespace signaling::protocol
