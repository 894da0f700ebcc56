#include "media/hls/fmp4.h"

#include <fmt/format.h>

#include <string_view>

#include "media/base/check.h"

namespace media::hls {
namespace {

// Appends boxes to a string; a box's length is filled in when its scope ends.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void u8(uint32_t v) { out_.push_back(static_cast<char>(static_cast<uint8_t>(v))); }
  void u16(uint32_t v) {
    u8(v >> 8);
    u8(v);
  }
  void u32(uint32_t v) {
    u16(v >> 16);
    u16(v);
  }
  void u64(uint64_t v) {
    u32(static_cast<uint32_t>(v >> 32));
    u32(static_cast<uint32_t>(v));
  }
  void zeros(size_t n) { out_.append(n, '\0'); }
  void text(std::string_view v) { out_.append(v); }
  void patch_u32(size_t at, uint32_t v) {
    for (size_t i = 0; i < 4; ++i) out_[at + i] = static_cast<char>(v >> (24 - 8 * i));
  }
  [[nodiscard]] size_t size() const { return out_.size(); }

 private:
  std::string& out_;
};

class Box {
 public:
  Box(Writer& w, std::string_view type) : w_(w), at_(w.size()) {
    w.u32(0);
    w.text(type);
  }
  // A full box: version and flags (14496-12 section 4.2).
  Box(Writer& w, std::string_view type, uint32_t version, uint32_t flags) : Box(w, type) {
    w.u32((version << 24) | flags);
  }
  ~Box() { w_.patch_u32(at_, static_cast<uint32_t>(w_.size() - at_)); }
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

 private:
  Writer& w_;
  size_t at_;
};

void unity_matrix(Writer& w) {
  for (const uint32_t v : {0x10000U, 0U, 0U, 0U, 0x10000U, 0U, 0U, 0U, 0x40000000U}) w.u32(v);
}

void write_mvhd(Writer& w) {
  const Box box(w, "mvhd", 0, 0);
  w.zeros(8);      // creation, modification
  w.u32(1000);     // timescale
  w.u32(0);        // duration: unknown, it is live
  w.u32(0x10000);  // rate 1.0
  w.u16(0x100);    // volume 1.0
  w.zeros(10);
  unity_matrix(w);
  w.zeros(24);
  w.u32(kAudioTrackId + 1);  // next track
}

void write_tkhd(Writer& w, uint32_t id, const VideoFormat* video) {
  constexpr uint32_t kEnabledInMovie = 3;
  const Box box(w, "tkhd", 0, kEnabledInMovie);
  w.zeros(8);
  w.u32(id);
  w.zeros(4);
  w.u32(0);
  w.zeros(8);
  w.u16(0);
  w.u16(0);
  w.u16(video == nullptr ? 0x100 : 0);
  w.u16(0);
  unity_matrix(w);
  w.u32(video == nullptr ? 0U : static_cast<uint32_t>(video->width) << 16);
  w.u32(video == nullptr ? 0U : static_cast<uint32_t>(video->height) << 16);
}

void write_avc1(Writer& w, const VideoFormat& video) {
  const Box box(w, "avc1");
  w.zeros(6);
  w.u16(1);  // data reference
  w.zeros(16);
  w.u16(video.width);
  w.u16(video.height);
  w.u32(0x480000);  // 72 dpi
  w.u32(0x480000);
  w.u32(0);
  w.u16(1);  // frames per sample
  w.zeros(32);
  w.u16(0x18);
  w.u16(0xffff);
  const Box avcc(w, "avcC");
  w.text(video.avc_config);
}

// A descriptor of 14496-1 section 7.2.2 with a one-byte length, which all of ours fit.
void descriptor(Writer& w, uint32_t tag, size_t size) {
  CHECK(size < 128);
  w.u8(tag);
  w.u8(static_cast<uint32_t>(size));
}

void write_esds(Writer& w, const AudioFormat& audio) {
  const Box box(w, "esds", 0, 0);
  const size_t specific = audio.aac_config.size();
  constexpr size_t kConfigHead = 13;
  descriptor(w, 3, 3 + 2 + kConfigHead + 2 + specific + 3);  // ES_Descriptor
  w.u16(0);
  w.u8(0);
  descriptor(w, 4, kConfigHead + 2 + specific);  // DecoderConfigDescriptor
  w.u8(0x40);                                    // MPEG-4 audio
  w.u8(0x15);                                    // audio stream
  w.zeros(3 + 4 + 4);                            // buffer size and rates: not told
  descriptor(w, 5, specific);                    // DecoderSpecificInfo
  w.text(audio.aac_config);
  descriptor(w, 6, 1);  // SLConfigDescriptor
  w.u8(2);
}

void write_mp4a(Writer& w, const AudioFormat& audio) {
  const Box box(w, "mp4a");
  w.zeros(6);
  w.u16(1);
  w.zeros(8);
  w.u16(audio.channels);
  w.u16(16);
  w.zeros(4);
  w.u32(audio.rate << 16);
  write_esds(w, audio);
}

void empty_table(Writer& w, std::string_view type) {
  const Box box(w, type, 0, 0);
  w.u32(0);
}

void write_stbl(Writer& w, const VideoFormat* video, const AudioFormat* audio) {
  const Box box(w, "stbl");
  {
    const Box stsd(w, "stsd", 0, 0);
    w.u32(1);
    if (video != nullptr)
      write_avc1(w, *video);
    else
      write_mp4a(w, *audio);
  }
  empty_table(w, "stts");
  empty_table(w, "stsc");
  {
    const Box stsz(w, "stsz", 0, 0);
    w.u32(0);
    w.u32(0);
  }
  empty_table(w, "stco");
}

void write_minf(Writer& w, const VideoFormat* video, const AudioFormat* audio) {
  const Box box(w, "minf");
  if (video != nullptr) {
    const Box vmhd(w, "vmhd", 0, 1);
    w.zeros(8);
  } else {
    const Box smhd(w, "smhd", 0, 0);
    w.zeros(4);
  }
  {
    const Box dinf(w, "dinf");
    const Box dref(w, "dref", 0, 0);
    w.u32(1);
    const Box url(w, "url ", 0, 1);  // in this file
  }
  write_stbl(w, video, audio);
}

// One of the two is set.
void write_trak(Writer& w, const VideoFormat* video, const AudioFormat* audio) {
  const Box box(w, "trak");
  write_tkhd(w, video != nullptr ? kVideoTrackId : kAudioTrackId, video);
  const Box mdia(w, "mdia");
  {
    const Box mdhd(w, "mdhd", 0, 0);
    w.zeros(8);
    w.u32(video != nullptr ? kVideoScale : audio->rate);
    w.u32(0);
    w.u16(0x55c4);  // "und"
    w.u16(0);
  }
  {
    const Box hdlr(w, "hdlr", 0, 0);
    w.u32(0);
    w.text(video != nullptr ? "vide" : "soun");
    w.zeros(12);
    w.text(video != nullptr ? "picture" : "sound");
    w.u8(0);
  }
  write_minf(w, video, audio);
}

void write_trex(Writer& w, uint32_t id) {
  const Box box(w, "trex", 0, 0);
  w.u32(id);
  w.u32(1);
  w.zeros(12);
}

// Section 8.8.3.1: depends on nothing, or on others and is no sync sample.
constexpr uint32_t kKeyFlags = 0x0200'0000;
constexpr uint32_t kDeltaFlags = 0x0101'0000;

// Returns where the data offset stands.
size_t write_traf(Writer& w, const TrackFragment& track) {
  const Box box(w, "traf");
  {
    constexpr uint32_t kDefaultBaseIsMoof = 0x20000;
    const Box tfhd(w, "tfhd", 0, kDefaultBaseIsMoof);
    w.u32(track.track_id);
  }
  {
    const Box tfdt(w, "tfdt", 1, 0);
    w.u64(track.decode_time);
  }
  constexpr uint32_t kOffsetDurationSizeFlags = 0x701;
  const Box trun(w, "trun", 0, kOffsetDurationSizeFlags);
  w.u32(static_cast<uint32_t>(track.samples.size()));
  const size_t offset_at = w.size();
  w.u32(0);
  for (const Sample& sample : track.samples) {
    w.u32(sample.duration);
    w.u32(static_cast<uint32_t>(sample.bytes.size()));
    w.u32(sample.is_key ? kKeyFlags : kDeltaFlags);
  }
  return offset_at;
}

}  // namespace

std::string init_segment(const VideoFormat* video, const AudioFormat* audio) {
  CHECK(video != nullptr || audio != nullptr);
  std::string out;
  Writer w(out);
  {
    const Box ftyp(w, "ftyp");
    w.text("iso6");
    w.u32(1);
    w.text("iso6mp41");
  }
  const Box moov(w, "moov");
  write_mvhd(w);
  if (video != nullptr) write_trak(w, video, nullptr);
  if (audio != nullptr) write_trak(w, nullptr, audio);
  const Box mvex(w, "mvex");
  if (video != nullptr) write_trex(w, kVideoTrackId);
  if (audio != nullptr) write_trex(w, kAudioTrackId);
  return out;
}

std::string fragment(uint32_t sequence, std::span<const TrackFragment> tracks) {
  std::string out;
  Writer w(out);
  std::vector<size_t> offsets;
  {
    const Box moof(w, "moof");
    {
      const Box mfhd(w, "mfhd", 0, 0);
      w.u32(sequence);
    }
    for (const TrackFragment& track : tracks) {
      if (!track.samples.empty()) offsets.push_back(write_traf(w, track));
    }
  }
  size_t next = 0;
  const Box mdat(w, "mdat");
  for (const TrackFragment& track : tracks) {
    if (track.samples.empty()) continue;
    w.patch_u32(offsets[next++], static_cast<uint32_t>(w.size()));
    for (const Sample& sample : track.samples) w.text(sample.bytes);
  }
  return out;
}

std::string avc_codec_name(const std::string& avc_config) {
  if (avc_config.size() < 4) return {};
  const auto at = [&](size_t i) { return static_cast<uint8_t>(avc_config[i]); };
  return fmt::format("avc1.{:02X}{:02X}{:02X}", at(1), at(2), at(3));
}

std::string aac_codec_name(const std::string& aac_config) {
  if (aac_config.empty()) return {};
  return fmt::format("mp4a.40.{}", static_cast<uint8_t>(aac_config[0]) >> 3);
}

}  // namespace media::hls
