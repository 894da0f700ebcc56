#include "signaling/web/message_assembler.h"

#include <utility>

namespace signaling::web {

MessageAssembler::Verdict MessageAssembler::add(std::string_view piece, bool ends_frame,
                                                bool ends_message) {
  if (piece.size() > max_bytes_ - bytes_.size()) return Verdict::TooLarge;
  bytes_.append(piece);
  if (ends_frame && ++fragments_ > max_fragments_) return Verdict::TooManyFragments;
  return ends_frame && ends_message ? Verdict::Complete : Verdict::More;
}

std::string MessageAssembler::take() {
  fragments_ = 0;
  return std::exchange(bytes_, {});
}

}  // namespace signaling::web
