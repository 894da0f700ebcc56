#include "signaling/sdp/client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/signaling/sdp/offers.h"

namespace signaling::sdp {
namespace {

using media::Codec;
using media::MediaKind;

ClientOffer publisher() {
  ClientOffer o;
  o.ice = {"clnt", "clientpasswordclientpw12"};
  o.fingerprint.fill(0x5a);
  o.extensions = client_extensions();
  o.sections.push_back({"0",
                        MediaKind::Audio,
                        true,
                        {client_codec(Codec::Opus)},
                        {},
                        {{media::Ssrc(11), std::nullopt}}});
  o.sections.push_back(
      {"1", MediaKind::Video, true, {client_codec(Codec::Vp8)}, {"q", "h", "f"}, {}});
  o.sections.push_back({"2",
                        MediaKind::Video,
                        true,
                        {client_codec(Codec::Vp8)},
                        {},
                        {{media::Ssrc(21), media::Ssrc(22)}}});
  o.sections.push_back({"3",
                        MediaKind::Video,
                        false,
                        {client_codec(Codec::Vp8), client_codec(Codec::H264)},
                        {},
                        {}});
  return o;
}

TEST(Client, OurServerTakesOurOfferAndWeReadItsAnswer) {
  const auto session = parse(build_offer(publisher()));
  ASSERT_TRUE(session) << session.error().what;
  Ids ids;
  const auto n = negotiate(*session, derive_uses(*session, "teacher"), {}, facts(ids));
  ASSERT_TRUE(n) << n.error().what;
  EXPECT_EQ(n->remote_ice.ufrag, "clnt");
  EXPECT_EQ(n->remote_fingerprint, publisher().fingerprint);
  EXPECT_EQ(n->extensions, client_extensions());
  ASSERT_EQ(n->published.size(), 3U);
  EXPECT_EQ(n->published[1].rids, (std::vector<std::string>{"q", "h", "f"}));
  EXPECT_EQ(n->published[2].ssrcs.at(0).rtx, media::Ssrc(22));

  const auto a = parse_answer(n->answer);
  ASSERT_TRUE(a) << a.error().what;
  EXPECT_TRUE(a->ice_lite);
  EXPECT_FALSE(a->server_is_dtls_client);
  EXPECT_EQ(a->candidate.to_string(), "192.0.2.7:40000");
  EXPECT_EQ(a->remote_ice.password, "serverpasswordserverpw12");
  EXPECT_EQ(a->remote_fingerprint[5], 0xab);
  EXPECT_EQ(a->extensions, client_extensions());
  ASSERT_EQ(a->sections.size(), 4U);
  EXPECT_TRUE(a->sections[1].accepted);
  EXPECT_EQ(a->sections[1].rids, (std::vector<std::string>{"q", "h", "f"}));
  EXPECT_EQ(a->sections[1].codecs.at(0).rtx_payload_type, 97);
  EXPECT_FALSE(a->sections[1].ssrc);
  EXPECT_EQ(a->sections[3].ssrc, n->slots.at(0).ssrc);
  EXPECT_EQ(a->sections[3].rtx_ssrc, n->slots.at(0).rtx_ssrc);
  EXPECT_EQ(a->sections[3].codecs.size(), 2U);
}

TEST(Client, SeesWhichSectionsWereNotAccepted) {
  const auto session = parse(build_offer(publisher()));
  Ids ids;
  const auto n =
      negotiate(*session, derive_uses(*session, "teacher"), Permits{.screen = false}, facts(ids));
  ASSERT_TRUE(n);
  const auto a = parse_answer(n->answer);
  ASSERT_TRUE(a);
  EXPECT_TRUE(a->sections[0].accepted);
  EXPECT_FALSE(a->sections[2].accepted);
}

TEST(Client, PayloadTypesOfItsCodecsAreDistinct) {
  std::vector<uint8_t> seen;
  for (const Codec codec : {Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264}) {
    const auto p = client_codec(codec);
    seen.push_back(p.payload_type);
    if (p.rtx_payload_type) seen.push_back(*p.rtx_payload_type);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Client, AnswersThatLackWhatItNeedsAreRefused) {
  const auto session = parse(build_offer(publisher()));
  Ids ids;
  const std::string good =
      negotiate(*session, derive_uses(*session, "teacher"), {}, facts(ids))->answer;
  ASSERT_TRUE(parse_answer(good));
  EXPECT_FALSE(parse_answer(replaced(good, "a=candidate:", "a=x:")));
  EXPECT_FALSE(parse_answer(replaced(good, "a=fingerprint:", "a=x:")));
  EXPECT_FALSE(
      parse_answer(replaced(replaced(good, "a=ice-ufrag:", "a=x:"), "a=ice-pwd:", "a=y:")));
  EXPECT_FALSE(parse_answer("v=0\r\n"));
}

}  // namespace
}  // namespace signaling::sdp
