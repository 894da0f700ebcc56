#include "signaling/sdp/negotiate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/signaling/sdp/offers.h"

namespace signaling::sdp {
namespace {

using media::Codec;
using media::Errc;
using media::Source;

const std::vector<SectionUse> kTeacherUses = {{"0", Use::Microphone, ""},
                                              {"1", Use::Camera, ""},
                                              {"2", Use::Screen, ""},
                                              {"3", Use::ScreenAudio, ""},
                                              {"4", Use::Slot, "voice-teacher"},
                                              {"5", Use::Slot, "voice-0"},
                                              {"6", Use::Slot, "teacher"},
                                              {"7", Use::Slot, "screen"}};

media::Result<Negotiated> answer_to(const Session& session, const std::vector<SectionUse>& uses,
                                    const Permits& permits = {}) {
  Ids ids;
  return negotiate(session, uses, permits, facts(ids));
}

Errc error_of(const std::string& text, const std::vector<SectionUse>& uses) {
  const auto session = parse(text);
  EXPECT_TRUE(session);
  const auto n = answer_to(*session, uses);
  EXPECT_FALSE(n);
  return n ? Errc::NotFound : n.error().code;
}

TEST(Negotiate, TakesAChromiumTeachersWholeOffer) {
  const auto n = answer_to(offer("chromium_teacher"), kTeacherUses);
  ASSERT_TRUE(n) << n.error().what;
  EXPECT_EQ(n->remote_ice.ufrag, "YeK4");
  EXPECT_EQ(n->remote_fingerprint[0], 0x3e);
  const media::rtp::ExtensionMap want{.audio_level = 1,
                                      .abs_send_time = 2,
                                      .transport_cc = 3,
                                      .mid = 4,
                                      .rid = 10,
                                      .repaired_rid = 11,
                                      .video_orientation = 13,
                                      .playout_delay = 5,
                                      .dependency_descriptor = 12};
  EXPECT_EQ(n->extensions, want);

  ASSERT_EQ(n->published.size(), 4U);
  const auto& camera = n->published[1];
  EXPECT_EQ(camera.source, Source::Camera);
  EXPECT_EQ(camera.mid, "1");
  EXPECT_EQ(camera.rids, (std::vector<std::string>{"q", "h", "f"}));
  EXPECT_TRUE(camera.ssrcs.empty());
  EXPECT_EQ(camera.codecs.front().codec, Codec::Vp8);
  EXPECT_EQ(camera.codecs.front().payload_type, 96);
  EXPECT_EQ(camera.codecs.front().rtx_payload_type, 97);
  EXPECT_TRUE(camera.codecs.front().nack && camera.codecs.front().pli &&
              camera.codecs.front().fir && camera.codecs.front().transport_cc);
  const auto& screen = n->published[2];
  EXPECT_EQ(screen.source, Source::Screen);
  ASSERT_EQ(screen.ssrcs.size(), 1U);
  EXPECT_EQ(screen.ssrcs[0].media, media::Ssrc(3317721403));
  EXPECT_EQ(screen.ssrcs[0].rtx, media::Ssrc(661336252));
  EXPECT_EQ(n->published[3].source, Source::ScreenAudio);

  EXPECT_EQ(n->slot_names,
            (std::vector<std::string>{"voice-teacher", "voice-0", "teacher", "screen"}));
  ASSERT_EQ(n->slots.size(), 4U);
  EXPECT_EQ(n->slots[2].kind, media::MediaKind::Video);
  EXPECT_NE(n->slots[2].ssrc, n->slots[2].rtx_ssrc);
}

TEST(Negotiate, TheAnswerKeepsOrderAndMidsAndSaysWhatWeDo) {
  const auto n = answer_to(offer("chromium_teacher"), kTeacherUses);
  ASSERT_TRUE(n);
  const auto a = parse(n->answer);
  ASSERT_TRUE(a) << a.error().what;
  EXPECT_TRUE(a->ice_lite);
  EXPECT_EQ(a->bundle, n->mids);
  ASSERT_EQ(a->sections.size(), 9U);
  const std::vector<Direction> want = {
      Direction::RecvOnly, Direction::RecvOnly, Direction::RecvOnly,
      Direction::RecvOnly, Direction::SendOnly, Direction::SendOnly,
      Direction::SendOnly, Direction::SendOnly, Direction::Inactive};
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(a->sections[i].mid, n->mids[i]);
    EXPECT_EQ(a->sections[i].direction, want[i]) << i;
    EXPECT_EQ(a->sections[i].setup, "passive");
    EXPECT_TRUE(a->sections[i].rtcp_mux);
    EXPECT_NE(a->sections[i].port, 0);
    EXPECT_EQ(a->sections[i].ice->ufrag, "srvr");
  }
  EXPECT_EQ(a->sections[1].simulcast_recv, (std::vector<std::string>{"q", "h", "f"}));
  EXPECT_FALSE(a->sections[1].rids.at(0).send);
  EXPECT_EQ(a->sections[6].msid, "teacher teacher");
  EXPECT_EQ(a->sections[6].ssrcs,
            (std::vector<uint32_t>{n->slots[2].ssrc.value, n->slots[2].rtx_ssrc.value}));
  EXPECT_EQ(a->sections[4].ssrcs, (std::vector<uint32_t>{n->slots[0].ssrc.value}));
  ASSERT_EQ(a->sections[0].candidates.size(), 1U);
  EXPECT_EQ(parse_candidate(a->sections[0].candidates[0])->to_string(), "192.0.2.7:40000");
  EXPECT_NE(n->answer.find("useinbandfec=1"), std::string::npos);
}

TEST(Negotiate, AServerThatTakesTcpSaysSoBehindItsUdpCandidate) {
  Ids ids;
  ServerFacts with_tcp = facts(ids);
  with_tcp.tcp = true;
  const auto n = negotiate(offer("chromium_teacher"), kTeacherUses, Permits{}, with_tcp);
  ASSERT_TRUE(n);
  const auto a = parse(n->answer);
  ASSERT_TRUE(a);
  ASSERT_EQ(a->sections[0].candidates.size(), 2U);
  EXPECT_EQ(parse_candidate(a->sections[0].candidates[0])->to_string(), "192.0.2.7:40000");
  EXPECT_EQ(parse_candidate(a->sections[0].candidates[1])->to_string(), "192.0.2.7:40000/tcp");
  EXPECT_NE(n->answer.find("a=end-of-candidates"), std::string::npos);
}

TEST(Negotiate, NoForeignCodecOrFeedbackIsAccepted) {
  const auto n = answer_to(offer("chromium_teacher"), kTeacherUses);
  ASSERT_TRUE(n);
  for (const char* foreign :
       {"goog-remb", "ulpfec", "flexfec", " red/90000", "H265", "G722", "telephone-event",
        "packetization-mode=0", "profile-id=2", "rcvr-rtt", "toffset"}) {
    EXPECT_EQ(n->answer.find(foreign), std::string::npos) << foreign;
  }
}

TEST(Negotiate, PublishersAreAskedForWhatThePolicyPutsFirstAndPlayersKeepTheirOrder) {
  Ids ids;
  ServerFacts f = facts(ids);
  f.codecs.video = {Codec::H264, Codec::Av1};
  const auto n = negotiate(offer("chromium_teacher"), kTeacherUses, Permits{}, f);
  ASSERT_TRUE(n);
  const auto& camera = n->published[1].codecs;
  ASSERT_FALSE(camera.empty());
  EXPECT_EQ(camera.front().codec, Codec::H264);
  EXPECT_EQ(camera.back().codec, Codec::Av1);
  for (const auto& codec : camera)
    EXPECT_TRUE(codec.codec == Codec::H264 || codec.codec == Codec::Av1);
  const auto& slot = n->slots[2].codecs;
  EXPECT_EQ(slot.front().codec, Codec::Vp8);
  EXPECT_TRUE(
      std::any_of(slot.begin(), slot.end(), [](const auto& c) { return c.codec == Codec::Vp9; }));
}

TEST(Negotiate, PublishersAreHeldToTheirRatesAndNotToldThemAsAnAim) {
  Ids ids;
  ServerFacts f = facts(ids);
  f.rates = {.picture_bps = 3'000'000, .sound_bps = 200'000};
  const auto n = negotiate(offer("chromium_teacher"), kTeacherUses, Permits{}, f);
  ASSERT_TRUE(n);
  for (const auto& section : n->published)
    EXPECT_EQ(section.max_bps, section.kind == media::MediaKind::Audio ? 200'000 : 3'000'000);
  EXPECT_EQ(n->answer.find("\r\nb="), std::string::npos);
}

TEST(Negotiate, AnOfferWithoutAnyCodecOfThePolicyIsRefused) {
  Ids ids;
  ServerFacts f = facts(ids);
  f.codecs.video = {Codec::Av1};
  const std::string text = replaced(offer_text("chromium_teacher"), "AV1/90000", "AVX/90000");
  const auto n = negotiate(*parse(text), kTeacherUses, Permits{}, f);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, Errc::Unsupported);
}

TEST(Negotiate, SoundIsAskedForWithRedundancyUnlessThePolicySaysNo) {
  Ids ids;
  ServerFacts f = facts(ids);
  const auto with = negotiate(offer("chromium_teacher"), kTeacherUses, Permits{}, f);
  ASSERT_TRUE(with);
  EXPECT_EQ(with->published[0].codecs.front().red_payload_type, 63);
  EXPECT_EQ(with->slots[0].codecs.front().red_payload_type, 63);
  EXPECT_NE(with->answer.find("SAVPF 63 111\r\n"), std::string::npos);
  EXPECT_NE(with->answer.find("a=fmtp:63 111/111\r\n"), std::string::npos);
  f.codecs.red = false;
  const auto without = negotiate(offer("chromium_teacher"), kTeacherUses, Permits{}, f);
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->published[0].codecs.front().red_payload_type);
  EXPECT_EQ(without->answer.find(" red/"), std::string::npos);
}

TEST(Negotiate, TheDependencyDescriptorNeedsBothFormsOfExtensions) {
  const std::string text = replaced(offer_text("chromium_teacher"), "a=extmap-allow-mixed\r\n", "");
  const auto n = answer_to(*parse(text), kTeacherUses);
  ASSERT_TRUE(n);
  EXPECT_EQ(n->extensions.dependency_descriptor, 0);
}

TEST(Negotiate, WhatIsNotPermittedIsInactiveAndGetsNoTrack) {
  const auto n = answer_to(offer("chromium_teacher"), kTeacherUses,
                           Permits{.screen = false, .screen_audio = false});
  ASSERT_TRUE(n);
  EXPECT_EQ(n->published.size(), 2U);
  const auto a = parse(n->answer);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->sections[2].direction, Direction::Inactive);
  EXPECT_TRUE(a->sections[2].ssrcs.empty());

  const auto none = answer_to(offer("chromium_teacher"), kTeacherUses,
                              Permits{.microphone = false,
                                      .camera = false,
                                      .screen = false,
                                      .screen_audio = false,
                                      .slots = false});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->published.empty() && none->slots.empty());
}

TEST(Negotiate, SectionsWhoseDirectionDoesNotFitAreInactive) {
  auto uses = kTeacherUses;
  uses[0] = {"0", Use::Slot, "stage"};  // sendonly: nothing can be shown there
  const auto n = answer_to(offer("chromium_teacher"), uses);
  ASSERT_TRUE(n);
  EXPECT_EQ(n->slots.size(), 4U);
  EXPECT_EQ(parse(n->answer)->sections[0].direction, Direction::Inactive);
}

TEST(Negotiate, WhipAndWhepOffersOfOtherMakersAreUnderstoodByOrder) {
  for (const char* name : {"gstreamer_whip", "aiortc_whip"}) {
    const Session session = offer(name);
    const auto n = answer_to(session, derive_uses(session, "teacher"));
    ASSERT_TRUE(n) << name << ": " << n.error().what;
    ASSERT_EQ(n->published.size(), 2U) << name;
    EXPECT_EQ(n->published[0].source, Source::Microphone);
    EXPECT_EQ(n->published[1].source, Source::Camera);
    EXPECT_EQ(n->published[1].ssrcs.size(), 1U);
    EXPECT_TRUE(n->slots.empty());
    EXPECT_EQ(parse(n->answer)->sections[1].direction, Direction::RecvOnly);
    EXPECT_NE(parse(n->answer)->sections[1].port, 0);
  }
  for (const char* name : {"chromium_whep", "aiortc_whep"}) {
    const Session session = offer(name);
    const auto n = answer_to(session, derive_uses(session, "screen"));
    ASSERT_TRUE(n) << name << ": " << n.error().what;
    EXPECT_TRUE(n->published.empty());
    EXPECT_EQ(n->slot_names, (std::vector<std::string>{"voice-teacher", "screen"}));
  }
}

TEST(Negotiate, OneIdentifierForTwoExtensionsGoesToTheFirst) {
  // aiortc: 2 is the audio level in the audio section and abs-send-time in the video section.
  const Session session = offer("aiortc_whip");
  const auto n = answer_to(session, derive_uses(session, "teacher"));
  ASSERT_TRUE(n);
  EXPECT_EQ(n->extensions.audio_level, 2);
  EXPECT_EQ(n->extensions.abs_send_time, 0);
  EXPECT_EQ(parse(n->answer)->sections[1].extmaps.size(), 1U);
}

TEST(Negotiate, TransportCcFeedbackNeedsItsExtension) {
  // GStreamer offers the feedback and no header extension that could feed it.
  const Session session = offer("gstreamer_whip");
  const auto n = answer_to(session, derive_uses(session, "teacher"));
  ASSERT_TRUE(n);
  EXPECT_FALSE(n->published[1].codecs[0].transport_cc);
  EXPECT_EQ(n->answer.find("transport-cc"), std::string::npos);
}

TEST(Negotiate, LayersListedHighestFirstAreTurnedRound) {
  const std::string text = offer_text("chromium_teacher");
  const auto rids_of = [&](const std::string& line) {
    auto session = parse(replaced(text, "a=simulcast:send q;h;f", line));
    session->sections[1].rids.clear();
    for (const char* rid : {"q", "h", "f", "l", "m", "0", "1", "2"})
      session->sections[1].rids.push_back({rid, true});
    return answer_to(*session, kTeacherUses)->published[1].rids;
  };
  EXPECT_EQ(rids_of("a=simulcast:send f;h;q"), (std::vector<std::string>{"q", "h", "f"}));
  EXPECT_EQ(rids_of("a=simulcast:send h;m;l"), (std::vector<std::string>{"l", "m", "h"}));
  EXPECT_EQ(rids_of("a=simulcast:send 2;1;0"), (std::vector<std::string>{"2", "1", "0"}));
  EXPECT_EQ(rids_of("a=simulcast:send q;x;f"),
            (std::vector<std::string>{"q", "f"}));  // x is not declared
}

TEST(Negotiate, DataChannelsAreRejectedAndLeaveTheBundle) {
  const std::string text =
      offer_text("chromium_whep") +
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n";
  const auto session = parse(replaced(text, "BUNDLE 0 1", "BUNDLE 0 1 2"));
  ASSERT_TRUE(session);
  const auto n = answer_to(*session, derive_uses(*session, "teacher"));
  ASSERT_TRUE(n);
  const auto a = parse(n->answer);
  ASSERT_EQ(a->sections.size(), 3U);
  EXPECT_EQ(a->sections[2].port, 0);
  EXPECT_EQ(a->bundle, (std::vector<std::string>{"0", "1"}));
}

TEST(Negotiate, SaysWhatItRequires) {
  const std::string text = offer_text("chromium_whep");
  const std::vector<SectionUse> uses = {{"0", Use::Slot, "voice-teacher"},
                                        {"1", Use::Slot, "teacher"}};
  EXPECT_EQ(error_of(replaced(text, "BUNDLE 0 1", "BUNDLE 0"), uses), Errc::Unsupported);
  EXPECT_EQ(error_of(replaced(text, "a=rtcp-mux\r\n", ""), uses), Errc::Unsupported);
  EXPECT_EQ(error_of(replaced(text, "a=setup:actpass", "a=setup:holdconn"), uses),
            Errc::Unsupported);
  EXPECT_EQ(error_of(replaced(text, "a=fingerprint:sha-256", "a=fingerprint:sha-1"), uses),
            Errc::Unsupported);
  EXPECT_EQ(error_of(replaced(text, "a=fingerprint:sha-256", "a=x"), uses), Errc::Malformed);
  EXPECT_EQ(error_of(replaced(replaced(text, "a=ice-ufrag", "a=x"), "a=ice-pwd", "a=x"), uses),
            Errc::Malformed);
  EXPECT_EQ(error_of(replaced(text, " opus/48000", " pcm/48000"), uses), Errc::Unsupported);
  EXPECT_EQ(error_of(replaced(text, "a=mid:1", "a=mid:0"), uses), Errc::Malformed);
  EXPECT_EQ(error_of(replaced(text, "a=mid:1", "a=x"), uses), Errc::Malformed);
}

TEST(Negotiate, RefusesUsesThatContradictTheOffer) {
  const std::string text = offer_text("chromium_teacher");
  EXPECT_EQ(error_of(text, {{"17", Use::Camera, ""}}), Errc::Malformed);
  EXPECT_EQ(error_of(text, {{"0", Use::Camera, ""}}), Errc::Malformed);
  EXPECT_EQ(error_of(text, {{"1", Use::Camera, ""}, {"2", Use::Camera, ""}}), Errc::Conflict);
  EXPECT_EQ(error_of(text, {{"1", Use::Camera, ""}, {"1", Use::Screen, ""}}), Errc::Conflict);
  EXPECT_EQ(error_of(text, {{"6", Use::Slot, "a"}, {"7", Use::Slot, "a"}}), Errc::Conflict);
}

TEST(Negotiate, SlotNamesCannotSmuggleLinesIntoTheAnswer) {
  const std::string text = offer_text("chromium_teacher");
  for (const char* name :
       {"", "a b", "x\r\na=setup:active", "Wall", "a123456789012345678901234567890123"}) {
    EXPECT_EQ(error_of(text, {{"6", Use::Slot, name}}), Errc::Malformed) << name;
  }
}

TEST(Restart, ChangesOnlyCredentialsAndVersion) {
  const std::string text = offer_text("chromium_teacher");
  const auto first = answer_to(*parse(text), kTeacherUses);
  ASSERT_TRUE(first);
  const auto again = parse(replaced(text, "a=ice-ufrag:YeK4", "a=ice-ufrag:neW1"));
  const auto r = restart(*first, *again, {"srv2", "anotherserverpassword123"});
  ASSERT_TRUE(r) << r.error().what;
  EXPECT_EQ(r->remote_ice.ufrag, "neW1");
  std::string want = replaced(first->answer, "a=ice-ufrag:srvr", "a=ice-ufrag:srv2");
  want = replaced(want, "a=ice-pwd:serverpasswordserverpw12", "a=ice-pwd:anotherserverpassword123");
  EXPECT_EQ(r->answer, replaced(want, "o=- 77 1 ", "o=- 77 2 "));
}

TEST(Restart, IsRefusedForAnotherConnectionOrTheOldUfrag) {
  const std::string text = offer_text("chromium_teacher");
  const auto first = answer_to(*parse(text), kTeacherUses);
  const media::IceCredentials local = {"srv2", "anotherserverpassword123"};
  EXPECT_EQ(restart(*first, *parse(text), local).error().code, Errc::Conflict);
  EXPECT_EQ(restart(*first, offer("chromium_whep"), local).error().code, Errc::Conflict);
  const std::string fresh = replaced(text, "a=ice-ufrag:YeK4", "a=ice-ufrag:neW1");
  EXPECT_EQ(
      restart(*first, *parse(replaced(fresh, "sha-256 3E:", "sha-256 3F:")), local).error().code,
      Errc::Conflict);
}

TEST(ParseUse, KnowsTheProtocolsNames) {
  EXPECT_EQ(*parse_use("screen-audio"), Use::ScreenAudio);
  EXPECT_EQ(*parse_use("slot"), Use::Slot);
  EXPECT_FALSE(parse_use("Slot"));
}

}  // namespace
}  // namespace signaling::sdp
