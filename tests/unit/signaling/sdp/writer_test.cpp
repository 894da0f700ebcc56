#include "signaling/sdp/writer.h"

#include <gtest/gtest.h>

#include <cstdio>

#include <set>

#include "signaling/sdp/parser.h"

namespace signaling::sdp {
namespace {

using media::Codec;

Section section_of(const std::string& lines) {
  const auto s = parse("v=0\r\n" + lines);
  EXPECT_TRUE(s) << (s ? "" : s.error().what);
  return s ? s->sections.at(0) : Section{};
}

// RFC 6544 section 4.2: whoever can use UDP does.
TEST(Writer, RanksTcpBelowUdp) {
  const auto address = *media::Address::parse("192.0.2.1", 4000);
  unsigned udp = 0;
  unsigned tcp = 0;
  ASSERT_EQ(std::sscanf(candidate_line(address).c_str(), "a=candidate:1 1 udp %u 192.0.2.1", &udp),
            1);
  ASSERT_EQ(std::sscanf(tcp_candidate_line(address).c_str(),
                        "a=candidate:2 1 tcp %u 192.0.2.1 4000 typ host tcptype passive", &tcp),
            1);
  EXPECT_LT(tcp, udp);
  EXPECT_EQ(tcp >> 24, 90U);
}

TEST(Writer, WhatItWritesReadsBack) {
  Writer w;
  const auto address = *media::Address::parse("2001:db8::5", 4000);
  media::Fingerprint fingerprint{};
  fingerprint[0] = 0xf0;
  w.session(UINT64_MAX, true, true, {"a"});
  media::CodecParams vp8;
  vp8.codec = Codec::Vp8;
  vp8.payload_type = 96;
  vp8.rtx_payload_type = 97;
  vp8.clock_rate = 90000;
  vp8.nack = vp8.transport_cc = true;
  w.media("video", 4000, payload_types_of({vp8}), address);
  w.transport({"uuuu", "pppppppppppppppppppppp"}, fingerprint, "passive");
  w.line("{}", candidate_line(address));
  w.codecs({vp8});
  w.ssrcs(media::Ssrc(1), media::Ssrc(2), "c", "s t");
  const std::string text = w.take();
  EXPECT_NE(text.find("o=- 9223372036854775807 1 "), std::string::npos);
  EXPECT_NE(text.find("c=IN IP6 2001:db8::5\r\n"), std::string::npos);

  const auto s = parse(text);
  ASSERT_TRUE(s) << s.error().what;
  EXPECT_TRUE(s->ice_lite && s->extmap_allow_mixed);
  const Section& section = s->sections.at(0);
  EXPECT_EQ(section.ice->password, "pppppppppppppppppppppp");
  EXPECT_EQ(*section.fingerprint, fingerprint);
  EXPECT_EQ(*parse_candidate(section.candidates.at(0)), address);
  EXPECT_EQ(section.ssrc_groups.at(0).ssrcs, (std::vector<uint32_t>{1, 2}));
  const auto codecs = usable_codecs(section, true);
  ASSERT_EQ(codecs.size(), 1U);
  EXPECT_EQ(codecs[0].rtx_payload_type, 97);
  EXPECT_TRUE(codecs[0].nack && codecs[0].transport_cc);
  EXPECT_FALSE(codecs[0].pli || codecs[0].fir);
}

TEST(UsableCodecs, TakesOnlyTheVariantsThatWeCarry) {
  const auto codecs =
      usable_codecs(section_of("m=video 9 X 1 2 3 4 5 6\r\na=rtpmap:1 h264/90000\r\na=rtpmap:2 "
                               "H264/90000\r\na=fmtp:2 a=b; packetization-mode=1\r\n"
                               "a=rtpmap:3 VP9/90000\r\na=fmtp:3 profile-id=2\r\na=rtpmap:4 "
                               "vp9/90000\r\na=rtpmap:5 VP8/8000\r\n"
                               "a=rtpmap:6 opus/48000/2\r\n"),
                    true);
  ASSERT_EQ(codecs.size(), 2U);
  EXPECT_EQ(codecs[0].payload_type, 2);
  EXPECT_EQ(codecs[0].codec, Codec::H264);
  EXPECT_EQ(codecs[1].payload_type, 4);
}

TEST(UsableCodecs, TransportCcCountsOnlyWithItsExtension) {
  const Section s =
      section_of("m=audio 9 X 1\r\na=rtpmap:1 opus/48000/2\r\na=rtcp-fb:1 transport-cc\r\n");
  EXPECT_TRUE(usable_codecs(s, true).at(0).transport_cc);
  EXPECT_FALSE(usable_codecs(s, false).at(0).transport_cc);
}

TEST(KnownExtensions, NameEveryFieldOnce) {
  media::rtp::ExtensionMap map;
  std::set<std::string_view> uris;
  for (const KnownExtension& known : known_extensions()) {
    EXPECT_EQ(map.*known.id, 0) << known.uri;
    map.*known.id = 1;
    EXPECT_TRUE(uris.insert(known.uri).second);
  }
  const media::rtp::ExtensionMap all{1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(map, all);
}

}  // namespace
}  // namespace signaling::sdp
