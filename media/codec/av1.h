// AV1 payloads: the aggregation header of the RTP payload format for AV1 (AOM, section 4.4). What a
// frame refers to and which layers it belongs to stands in the dependency descriptor, not here.
#pragma once

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/codec/frame_info.h"

namespace media::codec {

// A key frame is what starts a coded video sequence (N). Errors: Truncated (no OBU behind the
// header, an element that runs past the end), Malformed (N together with Z: a sequence cannot begin
// in the middle of an OBU).
Result<FrameInfo> parse_av1(ByteSpan payload, bool marker);

}  // namespace media::codec
