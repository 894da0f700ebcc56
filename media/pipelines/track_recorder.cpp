#include "media/pipelines/track_recorder.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "media/base/log.h"
#include "media/rtp/packet_view.h"

namespace media::pipelines {
namespace {

const char* source_name(Source source) {
  switch (source) {
    case Source::Microphone:
      return "microphone";
    case Source::Camera:
      return "camera";
    case Source::Screen:
      return "screen";
    case Source::ScreenAudio:
      return "screen-audio";
    case Source::Board:
      return "board";
  }
  return "track";
}

// The longest that the last frame of a picture is taken to last, when the one before it was long
// ago.
constexpr Duration kMaxLastStep = Duration::millis(100);

}  // namespace

TrackRecorder::TrackRecorder(Params params, const std::function<void(RecorderEvent)>& on_event,
                             DiskSyncer& syncer)
    : params_(std::move(params)),
      on_event_(on_event),
      syncer_(syncer),
      // A second of 4 Mbit/s with small packets.
      order_({.max_wait = kReorderWait, .max_items = 1024}),
      assembler_(params_.codec) {}

TrackRecorder::~TrackRecorder() {
  if (sync_handle_ >= 0) syncer_.remove(sync_handle_);
}

void TrackRecorder::on_packet(Instant now, const tap::TapPacket& packet) {
  if (stage_ != Stage::Recording || failed_) return;
  const auto view = rtp::PacketView::parse(ByteSpan(packet.bytes.data(), packet.size));
  if (!view || packet.clock_rate == 0) return;
  if (!clock_) clock_.emplace(packet.clock_rate);
  clock_->observe(packet.rtp_timestamp, packet.session_time, packet.from_sender_report);
  if (!clock_deadline_) clock_deadline_ = now + kClockWait;
  const ByteSpan payload = view->payload();
  // Empty ones too: padding fills its place in the sequence.
  order_.push(now, packet.sequence,
              Item{{payload.begin(), payload.end()}, packet.rtp_timestamp, view->marker()});
  release(now, false);
}

void TrackRecorder::on_tick(Instant now) {
  if (stage_ == Stage::Recording && !failed_) release(now, false);
  if (writer_) poll_writer(now);
}

void TrackRecorder::finish(Instant now) {
  if (stage_ != Stage::Recording) return;
  if (!failed_) release(now, true);
  stage_ = Stage::Finishing;
  close_deadline_ = now + Recorder::kCloseLimit;
  if (writer_) {
    writer_->finish();
    poll_writer(now);
  } else {
    stage_ = Stage::Closed;
  }
}

void TrackRecorder::release(Instant now, bool all) {
  while (auto released = order_.pop(now)) on_item(*released);
  while (all) {
    auto released = order_.drain();
    if (!released) break;
    on_item(*released);
  }
  const bool waited = clock_deadline_ && now >= *clock_deadline_;
  if (clock_ && (all || waited || clock_->has_sender_report())) clock_known_ = true;
  if (clock_known_) write_held();
}

void TrackRecorder::on_item(const receive::ReorderBuffer<Item>::Released& released) {
  const Item& item = released.item;
  auto frame = assembler_.push(item.payload, item.rtp, item.marker, released.missing_before > 0);
  if (frame) on_frame(std::move(*frame));
}

void TrackRecorder::on_frame(Frame frame) {
  // A picture begins with a key frame of known size; what comes before it nobody could decode.
  if (!writer_ && held_.empty() && params_.codec != Codec::Opus) {
    const bool decodable = frame.is_key && frame.width != 0 && frame.height != 0 &&
                           (params_.codec != Codec::H264 || !assembler_.avc_config().empty()) &&
                           (params_.codec != Codec::Av1 || !assembler_.av1_config().empty());
    if (!decodable) return;
  }
  held_.push_back(std::move(frame));
}

void TrackRecorder::write_held() {
  while (!held_.empty() && !failed_) {
    Frame frame = std::move(held_.front());
    held_.pop_front();
    write(std::move(frame));
  }
  if (failed_) held_.clear();
}

void TrackRecorder::write(Frame frame) {
  const Duration at = clock_->session_time(frame.rtp);
  if (!writer_ && !open_file(frame, at)) return;
  const Duration since = at - (end_ - last_step_);
  if (frame.duration > Duration()) {
    last_step_ = frame.duration;
  } else if (at > start_) {
    last_step_ = std::min(since, kMaxLastStep);
  }
  end_ = at + last_step_;
  writer_->push(std::move(frame), at - start_);
}

bool TrackRecorder::open_file(const Frame& first, Duration start) {
  SegmentWriter::Format format{params_.codec, first.width, first.height, {}};
  if (params_.codec == Codec::H264) format.codec_data = assembler_.avc_config();
  if (params_.codec == Codec::Av1) format.codec_data = assembler_.av1_config();
  file_ = free_name();
  start_ = start;
  end_ = start;
  auto writer = SegmentWriter::open(params_.directory / file_, format);
  if (!writer) {
    failed_ = true;
    logger("pipe")->warn("room {}: {}", params_.room.value, writer.error().message);
    on_event_(SegmentStarted{params_.track, file_, params_.codec, start_});
    on_event_(SegmentEnded{params_.track, file_, end_, mapping(), writer.error().message});
    return false;
  }
  writer_ = std::move(*writer);
  sync_handle_ = syncer_.add(writer_->descriptor());
  on_event_(SegmentStarted{params_.track, file_, params_.codec, start_});
  return true;
}

void TrackRecorder::poll_writer(Instant now) {
  switch (writer_->poll()) {
    case SegmentWriter::State::Writing:
      break;
    case SegmentWriter::State::Finishing:
      if (close_deadline_ && now >= *close_deadline_) {
        writer_->abort("The disk did not take the end of the file in time.");
        close_file(writer_->failure());
      }
      break;
    case SegmentWriter::State::Finished:
      close_file({});
      break;
    case SegmentWriter::State::Failed:
      close_file(writer_->failure());
      break;
  }
}

void TrackRecorder::close_file(std::string failure) {
  writer_->close();
  writer_.reset();
  if (sync_handle_ >= 0) syncer_.remove(std::exchange(sync_handle_, -1));
  if (!failure.empty()) {
    failed_ = true;
    logger("pipe")->warn("room {}: recording {} stopped: {}", params_.room.value, file_, failure);
  }
  on_event_(SegmentEnded{params_.track, file_, end_, mapping(), std::move(failure)});
  if (stage_ == Stage::Finishing) stage_ = Stage::Closed;
}

std::string TrackRecorder::mapping() const {
  return clock_ ? clock_->anchors_json() : "[]";
}

std::string TrackRecorder::free_name() const {
  const char* suffix = params_.codec == Codec::H264 ? "mkv" : "webm";
  // Track ids start anew with the process, the folder may hold files from before it.
  for (unsigned n = 1;; ++n) {
    std::string name =
        fmt::format("{}-{}-{}.{}", source_name(params_.source), params_.track.value, n, suffix);
    std::error_code error;
    if (!std::filesystem::exists(params_.directory / name, error)) return name;
  }
}

}  // namespace media::pipelines
