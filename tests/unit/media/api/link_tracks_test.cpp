#include "media/api/link_tracks.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/sections.h"

namespace media::api {
namespace {

TEST(LinkTracks, BothEndsMeanTheSameStreamsByTheSameNumbers) {
  uint32_t next_ssrc = 100;
  uint32_t next_slot = 1;
  const PublishedSection camera = tests::camera(11, "v", true);
  const LinkedTrack track = number_for_link(camera, [&] { return Ssrc(next_ssrc++); });
  ASSERT_EQ(track.layers.size(), 3U);
  const auto sent = sending_sections(track, [&] { return SlotId(next_slot++); });
  const PublishedSection received = receiving_section(TrackId(511), track);
  EXPECT_EQ(received.track, TrackId(511));
  EXPECT_EQ(received.source, camera.source);
  ASSERT_EQ(sent.size(), 3U);
  ASSERT_EQ(received.ssrcs.size(), 3U);
  ASSERT_EQ(received.rids.size(), 3U);
  std::set<uint32_t> numbers;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sent[i].ssrc, received.ssrcs[i].media);
    EXPECT_EQ(sent[i].rtx_ssrc, received.ssrcs[i].rtx);
    EXPECT_EQ(sent[i].only_layer, received.ssrcs[i].layer);
    EXPECT_EQ(sent[i].codecs[0].payload_type, received.codecs[0].payload_type);
    numbers.insert({sent[i].ssrc.value, sent[i].rtx_ssrc.value});
  }
  EXPECT_EQ(numbers.size(), 6U);
}

TEST(LinkTracks, SoundIsOneStreamThatIsRepairedOnTheWay) {
  uint32_t next = 1;
  const LinkedTrack track =
      number_for_link(tests::microphone(12, "a"), [&] { return Ssrc(next++); });
  ASSERT_EQ(track.layers.size(), 1U);
  EXPECT_TRUE(track.codecs[0].nack);
  EXPECT_TRUE(track.codecs[0].rtx_payload_type);
  const auto sent = sending_sections(track, [&] { return SlotId(next++); });
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_FALSE(sent[0].only_layer);
  EXPECT_TRUE(receiving_section(TrackId(1), track).rids.empty());
}

}  // namespace
}  // namespace media::api
