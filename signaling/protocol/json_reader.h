// The visitor of describe.h that fills a message from a JSON object. The first field that does not
// fit is named in error(); what follows it is left alone.
#pragma once

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "signaling/protocol/describe.h"
#include "signaling/protocol/names.h"

namespace signaling::protocol {

// Unicode code points in valid UTF-8.
inline size_t count_characters(std::string_view utf8) {
  size_t n = 0;
  for (const char c : utf8) n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return n;
}

class JsonReader {
 public:
  // `object` is a JSON object and outlives the reader.
  explicit JsonReader(const nlohmann::json& object) : JsonReader(object, "", own_error_) {}

  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] bool ok() const { return error_.empty(); }

  void text(const char* name, std::string& v, size_t least, size_t most) {
    const auto* field = string_field(name);
    if (field == nullptr) return;
    if (field->size() < least) return refuse(name, "must not be empty");
    if (field->size() > most) return refuse(name, "is too long");
    v = *field;
  }
  void characters(const char* name, std::string& v, size_t least, size_t most) {
    const auto* field = string_field(name);
    if (field == nullptr) return;
    const size_t count = count_characters(*field);
    if (count < least) return refuse(name, "must not be empty");
    if (count > most) return refuse(name, "is too long");
    v = *field;
  }
  void nullable_text(const char* name, std::optional<std::string>& v, size_t most) {
    const nlohmann::json* field = required(name);
    if (field == nullptr) return;
    if (field->is_null()) return v.reset();
    v.emplace();
    text(name, *v, 1, most);
  }
  void optional_text(const char* name, std::optional<std::string>& v, size_t most) {
    if (find(name) != nullptr) nullable_text(name, v, most);
  }
  void integer(const char* name, int64_t& v, int64_t least, int64_t most) {
    const nlohmann::json* field = required(name);
    if (field != nullptr) read_integer(name, *field, v, least, most);
  }
  void optional_integer(const char* name, std::optional<int64_t>& v, int64_t least, int64_t most) {
    if (find(name) == nullptr) return;
    v.emplace();
    integer(name, *v, least, most);
  }
  void number(const char* name, double& v, double least, double most) {
    const nlohmann::json* field = required(name);
    if (field == nullptr) return;
    if (!field->is_number()) return refuse(name, "must be a number");
    const auto value = field->get<double>();
    if (!std::isfinite(value) || value < least || value > most)
      return refuse(name, "is out of range");
    v = value;
  }
  void boolean(const char* name, bool& v) {
    const nlohmann::json* field = required(name);
    if (field == nullptr) return;
    if (!field->is_boolean()) return refuse(name, "must be true or false");
    v = field->get<bool>();
  }
  // Absent means false.
  void flag(const char* name, bool& v) {
    v = false;
    if (find(name) != nullptr) boolean(name, v);
  }
  template <class E>
  void choice(const char* name, E& v) {
    const nlohmann::json* field = required(name);
    if (field == nullptr) return;
    if (!field->is_string() && !field->is_null()) return refuse(name, "must be a string");
    const std::optional<E> value =
        from_wire<E>(field->is_null() ? "" : field->get_ref<const std::string&>());
    if (!value) return refuse(name, "is not one of the known values");
    v = *value;
  }
  template <class T>
  void object(const char* name, T& v) {
    const nlohmann::json* field = required(name);
    if (field != nullptr) read_object(name, *field, v);
  }
  template <class T>
  void optional_object(const char* name, std::optional<T>& v) {
    const nlohmann::json* field = find(name);
    if (field == nullptr || field->is_null()) return;
    v.emplace();
    read_object(name, *field, *v);
  }
  void texts(const char* name, std::vector<std::string>& v, size_t most_bytes, size_t most_items) {
    const nlohmann::json* field = array_field(name, most_items);
    if (field == nullptr) return;
    for (const nlohmann::json& item : *field) {
      if (!item.is_string()) return refuse(name, "must hold strings only");
      const auto& value = item.get_ref<const std::string&>();
      if (value.empty() || value.size() > most_bytes)
        return refuse(name, "holds a string of the wrong length");
      v.push_back(value);
    }
  }
  template <class T>
  void objects(const char* name, std::vector<T>& v, size_t most_items) {
    const nlohmann::json* field = array_field(name, most_items);
    if (field == nullptr) return;
    for (const nlohmann::json& item : *field) {
      const std::string place = std::string(name) + "[" + std::to_string(v.size()) + "]";
      read_object(place.c_str(), item, v.emplace_back());
      if (!ok()) return;
    }
  }
  template <class T>
  void messages(const char* name, std::vector<T>& v) {
    objects(name, v, SIZE_MAX);
  }
  template <class T>
  void object_map(const char* name, std::map<std::string, T>& v) {
    const nlohmann::json* field = object_field(name);
    if (field == nullptr) return;
    for (const auto& [key, item] : field->items()) read_object(key.c_str(), item, v[key]);
  }
  template <class T>
  void nullable_objects(const char* name, std::map<std::string, std::optional<T>>& v) {
    const nlohmann::json* field = object_field(name);
    if (field == nullptr) return;
    for (const auto& [key, item] : field->items()) {
      std::optional<T>& value = v[key];
      if (!item.is_null()) read_object(key.c_str(), item, value.emplace());
    }
  }
  void integers(const char* name, std::map<std::string, int64_t>& v, int64_t least, int64_t most) {
    const nlohmann::json* field = object_field(name);
    if (field == nullptr) return;
    for (const auto& [key, item] : field->items())
      read_integer(key.c_str(), item, v[key], least, most);
  }
  template <class... T>
  void alternative(const char* name, std::variant<T...>& v) {
    const std::string* chosen = string_field(name);
    if (chosen == nullptr) return;
    if (!(read_if_named<T>(*chosen, v) || ...)) refuse(name, "is not one of the known values");
  }
  // As alternative(), but an unknown name is the caller's to report: false.
  template <class... T>
  bool named_alternative(std::string_view chosen, std::variant<T...>& v) {
    return (read_if_named<T>(chosen, v) || ...);
  }

 private:
  JsonReader(const nlohmann::json& object, std::string path, std::string& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  template <class T, class Variant>
  bool read_if_named(std::string_view chosen, Variant& v) {
    if (chosen != T::kName) return false;
    describe(*this, v.template emplace<T>());
    return true;
  }
  template <class T>
  void read_object(const char* name, const nlohmann::json& field, T& v) {
    if (!ok()) return;
    if (!field.is_object()) return refuse(name, "must be an object");
    JsonReader inner(field, path_ + name + ".", error_);
    describe(inner, v);
  }
  void read_integer(const char* name, const nlohmann::json& field, int64_t& v, int64_t least,
                    int64_t most) {
    if (!ok()) return;
    if (!field.is_number_integer()) return refuse(name, "must be a whole number");
    const bool too_large =
        field.is_number_unsigned() && field.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
    if (too_large || field.get<int64_t>() < least || field.get<int64_t>() > most) {
      return refuse(name, "is out of range");
    }
    v = field.get<int64_t>();
  }
  const nlohmann::json* find(const char* name) const {
    if (!ok()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() ? nullptr : &*it;
  }
  const nlohmann::json* required(const char* name) {
    if (!ok()) return nullptr;
    const nlohmann::json* field = find(name);
    if (field == nullptr) refuse(name, "is missing");
    return field;
  }
  const std::string* string_field(const char* name) {
    const nlohmann::json* field = required(name);
    if (field == nullptr) return nullptr;
    if (field->is_string()) return &field->get_ref<const std::string&>();
    refuse(name, "must be a string");
    return nullptr;
  }
  const nlohmann::json* array_field(const char* name, size_t most_items) {
    const nlohmann::json* field = required(name);
    if (field == nullptr) return nullptr;
    if (field->is_array() && field->size() <= most_items) return field;
    refuse(name, field->is_array() ? "has too many entries" : "must be a list");
    return nullptr;
  }
  const nlohmann::json* object_field(const char* name) {
    const nlohmann::json* field = required(name);
    if (field == nullptr || field->is_object()) return field;
    refuse(name, "must be an object");
    return nullptr;
  }
  void refuse(const char* name, const char* why) { error_ = "\"" + path_ + name + "\" " + why; }

  const nlohmann::json& object_;
  std::string path_;
  std::string own_error_;
  std::string& error_;
};

}  // namespace signaling::protocol
