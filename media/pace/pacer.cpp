#include "media/pace/pacer.h"

#include <algorithm>

namespace media::pace {

namespace {

// A train is sent ahead of its rate by at most this, since nobody looks here more often.
constexpr Duration kProbeAhead = Duration::millis(5);
// Room in front of a queue that is given back when it is this long.
constexpr size_t kCompactAt = 256;

double us_per_byte_at(DataRate rate, double factor) {
  if (rate <= DataRate() || rate == Pacer::kUnlimited) return 0;
  return 8e6 / (static_cast<double>(rate.as_bps()) * factor);
}

}  // namespace

void Pacer::set_target(Instant now, DataRate target, double factor) {
  const double before = us_per_byte_;
  us_per_byte_ = us_per_byte_at(target, factor);
  line_us_per_byte_ = us_per_byte_at(target, 1.0);
  burst_ = std::max(kBurst, Duration::micros(static_cast<int64_t>(kMinBurstBytes * us_per_byte_)));
  if (free_at_ <= now || before <= 0) {
    free_at_ = std::min(free_at_, now);
    return;
  }
  // What was sent too early is bytes, not time: at another rate it is another wait.
  const auto debt = static_cast<double>((free_at_ - now).as_micros());
  free_at_ = now + Duration::micros(static_cast<int64_t>(debt * us_per_byte_ / before));
}

bool Pacer::is_waiting(SlotId slot) const {
  return std::find(waiting_.begin(), waiting_.end(), slot) != waiting_.end();
}

bool Pacer::admits(const PacedPacket& packet) const {
  return packet.kind != PaceClass::Picture || packet.starts_key_frame || waiting_.empty() ||
         !is_waiting(packet.slot);
}

PaceAnswer Pacer::offer_slowly(Instant now, const PacedPacket& packet) {
  if (!admits(packet)) return PaceAnswer::Drop;
  if (packet.kind == PaceClass::Picture && packet.starts_key_frame)
    std::erase(waiting_, packet.slot);
  if (queued_ == 0 && free_at_ <= now + burst_) {
    end_train();
    charge(now, packet.bytes);
    return PaceAnswer::Send;
  }
  if (packet.kind == PaceClass::Repair && queue_time() > kMaxQueue) return PaceAnswer::Drop;
  (packet.kind == PaceClass::Repair ? repairs_ : pictures_).push_back({packet, false});
  ++queued_packets_;
  queued_ += packet.bytes;
  if (packet.in_key_frame) queued_key_bytes_ += packet.bytes;
  while (over_limit() && make_room()) {
  }
  return PaceAnswer::Queue;
}

bool Pacer::over_limit() const {
  const auto wait = [this](size_t bytes) {
    return Duration::micros(static_cast<int64_t>(static_cast<double>(bytes) * line_us_per_byte_));
  };
  return queued_packets_ > kMaxPackets || wait(queued_ - queued_key_bytes_) > kMaxQueue ||
         wait(queued_key_bytes_) > kMaxKeyFrame;
}

std::optional<SlotId> Pacer::victim() const {
  const PacedPacket* found = nullptr;
  for (size_t i = pictures_head_; i < pictures_.size(); ++i) {
    const Queued& item = pictures_[i];
    if (!item.dead && (found == nullptr || item.packet.importance > found->importance))
      found = &item.packet;
  }
  if (found == nullptr) return std::nullopt;
  return found->slot;
}

// False when there was nothing to drop.
bool Pacer::make_room() {
  if (const auto slot = victim()) return drop_of(*slot);
  for (size_t i = repairs_head_; i < repairs_.size(); ++i) {
    if (repairs_[i].dead) continue;
    bury(repairs_[i]);
    return true;
  }
  return false;
}

void Pacer::bury(Queued& item) {
  item.dead = true;
  dropped_.push_back(item.packet.handle);
  account_for_leaving(item.packet);
}

void Pacer::account_for_leaving(const PacedPacket& packet) {
  --queued_packets_;
  queued_ -= packet.bytes;
  if (packet.in_key_frame) queued_key_bytes_ -= packet.bytes;
}

// Drops what costs the least to miss: all before a key frame that waits further behind; else what
// follows the key frame in front; else everything.
bool Pacer::drop_of(SlotId slot) {
  size_t last_start = pictures_.size();
  size_t first = pictures_.size();
  size_t ordinary = 0;
  for (size_t i = pictures_head_; i < pictures_.size(); ++i) {
    const Queued& item = pictures_[i];
    if (item.dead || item.packet.slot != slot) continue;
    first = std::min(first, i);
    if (item.packet.starts_key_frame) last_start = i;
    if (!item.packet.in_key_frame) ++ordinary;
  }
  const bool newer_start = last_start != pictures_.size() && last_start > first;
  const bool spare_key = !newer_start && pictures_[first].packet.in_key_frame && ordinary > 0;
  const size_t end = newer_start ? last_start : pictures_.size();
  for (size_t i = first; i < end; ++i) {
    Queued& item = pictures_[i];
    if (item.dead || item.packet.slot != slot || (spare_key && item.packet.in_key_frame)) continue;
    bury(item);
  }
  if (!newer_start) wait_for_key_frame(slot);
  return true;
}

void Pacer::wait_for_key_frame(SlotId slot) {
  if (!is_waiting(slot)) waiting_.push_back(slot);
  if (std::find(wishes_.begin(), wishes_.end(), slot) == wishes_.end()) wishes_.push_back(slot);
}

void Pacer::forget(SlotId slot) {
  for (std::vector<Queued>* queue : {&repairs_, &pictures_}) {
    for (Queued& item : *queue) {
      if (!item.dead && item.packet.slot == slot) bury(item);
    }
  }
  std::erase(waiting_, slot);
  std::erase(wishes_, slot);
}

void Pacer::release(Instant now, std::vector<uint32_t>& handles) {
  if (queued_packets_ == 0 || free_at_ > now) return;
  end_train();
  send_from(repairs_, repairs_head_, now, handles);
  send_from(pictures_, pictures_head_, now, handles);
}

void Pacer::send_from(std::vector<Queued>& queue, size_t& head, Instant now,
                      std::vector<uint32_t>& handles) {
  for (; head < queue.size() && free_at_ <= now + burst_; ++head) {
    Queued& item = queue[head];
    if (item.dead) continue;
    item.dead = true;
    handles.push_back(item.packet.handle);
    account_for_leaving(item.packet);
    charge(now, item.packet.bytes);
  }
  if (head == queue.size()) {
    queue.clear();
    head = 0;
  } else if (head >= kCompactAt && head * 2 >= queue.size()) {
    queue.erase(queue.begin(), queue.begin() + static_cast<ptrdiff_t>(head));
    head = 0;
  }
}

Instant Pacer::next_release() const {
  return queued_packets_ == 0 ? Instant::never() : free_at_;
}

void Pacer::take_dropped(std::vector<uint32_t>& handles) {
  handles.insert(handles.end(), dropped_.begin(), dropped_.end());
  dropped_.clear();
}

void Pacer::take_key_frame_wishes(std::vector<SlotId>& slots) {
  slots.insert(slots.end(), wishes_.begin(), wishes_.end());
  wishes_.clear();
}

Duration Pacer::queue_time() const {
  return Duration::micros(static_cast<int64_t>(static_cast<double>(queued_) * line_us_per_byte_));
}

void Pacer::start_probe(Instant now, const ProbeTrain& train) {
  train_ = train;
  train_bytes_ = static_cast<int64_t>(train.bytes);
  train_packets_ = train.packets;
  train_since_ = now;
}

size_t Pacer::padding_due(Instant now) const {
  if (train_.id == 0 || queued_ > 0) return 0;
  if (train_bytes_ <= 0 && train_packets_ <= 0) return 0;
  const auto total = static_cast<int64_t>(train_.bytes);
  const auto left =
      std::max(train_bytes_, train_packets_ > 0 ? static_cast<int64_t>(kLeastPadding) : 0);
  const double us_per_byte = us_per_byte_at(train_.rate, 1.0);
  if (us_per_byte <= 0) return static_cast<size_t>(left);
  const auto elapsed = static_cast<double>((now - train_since_ + kProbeAhead).as_micros());
  const auto due = static_cast<int64_t>(elapsed / us_per_byte) - (total - train_bytes_);
  return due <= 0 ? 0 : static_cast<size_t>(std::min(due, left));
}

}  // namespace media::pace
