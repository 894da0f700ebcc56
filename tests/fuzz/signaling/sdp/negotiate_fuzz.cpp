// Any text as an offer, an answer and a fragment. What we answer must itself parse, keep the
// offer's sections, and stay within the limits of the plan.
#include <string>
#include <string_view>

#include "media/base/check.h"
#include "signaling/sdp/client.h"
#include "signaling/sdp/negotiate.h"
#include "signaling/sdp/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace signaling::sdp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_fragment(text);
  (void)parse_candidate(text);
  (void)parse_answer(text);
  const auto offer = parse(text);
  if (!offer) return 0;

  uint32_t next = 0;
  ServerFacts facts;
  facts.ice = {"srvr", "serverpasswordserverpw12"};
  facts.candidate = *media::Address::parse("192.0.2.7", 40000);
  facts.next_track = [&] { return media::TrackId(++next); };
  facts.next_slot = [&] { return media::SlotId(++next); };
  facts.next_ssrc = [&] { return media::Ssrc(++next); };
  const auto made = negotiate(*offer, derive_uses(*offer, "teacher"), {}, facts);
  if (!made) return 0;
  CHECK(made->slots.size() == made->slot_names.size() && made->slots.size() <= kMaxSlots);
  const auto answer = parse(made->answer);
  CHECK(answer && answer->sections.size() == offer->sections.size());
  for (size_t i = 0; i < answer->sections.size(); ++i)
    CHECK(answer->sections[i].mid == offer->sections[i].mid);
  CHECK(parse_answer(made->answer));
  CHECK(!restart(*made, *offer, facts.ice) ||
        made->remote_ice.ufrag != offer->sections[0].ice->ufrag);
  return 0;
}
