#include "media/hls/broadcast.h"

#include <utility>
#include <variant>

#include "media/rtcp/compound.h"
#include "media/rtp/packet_view.h"

namespace media::hls {
namespace {

uint32_t rate_of(MediaKind kind) {
  return kind == MediaKind::Audio ? 48'000 : kVideoScale;
}

}  // namespace

Outcome<std::unique_ptr<Broadcast>> Broadcast::make(const PictureDesk::Params& picture,
                                                    std::vector<Input> inputs, Instant start) {
  auto pictures = PictureDesk::make(picture);
  if (!pictures) return tl::unexpected(pictures.error());
  auto sound = SoundDesk::make();
  if (!sound) return tl::unexpected(sound.error());
  auto made =
      std::unique_ptr<Broadcast>(new Broadcast(std::move(*pictures), std::move(*sound), start));
  for (Input& input : inputs) {
    const uint32_t ssrc = input.ssrc.value;
    made->streams_[ssrc].input = std::move(input);
  }
  return made;
}

Broadcast::Broadcast(std::unique_ptr<PictureDesk> picture, std::unique_ptr<SoundDesk> sound,
                     Instant start)
    : picture_(std::move(picture)),
      sound_(std::move(sound)),
      packager_(static_cast<uint32_t>(SoundLine::kRate), Duration()),
      start_(start) {}

void Broadcast::on_rtp(Instant now, ByteSpan packet) {
  const auto view = rtp::PacketView::parse(packet);
  if (!view) return;
  const auto found = streams_.find(view->ssrc().value);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  const auto codec = stream.input.codecs.find(view->payload_type());
  if (codec == stream.input.codecs.end()) return;
  const ByteSpan payload = view->payload();
  stream.order.push(now, stream.sequences.unwrap(view->sequence()),
                    Item{{payload.begin(), payload.end()},
                         stream.timestamps.unwrap(view->timestamp()),
                         view->marker(),
                         codec->second});
  release(now, stream);
}

void Broadcast::on_rtcp(Instant now, ByteSpan compound) {
  rtcp::CompoundReader reader(compound);
  while (const auto block = reader.next()) {
    const auto* report = std::get_if<rtcp::SenderReport>(&*block);
    if (report == nullptr) continue;
    const auto found = streams_.find(report->sender.ssrc.value);
    if (found == streams_.end()) continue;
    const Stream& stream = found->second;
    clock_.on_sender_report(since_start(now), report->sender.ssrc, report->sender.ntp,
                            stream.timestamps.peek(report->sender.rtp_timestamp),
                            rate_of(stream.input.kind));
  }
}

void Broadcast::release(Instant now, Stream& stream) {
  while (auto item = stream.order.pop(now)) on_item(now, stream, std::move(*item));
}

void Broadcast::on_item(Instant now, Stream& stream,
                        receive::ReorderBuffer<Item>::Released released) {
  const Item& item = released.item;
  const Ssrc ssrc = stream.input.ssrc;
  const Duration at = clock_.capture_time(since_start(now), ssrc, item.rtp).session_time;
  if (stream.input.kind == MediaKind::Audio) {
    if (!item.payload.empty())
      sound_->on_packet(ssrc.value, item.payload, released.missing_before, at);
    return;
  }
  if (stream.codec != item.codec) {
    stream.codec = item.codec;
    stream.assembler.emplace(item.codec);
    stream.dropped = 0;
  }
  const auto frame =
      stream.assembler->push(item.payload, item.rtp, item.marker, released.missing_before > 0);
  if (std::exchange(stream.dropped, stream.assembler->dropped()) != stream.assembler->dropped())
    stream.wishes = true;
  if (!frame) return;
  const bool is_h264 = item.codec == Codec::H264;
  const bool usable =
      picture_->on_frame(stream.input.source, item.codec, *frame,
                         is_h264 ? stream.assembler->avc_config() : std::vector<uint8_t>(),
                         clock_.capture_time(since_start(now), ssrc, frame->rtp).session_time);
  if (!usable) stream.wishes = true;
  if (frame->is_key) stream.wishes = false;
}

Outcome<void> Broadcast::on_tick(Instant now) {
  for (auto& [ssrc, stream] : streams_) release(now, stream);
  const Duration until = since_start(now) - kLag;
  picture_->produce(until);
  sound_->produce(until);
  package();
  std::string failure = picture_->failure();
  if (failure.empty()) failure = sound_->failure();
  if (!failure.empty()) return env_fail(std::move(failure));
  return {};
}

void Broadcast::package() {
  for (Picture& picture : picture_->take()) packager_.push(std::move(picture));
  for (AacFrame& frame : sound_->take()) packager_.push(std::move(frame));
  const auto& video = picture_->format();
  const auto& audio = sound_->format();
  if (!video || !audio) return;
  if (!init_) {
    init_ = InitSegments{init_segment(&*video, &*audio), init_segment(nullptr, &*audio),
                         avc_codec_name(video->avc_config), aac_codec_name(audio->aac_config)};
  }
  for (MadePart& part : packager_.take()) made_.push_back(std::move(part));
}

std::vector<Ssrc> Broadcast::take_wishes(Instant now) {
  std::vector<Ssrc> out;
  for (auto& [ssrc, stream] : streams_) {
    if (!stream.wishes || now < stream.next_wish) continue;
    stream.next_wish = now + kWishInterval;
    out.push_back(stream.input.ssrc);
  }
  return out;
}

}  // namespace media::hls
