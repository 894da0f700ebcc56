// Source packets in a pool, as ingress leaves them.
#pragma once

#include "media/base/packet_pool.h"
#include "media/codec/frame_info.h"
#include "media/rtp/packet_view.h"
#include "media/send/departure.h"
#include "tests/support/rtp_samples.h"

namespace media::send {

inline SourceFacts vp8_facts(int64_t sequence, int64_t timestamp, int64_t picture, uint8_t tl0 = 0,
                             uint8_t keyidx = 0) {
  SourceFacts f;
  f.codec = Codec::Vp8;
  f.sequence = sequence;
  f.timestamp = timestamp;
  f.picture_id = picture;
  f.frame.picture_id_bits = 15;
  f.frame.picture_id = static_cast<uint16_t>(picture & 0x7FFF);
  f.frame.tl0picidx = tl0;
  f.frame.keyidx = keyidx;
  return f;
}

inline PacketRef vp8_packet(PacketPool& pool, SourceFacts facts, const tests::Vp8Sample& vp8) {
  tests::RtpSample sample;
  sample.sequence = static_cast<uint16_t>(facts.sequence);
  sample.timestamp = static_cast<uint32_t>(facts.timestamp);
  sample.payload = tests::vp8_payload(vp8);
  const auto bytes = tests::build(sample);
  const auto view = rtp::PacketView::parse(bytes);
  facts.payload_offset = static_cast<uint16_t>(view->header_size());
  facts.payload_size = static_cast<uint16_t>(view->payload().size());
  PacketRef ref = pool.copy(bytes);
  ref.set_facts(facts);
  return ref;
}

}  // namespace media::send
