// What every pipeline needs of GStreamer: one start, owned objects, and errors as values instead of
// main-loop callbacks. The only header of this folder's interface is recorder.h and repair.h; gst/
// is not seen outside.
#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>
#include <utility>

namespace media::pipelines {

// gst_init, once per process; any thread.
void ensure_gst();

// A reference to an element, given back at the end.
class ElementRef {
 public:
  ElementRef() = default;
  explicit ElementRef(GstElement* owned) : element_(owned) {}
  ~ElementRef() { reset(); }
  ElementRef(ElementRef&& other) noexcept : element_(std::exchange(other.element_, nullptr)) {}
  ElementRef& operator=(ElementRef&& other) noexcept {
    if (this != &other) {
      reset();
      element_ = std::exchange(other.element_, nullptr);
    }
    return *this;
  }
  ElementRef(const ElementRef&) = delete;
  ElementRef& operator=(const ElementRef&) = delete;

  [[nodiscard]] GstElement* get() const { return element_; }
  explicit operator bool() const { return element_ != nullptr; }
  GstElement* release() { return std::exchange(element_, nullptr); }
  void reset() {
    if (element_ != nullptr) gst_object_unref(element_);
    element_ = nullptr;
  }

 private:
  GstElement* element_ = nullptr;
};

// Makes an element and gives it to `bin`; nullptr when the plugin is not installed. Borrowed.
GstElement* add_element(GstElement* bin, const char* factory, const char* name);

enum class BusState : uint8_t { Running, Ended, Failed };
struct BusNews {
  BusState state = BusState::Running;
  std::string error;  // for Failed: a sentence
};

// Takes what the pipeline has posted so far, or waits up to `wait_ns` for the end or an error.
// Never needs a main loop; any one thread.
BusNews read_bus(GstElement* pipeline, GstClockTime wait_ns = 0);

}  // namespace media::pipelines
