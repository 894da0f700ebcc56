#include "media/api/link_tracks.h"

#include <algorithm>
#include <string>

namespace media::api {

namespace {
// Dynamic payload types (RFC 3551 section 3); streams are told apart by ssrc, so all tracks share
// them.
constexpr uint8_t kFirstPayloadType = 96;
constexpr size_t kMaxCodecs = 15;  // two types each, up to 127
constexpr size_t kMaxLinkLayers = 3;
}  // namespace

rtp::ExtensionMap link_extensions() {
  rtp::ExtensionMap map;
  map.audio_level = 1;
  map.transport_cc = 2;
  map.video_orientation = 3;
  map.abs_capture_time = 4;
  map.dependency_descriptor = 5;
  return map;
}

LinkedTrack number_for_link(const PublishedSection& section,
                            const std::function<Ssrc()>& next_ssrc) {
  LinkedTrack track;
  track.kind = section.kind;
  track.source = section.source;
  for (size_t i = 0; i < std::min(section.codecs.size(), kMaxCodecs); ++i) {
    CodecParams codec = section.codecs[i];
    codec.payload_type = static_cast<uint8_t>(kFirstPayloadType + 2 * i);
    codec.rtx_payload_type = static_cast<uint8_t>(kFirstPayloadType + 2 * i + 1);
    // Between servers sound is repaired too.
    codec.nack = true;
    codec.pli = section.kind == MediaKind::Video;
    codec.fir = false;
    codec.transport_cc = true;
    track.codecs.push_back(std::move(codec));
  }
  const size_t layers = std::clamp<size_t>(section.rids.size(), 1, kMaxLinkLayers);
  for (size_t i = 0; i < layers; ++i) track.layers.push_back({next_ssrc(), next_ssrc()});
  return track;
}

std::vector<ReceiveSection> sending_sections(const LinkedTrack& track,
                                             const std::function<SlotId()>& next_slot) {
  std::vector<ReceiveSection> sections;
  for (size_t i = 0; i < track.layers.size(); ++i) {
    ReceiveSection section;
    section.slot = next_slot();
    section.kind = track.kind;
    section.codecs = track.codecs;
    section.ssrc = track.layers[i].media;
    section.rtx_ssrc = track.layers[i].rtx;
    if (track.layers.size() > 1) section.only_layer = static_cast<uint8_t>(i);
    sections.push_back(std::move(section));
  }
  return sections;
}

PublishedSection receiving_section(TrackId as, const LinkedTrack& track) {
  PublishedSection section;
  section.track = as;
  section.kind = track.kind;
  section.source = track.source;
  section.codecs = track.codecs;
  for (size_t i = 0; i < std::min(track.layers.size(), kMaxLinkLayers); ++i) {
    if (track.layers.size() > 1) section.rids.push_back(std::to_string(i));
    section.ssrcs.push_back({track.layers[i].media, track.layers[i].rtx, static_cast<uint8_t>(i)});
  }
  return section;
}

}  // namespace media::api
