#include "media/layers/frame_selector.h"

#include <algorithm>

namespace media::layers {

namespace {
constexpr int64_t kFrameWindow = 64;
}  // namespace

void FrameSelector::set_limit(LayerLimit limit) {
  limit_ = limit;
  pictures_waiting_ = 0;
}

void FrameSelector::restart() {
  const LayerLimit limit = limit_;
  *this = FrameSelector();
  limit_ = limit;
}

bool FrameSelector::wants_key_frame() const {
  if (must_restart_) return true;
  // AV1: another target; or none, since a new structure began and its key frame is missing.
  if (structure_version_ != 0) return wanted_target_ >= 0 && target_ != wanted_target_;
  // Full SVC goes down by itself; up, or anywhere between layers that do not refer to each other,
  // needs a key frame. spatial_ is never above what the stream has.
  if (limit_.spatial < spatial_ && layers_independent_) return true;
  if (limit_.spatial > spatial_ && upper_is_sent_) return true;
  return pictures_waiting_ > kSwitchPatience;
}

FrameSelector::Verdict FrameSelector::on_packet(const Input& in) {
  switch (in.codec) {
    case Codec::Vp8:
      return on_vp8(in);
    case Codec::Vp9:
      return on_vp9(in);
    case Codec::Av1:
      if (in.dependencies == nullptr || in.structure == nullptr) break;
      return on_av1(in);
    case Codec::H264:
      return on_h264(in);
    case Codec::Opus:
      break;
  }
  return {};
}

void FrameSelector::begin_picture(int64_t picture) {
  picture_ = picture;
  if (temporal_ > limit_.temporal) temporal_ = limit_.temporal;
  const bool wants_more = temporal_ < std::min(limit_.temporal, highest_temporal_);
  pictures_waiting_ = wants_more ? pictures_waiting_ + 1 : 0;
}

// ---- VP8 ----

FrameSelector::Verdict FrameSelector::on_vp8(const Input& in) {
  const codec::FrameInfo& frame = in.frame;
  highest_temporal_ = std::max(highest_temporal_, frame.temporal_id);
  if (in.picture > picture_) {
    begin_picture(in.picture);
  }
  if (frame.is_key_frame) {
    temporal_ = limit_.temporal;
  } else if (frame.layer_sync && frame.temporal_id == temporal_ + 1 &&
             frame.temporal_id <= limit_.temporal) {
    // Only by one: what lies between may refer to frames that were not sent.
    temporal_ = frame.temporal_id;
  }
  return {frame.temporal_id <= temporal_, false};
}

// ---- H.264 ----

FrameSelector::Verdict FrameSelector::on_h264(const Input& in) const {
  // Without a descriptor the stream tells only which frames nobody refers to: the highest temporal
  // layer where there are several.
  return {limit_.temporal > 0 || !in.frame.is_discardable, false};
}

// ---- VP9 ----

void FrameSelector::begin_vp9_picture(const Input& in) {
  begin_picture(in.picture);
  const codec::FrameInfo& frame = in.frame;
  if (frame.is_key_frame) {
    key_picture_ = in.picture;
    spatial_ = limit_.spatial;
    if (frame.spatial_layers != 0)
      spatial_ = std::min(spatial_, static_cast<uint8_t>(frame.spatial_layers - 1));
    temporal_ = limit_.temporal;
    layers_independent_ = false;
    must_restart_ = false;
    short_pictures_ = 0;
    pictures_waiting_ = 0;
    return;
  }
  // Every layer below was sent too, so that fewer can be decoded from any picture on.
  if (!layers_independent_ && spatial_ > limit_.spatial) spatial_ = limit_.spatial;
}

// Learns from a picture's last packet how many layers it had.
void FrameSelector::note_vp9_end(const Input& in) {
  const uint8_t top = in.frame.spatial_id;
  upper_is_sent_ = top > spatial_;
  if (top >= spatial_) {
    short_pictures_ = 0;
    return;
  }
  if (in.picture == key_picture_) {
    spatial_ = top;
    return;
  }
  if (++short_pictures_ < kVanishedAfter) return;
  short_pictures_ = 0;
  if (layers_independent_) must_restart_ = true;
  spatial_ = top;
}

FrameSelector::Verdict FrameSelector::on_vp9(const Input& in) {
  const codec::FrameInfo& frame = in.frame;
  highest_temporal_ = std::max(highest_temporal_, frame.temporal_id);
  const bool first_was_overtaken =
      in.picture == picture_ && frame.is_key_frame && key_picture_ != in.picture;
  if (in.picture > picture_ || first_was_overtaken) begin_vp9_picture(in);
  const bool in_key_picture = in.picture == key_picture_;
  if (frame.starts_frame && frame.spatial_id > 0 && !in_key_picture && frame.inter_predicted)
    layers_independent_ = !frame.inter_layer;

  // A layer's frame that refers to nothing but the layer below, which was sent: it may begin here.
  const bool may_begin = frame.starts_frame && !frame.inter_predicted && frame.inter_layer;
  if (may_begin && frame.spatial_id == spatial_ + 1 && frame.spatial_id <= limit_.spatial &&
      frame.temporal_id <= temporal_) {
    spatial_ = frame.spatial_id;
  }
  Verdict verdict;
  verdict.forward = !must_restart_ && frame.spatial_id <= spatial_ &&
                    frame.temporal_id <= temporal_ &&
                    (frame.spatial_id == spatial_ || in_key_picture || !layers_independent_);
  verdict.ends_picture = frame.ends_layer && frame.spatial_id == spatial_;
  if (frame.ends_frame) note_vp9_end(in);
  if (verdict.forward && frame.layer_sync && frame.ends_layer && frame.spatial_id == spatial_ &&
      temporal_ < limit_.temporal) {
    temporal_ = limit_.temporal;
  }
  return verdict;
}

// ---- AV1 ----

bool FrameSelector::was_sent(int64_t frame) const {
  const int64_t back = newest_frame_ - frame;
  return back >= 0 && back < kFrameWindow && ((sent_frames_ >> back) & 1U) != 0;
}

bool FrameSelector::is_decodable(const codec::DependencyFacts& facts) const {
  for (size_t i = 0; i < facts.diff_count; ++i) {
    if (!was_sent(facts.frame - facts.diffs[i])) return false;
  }
  return true;
}

void FrameSelector::note_frame(int64_t frame, bool sent) {
  if (frame > newest_frame_) {
    const int64_t step = newest_frame_ == INT64_MIN ? kFrameWindow : frame - newest_frame_;
    sent_frames_ = step >= kFrameWindow ? 0 : sent_frames_ << step;
    known_frames_ = step >= kFrameWindow ? 0 : known_frames_ << step;
    newest_frame_ = frame;
  }
  const int64_t back = newest_frame_ - frame;
  if (back >= kFrameWindow) return;
  known_frames_ |= uint64_t{1} << back;
  if (sent) sent_frames_ |= uint64_t{1} << back;
}

// The best decode target within the limit that is being sent; the least one when none is within.
void FrameSelector::choose_target(const codec::DependencyFacts& facts,
                                  const codec::DependencyStructure& structure) {
  const auto rank = [&](size_t i) {
    return structure.targets[i].spatial_id * 256 + structure.targets[i].temporal_id;
  };
  int best = -1;
  int least = -1;
  for (size_t i = 0; i < structure.target_count; ++i) {
    if (((facts.active_targets >> i) & 1U) == 0) continue;
    const auto at = static_cast<int>(i);
    if (least < 0 || rank(i) < rank(static_cast<size_t>(least))) least = at;
    const auto& layers = structure.targets[i];
    if (layers.spatial_id > limit_.spatial || layers.temporal_id > limit_.temporal) continue;
    if (best < 0 || rank(i) > rank(static_cast<size_t>(best))) best = at;
  }
  wanted_target_ = static_cast<int8_t>(best >= 0 ? best : least);
}

FrameSelector::Verdict FrameSelector::on_av1(const Input& in) {
  const codec::DependencyFacts& facts = *in.dependencies;
  const codec::DependencyStructure& structure = *in.structure;
  const int64_t back = newest_frame_ == INT64_MIN ? -1 : newest_frame_ - facts.frame;
  Verdict verdict;
  if (back >= 0 && (back >= kFrameWindow || ((known_frames_ >> back) & 1U) != 0)) {
    // Another packet of a frame that was judged.
    verdict.forward = was_sent(facts.frame);
  } else if (structure.version < structure_version_) {
    // Overtaken by a new structure: its decode targets mean nothing any more.
    verdict.forward = false;
    note_frame(facts.frame, false);
  } else {
    if (structure.version != structure_version_) {
      structure_version_ = structure.version;
      target_ = -1;
    }
    choose_target(facts, structure);
    if (wanted_target_ >= 0 && wanted_target_ != target_) {
      const auto dti = codec::indication_of(facts.indications, static_cast<size_t>(wanted_target_));
      if (dti == codec::Indication::Switch && is_decodable(facts)) target_ = wanted_target_;
    }
    verdict.forward =
        target_ >= 0 && codec::indication_of(facts.indications, static_cast<size_t>(target_)) !=
                            codec::Indication::NotPresent;
    note_frame(facts.frame, verdict.forward);
  }
  if (target_ >= 0 && structure.version == structure_version_) {
    const auto& target = structure.targets[static_cast<uint8_t>(target_)];
    spatial_ = target.spatial_id;
    temporal_ = target.temporal_id;
  }
  verdict.ends_picture = facts.ends_frame && facts.spatial_id == spatial_;
  return verdict;
}

}  // namespace media::layers
