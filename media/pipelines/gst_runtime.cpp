#include "media/pipelines/gst_runtime.h"

#include <fmt/format.h>

#include <mutex>

#include "media/base/log.h"

namespace media::pipelines {

void ensure_gst() {
  static std::once_flag once;
  std::call_once(once, [] {
    GError* error = nullptr;
    if (gst_init_check(nullptr, nullptr, &error) == FALSE) {
      logger("pipe")->error(
          "GStreamer does not start ({}): nothing can be recorded; check the packages "
          "gstreamer1.0-*",
          error != nullptr ? error->message : "no reason given");
    }
    g_clear_error(&error);
  });
}

GstElement* add_element(GstElement* bin, const char* factory, const char* name) {
  GstElement* element = gst_element_factory_make(factory, name);
  if (element == nullptr || gst_bin_add(GST_BIN(bin), element) == FALSE) return nullptr;
  return element;
}

BusNews read_bus(GstElement* pipeline, GstClockTime wait_ns) {
  BusNews news;
  GstBus* bus = gst_element_get_bus(pipeline);
  constexpr auto kWanted = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  GstMessage* message = gst_bus_timed_pop_filtered(bus, wait_ns, kWanted);
  if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    news.state = BusState::Ended;
  } else if (message != nullptr) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    news.state = BusState::Failed;
    const bool full =
        g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT) != FALSE;
    news.error = full ? "The disk is full."
                      : fmt::format("{}: {}", GST_MESSAGE_SRC_NAME(message), error->message);
    g_clear_error(&error);
  }
  if (message != nullptr) gst_message_unref(message);
  gst_object_unref(bus);
  return news;
}

}  // namespace media::pipelines
