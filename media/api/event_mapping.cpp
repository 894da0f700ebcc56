#include "media/api/event_mapping.h"

#include <utility>
#include <variant>

namespace media::api {

namespace {

LossReason map_reason(engine::LossReason reason) {
  switch (reason) {
    case engine::LossReason::ConsentExpired:
      return LossReason::ConsentExpired;
    case engine::LossReason::HandshakeFailed:
      return LossReason::HandshakeFailed;
    case engine::LossReason::ClosedByPeer:
      return LossReason::ClosedByPeer;
    case engine::LossReason::OverLimit:
      return LossReason::OverLimit;
  }
  return LossReason::ConsentExpired;
}

struct FromEngine {
  Event operator()(const engine::PeerConnected& e) const { return PeerConnected{e.peer}; }
  Event operator()(const engine::PeerLost& e) const {
    return PeerLost{e.peer, map_reason(e.reason)};
  }
  Event operator()(const engine::ReliefChanged& e) const {
    return ReliefChanged{e.relief, e.peers};
  }
  Event operator()(const sfu::PeerQuality& e) const {
    return PeerQuality{e.peer, e.rtt, e.uplink_loss, e.downlink_loss, e.uplink_bps, e.downlink_bps};
  }
  Event operator()(const sfu::TrackActive& e) const { return TrackActive{e.track, e.active}; }
  Event operator()(const sfu::VoiceActivity& e) const {
    return VoiceActivity{e.room, e.track, e.speaking, e.at};
  }
  Event operator()(const sfu::SlotUndecodable& e) const {
    return SlotUndecodable{e.peer, e.slot, e.track, e.codec, e.over};
  }
  Event operator()(const sfu::TrackOverRate& e) const {
    return TrackOverRate{e.peer, e.track, e.limit_bps, e.over};
  }
  Event operator()(const sfu::AudioLevels& e) const {
    AudioLevels out;
    out.room = e.room;
    for (const auto& level : e.levels) out.levels.push_back({level.track, level.dbov});
    return out;
  }
};

struct FromRecorder {
  RoomId room;
  Event operator()(pipelines::SegmentStarted& e) const {
    return SegmentStarted{room, e.track, std::move(e.file), e.codec, e.start};
  }
  Event operator()(pipelines::SegmentEnded& e) const {
    return SegmentEnded{
        room, e.track, std::move(e.file), e.end, std::move(e.clock_mapping), std::move(e.failure)};
  }
  Event operator()(pipelines::RecordingFinished&) const { return RecordingFinished{room}; }
};

}  // namespace

Event to_api(engine::Event event) {
  return std::visit(FromEngine{}, event);
}

Event to_api(RoomId room, pipelines::RecorderEvent event) {
  return std::visit(FromRecorder{room}, event);
}

}  // namespace media::api
