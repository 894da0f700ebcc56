#include "media/pipelines/repair.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <system_error>

#include "media/base/bytes.h"
#include "media/base/log.h"
#include "media/pipelines/gst_runtime.h"

namespace media::pipelines {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kEbmlHeader = 0x1A45DFA3;  // RFC 8794 section 11.2
constexpr uint32_t kSegment = 0x18538067;     // RFC 9559 section 5.1
constexpr uint64_t kUnknownSize = 0x00FFFFFFFFFFFFFF;
// After an error in the damaged tail the muxer still gets its end within this.
constexpr GstClockTime kEndAfterError = 1 * GST_SECOND;

// An element's size (RFC 8794 section 4): a length in the leading zeros of the first byte.
std::optional<uint64_t> read_size(ByteReader& in) {
  const uint8_t first = in.u8();
  int length = 1;
  while (length <= 8 && (first & (0x80 >> (length - 1))) == 0) ++length;
  if (length > 8) return std::nullopt;
  uint64_t value = first & (0xffU >> length);
  for (int i = 1; i < length; ++i) value = (value << 8) | in.u8();
  if (!in.ok()) return std::nullopt;
  return length < 8 && value == (1ULL << (7 * length)) - 1 ? kUnknownSize : value;
}

// The muxer writes the segment's size last of all: with it, index and duration are there too.
bool is_whole(const fs::path& path) {
  std::array<uint8_t, 256> head{};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
  struct stat facts {};
  const bool known = ::fstat(fd, &facts) == 0;
  ::close(fd);
  if (got <= 0 || !known) return false;
  ByteReader in(ByteSpan(head.data(), static_cast<size_t>(got)));
  if (in.u32() != kEbmlHeader) return false;
  const auto header = read_size(in);
  if (!header || *header > head.size()) return false;
  in.skip(static_cast<size_t>(*header));
  if (in.u32() != kSegment) return false;
  const auto size = read_size(in);
  if (!size || *size == kUnknownSize || *size == 0) return false;
  return in.position() + *size <= static_cast<uint64_t>(facts.st_size);
}

GstClockTime left_until(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now()).count();
  return left <= 0 ? 0 : static_cast<GstClockTime>(left);
}

// A demuxer's pad, linked to whatever takes it when it appears.
void link_to(GstElement* /*demux*/, GstPad* pad, gpointer next) {
  GstPad* target = gst_element_get_compatible_pad(static_cast<GstElement*>(next), pad, nullptr);
  if (target == nullptr) return;
  gst_pad_link(pad, target);
  gst_object_unref(target);
}

// filesrc ! matroskademux ! `next`; false when a plugin is missing.
bool add_reader(GstElement* bin, const fs::path& file, GstElement* next) {
  GstElement* source = add_element(bin, "filesrc", "in");
  GstElement* demux = add_element(bin, "matroskademux", "demux");
  if (source == nullptr || demux == nullptr || gst_element_link(source, demux) == FALSE)
    return false;
  g_object_set(source, "location", file.c_str(), nullptr);
  g_signal_connect(demux, "pad-added", G_CALLBACK(link_to), next);
  return true;
}

// Copies every whole frame of `from` into a new file with index and duration.
bool remux(const fs::path& from, const fs::path& to, Clock::time_point deadline) {
  ElementRef pipeline(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  GstElement* bin = pipeline.get();
  GstElement* mux = add_element(bin, from.extension() == ".mkv" ? "matroskamux" : "webmmux", "mux");
  GstElement* sink = add_element(bin, "filesink", "out");
  if (mux == nullptr || sink == nullptr || gst_element_link(mux, sink) == FALSE) return false;
  g_object_set(mux, "min-cluster-duration", gint64{500 * GST_MSECOND}, "max-cluster-duration",
               gint64{1000 * GST_MSECOND}, "writing-app", "Tongke", nullptr);
  g_object_set(sink, "location", to.c_str(), "sync", FALSE, "async", FALSE, nullptr);
  if (!add_reader(bin, from, mux)) return false;
  bool ended = false;
  if (gst_element_set_state(bin, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) {
    BusNews news = read_bus(bin, left_until(deadline));
    if (news.state == BusState::Failed) {
      // The tail that the crash cut: what stood before it has been passed on.
      news = read_bus(bin, std::min(kEndAfterError, left_until(deadline)));
    }
    ended = news.state == BusState::Ended;
  }
  gst_element_set_state(bin, GST_STATE_NULL);
  return ended;
}

// Reads the header and the first frame; nothing when there is none.
std::optional<Duration> read_duration(const fs::path& file, Clock::time_point deadline) {
  ElementRef pipeline(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  GstElement* bin = pipeline.get();
  GstElement* sink = add_element(bin, "fakesink", "out");
  if (sink == nullptr || !add_reader(bin, file, sink)) return std::nullopt;
  std::optional<Duration> out;
  gst_element_set_state(bin, GST_STATE_PAUSED);
  const GstClockTime wait = std::max<GstClockTime>(left_until(deadline), GST_MSECOND);
  gint64 duration = 0;
  // Paused is reached when the sink holds a frame.
  if (gst_element_get_state(bin, nullptr, nullptr, wait) == GST_STATE_CHANGE_SUCCESS &&
      gst_element_query_duration(bin, GST_FORMAT_TIME, &duration) != FALSE && duration > 0) {
    out = Duration::micros(duration / static_cast<gint64>(GST_USECOND));
  }
  gst_element_set_state(bin, GST_STATE_NULL);
  return out;
}

// The copy's bytes reach the disk before its name does: a crash in between leaves the old file.
bool replace_with(const fs::path& copy, const fs::path& original) {
  const int fd = ::open(copy.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced || ::rename(copy.c_str(), original.c_str()) != 0) return false;
  const int folder = ::open(original.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return true;
}

}  // namespace

RepairedFile repair_recording(const fs::path& directory, const std::string& file, Duration limit) {
  ensure_gst();
  const auto deadline = Clock::now() + std::chrono::microseconds(limit.as_micros());
  const fs::path path = directory / file;
  RepairedFile out{.file = file, .duration = {}, .playable = false};
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return out;
  if (!is_whole(path)) {
    const fs::path copy = path.string() + ".repair";
    fs::remove(copy, error);  // left by a repair that was itself cut off
    const bool copied = remux(path, copy, deadline) && read_duration(copy, deadline).has_value();
    if (!copied || !replace_with(copy, path)) {
      fs::remove(copy, error);
      logger("pipe")->warn("recording {} cannot be repaired and was left as it is", file);
      return out;
    }
    logger("pipe")->info("recording {} was cut off and has been repaired", file);
  }
  const auto duration = read_duration(path, deadline);
  out.playable = duration.has_value();
  out.duration = duration.value_or(Duration());
  return out;
}

std::vector<RepairedFile> repair_recordings(const fs::path& directory,
                                            const std::vector<std::string>& files) {
  std::vector<RepairedFile> out;
  out.reserve(files.size());
  for (const std::string& file : files) out.push_back(repair_recording(directory, file));
  return out;
}

}  // namespace media::pipelines
