#include "signaling/sdp/parser.h"

#include <gtest/gtest.h>

#include "tests/unit/signaling/sdp/offers.h"

namespace signaling::sdp {
namespace {

using media::Errc;

const std::string kHead = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

Errc error_of(const std::string& text) {
  const auto s = parse(text);
  EXPECT_FALSE(s) << text.substr(0, 200);
  return s ? Errc::NotFound : s.error().code;
}

TEST(SdpParser, ReadsAChromiumTeachersOffer) {
  const Session s = offer("chromium_teacher");
  EXPECT_TRUE(s.extmap_allow_mixed);
  EXPECT_FALSE(s.ice_lite);
  ASSERT_EQ(s.sections.size(), 9U);
  EXPECT_EQ(s.bundle.size(), 9U);

  const Section& camera = s.sections[1];
  EXPECT_EQ(camera.kind, "video");
  EXPECT_EQ(camera.mid, "1");
  EXPECT_EQ(camera.direction, Direction::SendOnly);
  EXPECT_TRUE(camera.rtcp_mux);
  EXPECT_EQ(camera.setup, "actpass");
  EXPECT_EQ(camera.simulcast_send, (std::vector<std::string>{"q", "h", "f"}));
  ASSERT_EQ(camera.rids.size(), 3U);
  EXPECT_TRUE(camera.rids[0].send);
  ASSERT_TRUE(camera.ice);
  EXPECT_EQ(camera.ice->ufrag, "YeK4");
  ASSERT_TRUE(camera.fingerprint);
  EXPECT_EQ((*camera.fingerprint)[0], 0x3e);
  EXPECT_EQ((*camera.fingerprint)[31], 0x01);
  EXPECT_EQ(camera.codecs[0].name, "VP8");
  EXPECT_EQ(camera.codecs[0].clock_rate, 90000U);
  EXPECT_EQ(camera.codecs[0].feedback.size(), 5U);
  EXPECT_EQ(camera.codecs[1].fmtp, "apt=96");

  const Section& screen = s.sections[2];
  EXPECT_EQ(screen.ssrcs, (std::vector<uint32_t>{3317721403, 661336252}));
  ASSERT_EQ(screen.ssrc_groups.size(), 1U);
  EXPECT_EQ(screen.ssrc_groups[0].semantics, "FID");
  EXPECT_EQ(s.sections[0].codecs[0].channels, 2);
  EXPECT_EQ(s.sections[0].candidates.size(), 4U);
  EXPECT_EQ(s.sections[6].direction, Direction::RecvOnly);
}

TEST(SdpParser, ReadsGstreamersBundleOnlySection) {
  const Session s = offer("gstreamer_whip");
  ASSERT_EQ(s.sections.size(), 2U);
  EXPECT_EQ(s.sections[1].port, 0);
  EXPECT_TRUE(s.sections[1].bundle_only);
  EXPECT_EQ(s.sections[1].mid, "video1");
  EXPECT_EQ(s.sections[0].codecs[0].name, "OPUS");
}

TEST(SdpParser, ReadsAiortcsOffers) {
  EXPECT_EQ(offer("aiortc_whip").sections[0].direction, Direction::SendOnly);
  EXPECT_EQ(offer("aiortc_whep").sections[1].direction, Direction::RecvOnly);
}

TEST(SdpParser, SessionLevelAttributesHoldWhereSectionsAreSilent) {
  const auto s =
      parse(kHead +
            "a=ice-ufrag:aaaa\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\na=setup:active\na=recvonly\n"
            "a=fingerprint:SHA-256 "
            "00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0D:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:"
            "1c:1d:1e:fF\n"
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:a\n"
            "m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:v\na=sendonly\na=setup:actpass\n"
            "a=ice-ufrag:bbbb\na=ice-pwd:bbbbbbbbbbbbbbbbbbbbbb\na=fingerprint:sha-512 00\n");
  ASSERT_TRUE(s) << s.error().what;
  EXPECT_EQ(s->sections[0].ice->ufrag, "aaaa");
  EXPECT_EQ(s->sections[0].direction, Direction::RecvOnly);
  EXPECT_EQ(s->sections[0].setup, "active");
  ASSERT_TRUE(s->sections[0].fingerprint);
  EXPECT_EQ((*s->sections[0].fingerprint)[31], 0xff);
  EXPECT_EQ(s->sections[1].ice->ufrag, "bbbb");
  EXPECT_EQ(s->sections[1].direction, Direction::SendOnly);
  EXPECT_FALSE(s->sections[1].fingerprint);
  EXPECT_TRUE(s->sections[1].has_other_fingerprint);
}

TEST(SdpParser, SimulcastTakesFirstAlternativesAndPausedStreams) {
  const auto s =
      parse(kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\na=simulcast:send 1,4;~2;3 recv x\n");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->sections[0].simulcast_send, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(s->sections[0].simulcast_recv, (std::vector<std::string>{"x"}));
}

TEST(SdpParser, WildcardFeedbackIsForAllCodecs) {
  const auto s = parse(kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96 97\na=rtcp-fb:* nack pli\n");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->sections[0].codecs[1].feedback, (std::vector<std::string>{"nack pli"}));
}

TEST(SdpParser, EveryTruncationOfARealOfferGivesAValueOrATypedError) {
  const std::string text = offer_text("gstreamer_whip");
  for (size_t n = 0; n < text.size(); ++n) {
    const auto s = parse(std::string_view(text).substr(0, n));
    if (!s) {
      EXPECT_TRUE(s.error().code == Errc::Malformed || s.error().code == Errc::Unsupported) << n;
    }
  }
}

TEST(SdpParser, RefusesWhatIsNotAnSdp) {
  EXPECT_EQ(error_of(""), Errc::Malformed);
  EXPECT_EQ(error_of("v=1\r\n"), Errc::Unsupported);
  EXPECT_EQ(error_of("<html>"), Errc::Malformed);
  EXPECT_EQ(error_of(kHead + "garbage\r\n"), Errc::Malformed);
  EXPECT_EQ(error_of(kHead + "a=x\rb=y\n"), Errc::Malformed);
}

TEST(SdpParser, RefusesMalformedLines) {
  const std::string section = kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\n";
  for (const char* line : {"m=video x UDP/TLS/RTP/SAVPF 96",
                           "m=video 9 UDP/TLS/RTP/SAVPF 300",
                           "m=video 70000 UDP/TLS/RTP/SAVPF 96",
                           "m=",
                           "a=mid:",
                           "a=mid:a b",
                           "a=rtpmap:96 VP8",
                           "a=rtpmap:96 VP8/x",
                           "a=extmap:0 urn:x",
                           "a=extmap:1",
                           "a=rid:q both",
                           "a=simulcast:send q;;h",
                           "a=ssrc:-1 cname:x",
                           "a=ssrc:4294967296 cname:x",
                           "a=ssrc-group:FID 1 x",
                           "a=ice-ufrag:ab",
                           "a=ice-pwd:short",
                           "a=ice-ufrag:ab\"cd",
                           "a=ice-ufrag:abcd",
                           "a=fingerprint:sha-256 00",
                           "a=fingerprint:sha-256 "}) {
    EXPECT_EQ(error_of(section + line + "\n"), Errc::Malformed) << line;
  }
}

TEST(SdpParser, HoldsItsLimits) {
  const auto many = [](const std::string& head, const std::string& line, size_t n) {
    std::string text = head;
    for (size_t i = 0; i < n; ++i) text += replaced(line, "#", std::to_string(i));
    return text;
  };
  const std::string section = kHead + "m=video 9 UDP/TLS/RTP/SAVPF 96\n";
  EXPECT_TRUE(parse(many(kHead, "m=audio 9 RTP #\n", kMaxSections)));
  EXPECT_EQ(error_of(many(kHead, "m=audio 9 RTP #\n", kMaxSections + 1)), Errc::TooLarge);
  EXPECT_EQ(error_of(many(section, "a=x#\n", kMaxLines)), Errc::TooLarge);
  EXPECT_EQ(error_of(section + "a=x:" + std::string(kMaxBytes, 'x') + "\n"), Errc::TooLarge);
  EXPECT_TRUE(parse(many(section, "a=ssrc:# cname:x\n", kMaxSsrcs)));
  EXPECT_EQ(error_of(many(section, "a=ssrc:# cname:x\n", kMaxSsrcs + 1)), Errc::TooLarge);
  EXPECT_EQ(error_of(many(section, "a=rid:# send\n", kMaxRids + 1)), Errc::TooLarge);
  EXPECT_EQ(error_of(many(section, "a=extmap:1 urn:#\n", kMaxExtmaps + 1)), Errc::TooLarge);
  EXPECT_EQ(error_of(many(kHead + "m=video 9 UDP/TLS/RTP/SAVPF", " #", 128) + "\n"),
            Errc::TooLarge);
  // Candidates trickle without bound; the surplus is not kept and is no error.
  const auto s =
      parse(many(section, "a=candidate:# 1 udp 1 192.0.2.1 1 typ host\n", kMaxCandidates + 9));
  ASSERT_TRUE(s);
  EXPECT_EQ(s->sections[0].candidates.size(), kMaxCandidates);
}

TEST(SdpFragment, ReadsARestartAndCandidates) {
  const auto f = parse_fragment(
      "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
      "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n");
  ASSERT_TRUE(f);
  ASSERT_TRUE(f->ice);
  EXPECT_EQ(f->ice->password, "abcdefghijklmnopqrstuv");
  EXPECT_EQ(f->mid, "0");
  EXPECT_TRUE(f->end_of_candidates);
  ASSERT_EQ(f->candidates.size(), 1U);
  EXPECT_EQ(parse_candidate(f->candidates[0])->to_string(), "192.0.2.1:5000");
}

TEST(SdpFragment, RefusesHalfOfTheCredentials) {
  EXPECT_EQ(parse_fragment("a=ice-ufrag:abcd\r\n").error().code, Errc::Malformed);
  EXPECT_EQ(parse_fragment("nonsense").error().code, Errc::Malformed);
  EXPECT_FALSE(parse_fragment("")->ice);
}

TEST(SdpFragment, OursReadsBack) {
  const auto f = parse_fragment(build_fragment({"abcd", "abcdefghijklmnopqrstuv"},
                                               *media::Address::parse("2001:db8::1", 9999), "7"));
  ASSERT_TRUE(f);
  EXPECT_EQ(f->ice->ufrag, "abcd");
  EXPECT_EQ(f->mid, "7");
  EXPECT_EQ(parse_candidate(f->candidates.at(0))->to_string(), "[2001:db8::1]:9999");
}

TEST(SdpFragment, NamesTheTcpPortBelowTheUdpPort) {
  const auto f = parse_fragment(build_fragment({"abcd", "abcdefghijklmnopqrstuv"},
                                               *media::Address::parse("192.0.2.9", 9), "7", true));
  ASSERT_TRUE(f);
  ASSERT_EQ(f->candidates.size(), 2U);
  EXPECT_EQ(parse_candidate(f->candidates[0])->to_string(), "192.0.2.9:9");
  EXPECT_EQ(parse_candidate(f->candidates[1])->to_string(), "192.0.2.9:9/tcp");
}

TEST(SdpCandidate, TakesPassiveTcpAndNoOther) {
  const auto passive = parse_candidate("2 1 TCP 1 192.0.2.1 9 typ host tcptype passive");
  ASSERT_TRUE(passive);
  EXPECT_EQ(passive->transport, media::Transport::Tcp);
  EXPECT_EQ(parse_candidate("2 1 tcp 1 192.0.2.1 9 typ host tcptype active").error().code,
            Errc::Unsupported);
}

TEST(SdpCandidate, TakesOnlyNumericUdp) {
  EXPECT_EQ(parse_candidate("1 1 tcp 1 192.0.2.1 9 typ host").error().code, Errc::Unsupported);
  EXPECT_EQ(parse_candidate("1 2 udp 1 192.0.2.1 9 typ host").error().code, Errc::Unsupported);
  EXPECT_EQ(parse_candidate("1 1 udp 1 abc.local 9 typ host").error().code, Errc::Unsupported);
  EXPECT_EQ(parse_candidate("1 1 udp 1 192.0.2.1").error().code, Errc::Malformed);
  EXPECT_EQ(parse_candidate("").error().code, Errc::Malformed);
}

}  // namespace
}  // namespace signaling::sdp
