// RTMP's chunk stream (Adobe's rtmp_specification_1.0, section 5.3): bytes in, messages out. Pure.
// What a sender may make us hold is limited; beyond, it is an error and the connection ends.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"

namespace media::rtmp {

// Section 5.4 and 7.1.
enum class MessageType : uint8_t {
  SetChunkSize = 1,
  Abort = 2,
  Acknowledgement = 3,
  UserControl = 4,
  WindowSize = 5,
  PeerBandwidth = 6,
  Audio = 8,
  Video = 9,
  CommandAmf3 = 17,
  Data = 18,
  Command = 20,
};

struct Message {
  MessageType type = MessageType::Command;
  uint32_t timestamp = 0;  // milliseconds, wraps
  uint32_t stream = 0;
  std::vector<uint8_t> payload;
};

class ChunkReader {
 public:
  static constexpr size_t kMaxMessage = 4 << 20;  // a key frame of 4K is half of it
  static constexpr size_t kMaxChunk = 1 << 20;
  static constexpr size_t kMaxStreams = 16;  // encoders use three to five
  static constexpr size_t kMaxHeld = 8 << 20;

  // Appends the messages that are complete. SetChunkSize and Abort are obeyed here and not handed
  // out. Errors (nothing may follow): TooLarge, Malformed (a chunk that continues nothing).
  Result<void> feed(ByteSpan bytes, std::vector<Message>& out);

 private:
  struct Header {
    uint32_t timestamp = 0;
    uint32_t delta = 0;
    bool extended = false;
    uint32_t length = 0;
    MessageType type = MessageType::Command;
    uint32_t stream = 0;
  };
  struct Stream {
    Header header;
    std::vector<uint8_t> payload;  // what has come of it
    bool open = false;
  };
  // What stands at the front, or Truncated when more bytes are needed.
  Result<size_t> take_chunk(ByteSpan bytes, std::vector<Message>& out);
  static void read_header(ByteReader& in, uint8_t format, Header& header);
  Result<void> finish(Stream& stream, std::vector<Message>& out);

  std::vector<uint8_t> pending_;
  std::map<uint32_t, Stream> streams_;
  size_t chunk_size_ = 128;  // section 5.4.1
  size_t held_ = 0;
};

// `payload` as chunks of at most `chunk_size` on chunk stream `csid` (2..63).
void write_message(std::vector<uint8_t>& out, uint8_t csid, MessageType type, uint32_t stream,
                   ByteSpan payload, size_t chunk_size);

}  // namespace media::rtmp
