// Reads one foreign source (a camera, a recorder, an encoder) and hands out pictures and sound.
// Built of GStreamer; meant for a child process, since what it decodes comes from strangers.
//
// Owner and thread: one caller, who polls. Nothing here waits longer than it is told to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/synthetic_picture.h"

namespace media::ingest {

enum class SourceKind : uint8_t {
  Rtsp,       // pull, RTP inside the RTSP connection (TCP)
  RtspUdp,    // pull, RTP over UDP
  Srt,        // pull: we call
  SrtListen,  // push: the encoder calls us
  Rtmp,       // pull
  Flv,        // bytes given to feed(): what an RTMP push carries
};

// Why a source cannot be shown. Words for people are the caller's; see reason_name().
enum class SourceFault : uint8_t {
  None,
  Unreachable,   // nobody answers there
  Unauthorized,  // wrong user name, password or passphrase
  NotFound,      // the host has no such stream
  NotMedia,      // what comes is no picture or sound
  Codec,         // no decoder for it
  Stalled,       // the connection stands, nothing comes
  Ended,         // the source said goodbye
  Broken,        // anything else
};
// "unreachable", "unauthorized", "not-found", "not-media", "codec", "stalled", "ended", "broken".
const char* fault_name(SourceFault fault);

struct SourceParams {
  SourceKind kind = SourceKind::Rtsp;
  std::string url = {};         // with everything the source needs, but user and password
  std::string user = {};        // RTSP, RTMP
  std::string password = {};    // RTSP, RTMP
  std::string passphrase = {};  // SRT encryption (10 to 79 bytes); empty: none
  std::string stream_id = {};   // SRT; empty: none
  Duration timeout = Duration::seconds(5);  // of connections and silent peers
};

struct VideoFrame {
  client::Picture picture;  // I420, at most 1280x720, even
  Duration stamp;           // the source's running time
};
struct AudioBlock {
  std::vector<int16_t> samples;  // mono, 48 kHz
  Duration stamp;                // of the first
};

class SourceReader {
 public:
  static constexpr int kMaxWidth = 1280;
  static constexpr int kMaxHeight = 720;
  static constexpr int kMaxRate = 30;

  // Errors: an element is not installed, or refuses its settings.
  static Outcome<std::unique_ptr<SourceReader>> open(const SourceParams& params);
  ~SourceReader();
  SourceReader(const SourceReader&) = delete;
  SourceReader& operator=(const SourceReader&) = delete;

  // SourceKind::Flv: the next bytes of the stream. False when the decoder does not keep up.
  bool feed(ByteSpan flv);
  void end_feed();

  // What is there now; unset when nothing is. Old pictures are dropped when the caller is slow.
  std::optional<VideoFrame> take_picture();
  std::optional<AudioBlock> take_sound();
  // Whether it goes on. `detail()` is GStreamer's sentence, without credentials.
  SourceFault fault();
  [[nodiscard]] const std::string& detail() const;

 private:
  struct Parts;
  explicit SourceReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace media::ingest
