#include "media/codec/frame_info.h"

#include "media/codec/av1.h"
#include "media/codec/h264.h"
#include "media/codec/vp8.h"
#include "media/codec/vp9.h"

namespace media::codec {

Result<FrameInfo> parse_frame(Codec codec, ByteSpan payload, bool marker) {
  switch (codec) {
    case Codec::Vp8:
      return parse_vp8(payload, marker);
    case Codec::Vp9:
      return parse_vp9(payload, marker);
    case Codec::H264:
      return parse_h264(payload, marker);
    case Codec::Av1:
      return parse_av1(payload, marker);
    case Codec::Opus:
      break;
  }
  FrameInfo info;
  info.is_key_frame = info.starts_frame = info.ends_frame = true;
  return info;
}

}  // namespace media::codec
