#include "media/rtmp/chunk_reader.h"

#include <algorithm>
#include <utility>

namespace media::rtmp {
namespace {

constexpr uint32_t kExtended = 0xffffff;

Result<size_t> more() {
  return fail(Errc::Truncated, "more bytes needed");
}

}  // namespace

Result<void> ChunkReader::feed(ByteSpan bytes, std::vector<Message>& out) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  size_t used = 0;
  while (used < pending_.size()) {
    const auto taken = take_chunk(ByteSpan(pending_).subspan(used), out);
    if (!taken && taken.error().code == Errc::Truncated) break;
    if (!taken) return tl::unexpected(taken.error());
    used += *taken;
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(used));
  return {};
}

// Section 5.3.1.2. Leaves `in` failed when the header is not complete.
void ChunkReader::read_header(ByteReader& in, uint8_t format, Header& header) {
  uint32_t field = 0;
  if (format <= 2) {
    field = in.u24();
    header.extended = field == kExtended;
  }
  if (format <= 1) {
    header.length = in.u24();
    header.type = static_cast<MessageType>(in.u8());
  }
  if (format == 0) {
    const ByteSpan id = in.bytes(4);  // the one little-endian field
    if (!id.empty()) {
      header.stream = uint32_t{id[0]} | (uint32_t{id[1]} << 8) | (uint32_t{id[2]} << 16) |
                      (uint32_t{id[3]} << 24);
    }
  }
  if (header.extended) {
    const uint32_t extended = in.u32();
    if (format <= 2) field = extended;
  }
  if (format == 0) {
    header.timestamp = field;
    header.delta = 0;
  } else if (format <= 2) {
    header.delta = field;
  }
}

Result<size_t> ChunkReader::take_chunk(ByteSpan bytes, std::vector<Message>& out) {
  ByteReader in(bytes);
  const uint8_t first = in.u8();
  const auto format = static_cast<uint8_t>(first >> 6);
  uint32_t csid = first & 0x3f;
  if (csid == 0) {
    csid = 64U + in.u8();
  } else if (csid == 1) {
    const uint32_t low = in.u8();
    csid = 64 + low + 256U * in.u8();
  }
  if (!in.ok()) return more();
  const auto known = streams_.find(csid);
  if (known == streams_.end() && streams_.size() >= kMaxStreams)
    return fail(Errc::TooLarge, "too many chunk streams");
  if (known == streams_.end() && format > 0)
    return fail(Errc::Malformed, "a chunk that continues nothing");
  // An incomplete chunk changes nothing: it is read again from its start.
  const bool open = known != streams_.end() && known->second.open;
  const size_t have = open ? known->second.payload.size() : 0;
  Header header = known != streams_.end() ? known->second.header : Header{};
  read_header(in, format, header);
  if (!in.ok()) return more();
  if (header.length > kMaxMessage) return fail(Errc::TooLarge, "message too long");
  if (format <= 1 && open) return fail(Errc::Malformed, "a message within a message");
  const size_t want = std::min(chunk_size_, header.length - have);
  if (in.remaining() < want) return more();
  if (held_ + want > kMaxHeld) return fail(Errc::TooLarge, "too much unfinished");
  held_ += want;
  if (!open) header.timestamp += header.delta;
  Stream& stream = streams_[csid];
  stream.header = header;
  stream.open = true;
  const ByteSpan body = in.bytes(want);
  stream.payload.insert(stream.payload.end(), body.begin(), body.end());
  if (stream.payload.size() == header.length) {
    if (auto done = finish(stream, out); !done) return tl::unexpected(done.error());
  }
  return in.position();
}

Result<void> ChunkReader::finish(Stream& stream, std::vector<Message>& out) {
  held_ -= stream.payload.size();
  stream.open = false;
  Message message{stream.header.type, stream.header.timestamp, stream.header.stream,
                  std::exchange(stream.payload, {})};
  ByteReader in(message.payload);
  if (message.type == MessageType::SetChunkSize) {
    const uint32_t size = in.u32();
    if (!in.ok() || size == 0 || size > kMaxChunk)
      return fail(Errc::TooLarge, "chunk size not acceptable");
    chunk_size_ = size;
  } else if (message.type == MessageType::Abort) {
    const auto aborted = streams_.find(in.u32());
    if (in.ok() && aborted != streams_.end() && aborted->second.open) {
      held_ -= aborted->second.payload.size();
      aborted->second.payload.clear();
      aborted->second.open = false;
    }
  } else {
    out.push_back(std::move(message));
  }
  return {};
}

void write_message(std::vector<uint8_t>& out, uint8_t csid, MessageType type, uint32_t stream,
                   ByteSpan payload, size_t chunk_size) {
  out.push_back(csid);
  for (int i = 0; i < 3; ++i) out.push_back(0);  // timestamp: ours say nothing of media
  for (int shift = 16; shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(payload.size() >> shift));
  out.push_back(static_cast<uint8_t>(type));
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(stream >> shift));
  for (size_t at = 0; at < payload.size(); at += chunk_size) {
    if (at > 0) out.push_back(static_cast<uint8_t>(0xc0 | csid));
    const ByteSpan part = payload.subspan(at, std::min(chunk_size, payload.size() - at));
    out.insert(out.end(), part.begin(), part.end());
  }
}

}  // namespace media::rtmp
