// One publication of one track on its way into a file: order, whole frames, times on the session
// clock.
//
//   on_packet -> ReorderBuffer -> FrameAssembler -> (held until the clock is known) -> TrackClock
//   -> SegmentWriter
//
// Owner and thread: Recorder.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/time.h"
#include "media/pipelines/disk_syncer.h"
#include "media/pipelines/frame_assembler.h"
#include "media/pipelines/recorder.h"
#include "media/pipelines/segment_writer.h"
#include "media/pipelines/track_clock.h"
#include "media/receive/reorder_buffer.h"
#include "media/tap/tap_ring.h"

namespace media::pipelines {

class TrackRecorder {
 public:
  struct Params {
    RoomId room;
    TrackId track;
    Codec codec = Codec::Opus;
    Source source = Source::Microphone;
    std::filesystem::path directory;
  };
  // How long a missing packet is waited for: a retransmission that takes longer missed its frame at
  // the viewers too.
  static constexpr Duration kReorderWait = Duration::seconds(1);
  // How long the first frames wait for a sender's report, which browsers send within a second.
  static constexpr Duration kClockWait = Duration::seconds(2);

  TrackRecorder(Params params, const std::function<void(RecorderEvent)>& on_event,
                DiskSyncer& syncer);
  ~TrackRecorder();

  void on_packet(Instant now, const tap::TapPacket& packet);
  // Call every few milliseconds: gives up waiting, reads what the pipeline says.
  void on_tick(Instant now);
  // No more packets: writes what is held and closes the file; is_closed() follows within
  // Recorder::kCloseLimit.
  void finish(Instant now);
  [[nodiscard]] bool is_closed() const { return stage_ == Stage::Closed; }

 private:
  enum class Stage : uint8_t { Recording, Finishing, Closed };
  struct Item {
    std::vector<uint8_t> payload;
    int64_t rtp = 0;
    bool marker = false;
  };

  void release(Instant now, bool all);
  void on_item(const receive::ReorderBuffer<Item>::Released& released);
  void on_frame(Frame frame);
  void write_held();
  void write(Frame frame);
  bool open_file(const Frame& first, Duration start);
  void poll_writer(Instant now);
  void close_file(std::string failure);
  [[nodiscard]] std::string free_name() const;
  [[nodiscard]] std::string mapping() const;

  Params params_;
  const std::function<void(RecorderEvent)>& on_event_;
  DiskSyncer& syncer_;
  receive::ReorderBuffer<Item> order_;
  FrameAssembler assembler_;
  std::optional<TrackClock> clock_;  // from the first packet on, which names the rate
  Stage stage_ = Stage::Recording;
  bool failed_ = false;       // nothing more is written for this publication
  bool clock_known_ = false;  // frames go straight through
  std::optional<Instant> clock_deadline_;
  std::optional<Instant> close_deadline_;
  std::deque<Frame> held_;
  std::unique_ptr<SegmentWriter> writer_;
  std::string file_;
  int sync_handle_ = -1;
  Duration start_;
  Duration end_;
  Duration last_step_;  // between the last two frames: what the last frame lasts
};

}  // namespace media::pipelines
