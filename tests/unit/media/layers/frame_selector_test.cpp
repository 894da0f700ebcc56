#include "media/layers/frame_selector.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/dependency_samples.h"

namespace media::layers {
namespace {

// ---- VP9 ----

struct Vp9Packet {
  uint8_t spatial = 0;
  uint8_t temporal = 0;
  bool key = false;
  bool inter_layer = false;
  bool last = false;  // of the picture
  bool up = false;    // U
};

class Vp9Selection : public ::testing::Test {
 protected:
  FrameSelector::Verdict give(const Vp9Packet& p) {
    codec::FrameInfo f;
    f.spatial_id = p.spatial;
    f.temporal_id = p.temporal;
    f.starts_frame = f.ends_layer = true;
    f.inter_predicted = !p.key;
    f.inter_layer = p.inter_layer;
    f.is_key_frame = p.key && p.spatial == 0;
    f.spatial_layers = f.is_key_frame ? layers : uint8_t{0};
    f.ends_frame = p.last;
    f.layer_sync = p.up;
    return selector.on_packet({Codec::Vp9, picture, f});
  }
  // One picture of all layers, each layer's frame one packet. The result names what was forwarded,
  // a mark behind the one that ends the picture: "01*".
  std::string show(bool key, bool svc, uint8_t temporal = 0, bool up = false) {
    std::string sent;
    ++picture;
    for (uint8_t s = 0; s < layers; ++s) {
      const bool last = s + 1 == layers;
      const auto v = give({s, temporal, key, s > 0 && (key || svc), last, up});
      if (!v.forward) continue;
      sent += static_cast<char>('0' + s);
      if (v.ends_picture || last) sent += '*';
    }
    return sent;
  }
  FrameSelector selector;
  uint8_t layers = 3;
  int64_t picture = 0;
};

TEST_F(Vp9Selection, FullSvcSendsEveryLayerUpToTheLimitAndMarksTheLast) {
  selector.set_limit({1});
  EXPECT_EQ(show(true, true), "01*");
  EXPECT_EQ(show(false, true), "01*");
  EXPECT_FALSE(selector.wants_key_frame());
}

TEST_F(Vp9Selection, KsvcSendsTheShownLayerAloneBetweenKeyPictures) {
  selector.set_limit({2});
  EXPECT_EQ(show(true, false), "012*");
  show(false, false);  // the first one tells that layers do not refer to each other
  EXPECT_EQ(show(false, false), "2*");
  selector.set_limit({1});
  EXPECT_EQ(show(false, false), "2*") << "layer 1 cannot be decoded before a key picture";
  EXPECT_TRUE(selector.wants_key_frame());
  EXPECT_EQ(show(true, false), "01*");
  EXPECT_FALSE(selector.wants_key_frame());
  show(false, false);
  EXPECT_EQ(show(false, false), "1*");
}

TEST_F(Vp9Selection, FullSvcGoesDownAtTheNextPictureAndUpAtAKeyPicture) {
  show(true, true);
  EXPECT_EQ(show(false, true), "012*");
  selector.set_limit({0});
  EXPECT_EQ(show(false, true), "0*");
  selector.set_limit({2});
  EXPECT_EQ(show(false, true), "0*");
  EXPECT_TRUE(selector.wants_key_frame());
  EXPECT_EQ(show(true, true), "012*");
  EXPECT_FALSE(selector.wants_key_frame());
}

TEST_F(Vp9Selection, ALayerThatRefersOnlyToTheOneBelowMayBeginWithoutAKeyPicture) {
  selector.set_limit({0});
  show(true, true);
  selector.set_limit({1});
  ++picture;
  EXPECT_TRUE(give({0, 0, false, false, false}).forward);
  Vp9Packet begins{1, 0, true, true, true};  // P = 0, D = 1
  EXPECT_TRUE(give(begins).forward);
  EXPECT_EQ(selector.spatial(), 1);
}

TEST_F(Vp9Selection, AShownLayerThatVanishesIsLeft) {
  show(true, false);
  show(false, false);
  layers = 2;
  for (uint32_t i = 0; i < FrameSelector::kVanishedAfter; ++i) show(false, false);
  EXPECT_TRUE(selector.wants_key_frame());
  EXPECT_EQ(show(false, false), "") << "what was not sent before cannot be referred to";
  EXPECT_EQ(show(true, false), "01*");
  show(false, false);
  EXPECT_EQ(show(false, false), "1*");
  EXPECT_FALSE(selector.wants_key_frame());
}

TEST_F(Vp9Selection, AVanishedLayerOfFullSvcInterruptsNothing) {
  show(true, true);
  layers = 2;
  for (uint32_t i = 0; i < 2 * FrameSelector::kVanishedAfter; ++i)
    ASSERT_EQ(show(false, true), "01*");
}

TEST_F(Vp9Selection, FramesOfHigherTemporalLayersAreLeftOutAndReturnBehindASwitchingPoint) {
  selector.set_limit({kBestLayer, 0});
  EXPECT_EQ(show(true, true), "012*");
  EXPECT_EQ(show(false, true, 1), "");
  EXPECT_EQ(show(false, true, 0), "012*");
  selector.set_limit({});
  EXPECT_EQ(show(false, true, 1), "") << "it may refer to frames that were not sent";
  EXPECT_EQ(show(false, true, 0, true), "012*");
  EXPECT_EQ(show(false, true, 1), "012*");
}

// ---- VP8, H.264 ----

TEST(Vp8Selection, TemporalLayersReturnOneByOneAtFramesThatReferToTheBaseAlone) {
  FrameSelector s;
  int64_t picture = 0;
  const auto give = [&](uint8_t temporal, bool sync, bool key = false) {
    codec::FrameInfo f;
    f.temporal_id = temporal;
    f.layer_sync = sync;
    f.is_key_frame = key;
    return s.on_packet({Codec::Vp8, ++picture, f}).forward;
  };
  s.set_limit({kBestLayer, 0});
  EXPECT_TRUE(give(0, false, true));
  EXPECT_FALSE(give(2, true));
  EXPECT_FALSE(give(1, true));
  s.set_limit({});
  EXPECT_FALSE(give(1, false));
  EXPECT_FALSE(give(2, true)) << "layer 1 in between is not sent yet";
  EXPECT_TRUE(give(1, true));
  EXPECT_FALSE(give(2, false));
  EXPECT_TRUE(give(2, true));
  EXPECT_TRUE(give(2, false));
}

TEST(Vp8Selection, WhereNoSwitchingPointComesAKeyFrameIsWanted) {
  FrameSelector s;
  codec::FrameInfo f;
  f.temporal_id = 1;
  s.set_limit({kBestLayer, 0});
  int64_t picture = 0;
  for (uint32_t i = 0; i < 100; ++i) s.on_packet({Codec::Vp8, ++picture, f});
  EXPECT_FALSE(s.wants_key_frame());
  s.set_limit({});
  for (uint32_t i = 0; i <= FrameSelector::kSwitchPatience; ++i)
    s.on_packet({Codec::Vp8, ++picture, f});
  EXPECT_TRUE(s.wants_key_frame());
}

TEST(H264Selection, TheLowestFrameRateLeavesOutWhatNobodyRefersTo) {
  FrameSelector s;
  codec::FrameInfo f;
  f.is_discardable = true;
  EXPECT_TRUE(s.on_packet({Codec::H264, 1, f}).forward);
  s.set_limit({kBestLayer, 0});
  EXPECT_FALSE(s.on_packet({Codec::H264, 2, f}).forward);
  f.is_discardable = false;
  EXPECT_TRUE(s.on_packet({Codec::H264, 3, f}).forward);
}

// ---- AV1 ----

class Av1Selection : public ::testing::Test {
 protected:
  FrameSelector::Verdict give(const tests::DdSample& sample) {
    const auto facts = reader.read(tests::dependency_descriptor(sample));
    EXPECT_TRUE(facts.has_value());
    const codec::FrameInfo frame;
    return selector.on_packet(
        {Codec::Av1, 1, frame, &*facts, reader.structure(facts->structure_version)});
  }
  bool sent(unsigned id) { return give({.id = id, .frame = number++}).forward; }
  // Key picture: S0 and S1.
  void key(const tests::DdStructure& structure) {
    give({.id = 0, .frame = number++, .structure = structure});
    give({.id = 3, .frame = number++});
  }
  codec::DependencyReader reader;
  FrameSelector selector;
  uint16_t number = 10;
};

// Templates: 0 S0 key, 1 S0T0, 2 S0T1, 3 S1 key, 4 S1T0, 5 S1T1; each picture is S0 then S1.
TEST_F(Av1Selection, WithoutALimitTheBestTargetIsSent) {
  key(tests::l2t2_key());
  EXPECT_FALSE(sent(2)) << "layer 0 serves no one who sees layer 1";
  EXPECT_TRUE(sent(5));
  EXPECT_FALSE(sent(1));
  EXPECT_TRUE(sent(4));
  EXPECT_FALSE(selector.wants_key_frame());
}

TEST_F(Av1Selection, TheLimitChoosesTheTargetAndTheMarkFollowsIt) {
  selector.set_limit({0, 0});
  const auto base = give({.id = 0, .frame = 10, .structure = tests::l2t2_full()});
  EXPECT_TRUE(base.forward && base.ends_picture);
  EXPECT_FALSE(give({.id = 3, .frame = 11}).forward);
  EXPECT_FALSE(give({.id = 2, .frame = 12}).forward);  // T1
  EXPECT_FALSE(give({.id = 5, .frame = 13}).forward);
  EXPECT_TRUE(give({.id = 1, .frame = 14}).forward);
}

TEST_F(Av1Selection, FullSvcGoesDownWithoutAKeyFrame) {
  key(tests::l2t2_full());
  EXPECT_TRUE(sent(2) && sent(5));
  selector.set_limit({0});
  EXPECT_TRUE(sent(1));
  EXPECT_FALSE(sent(4));
  EXPECT_FALSE(selector.wants_key_frame());
  EXPECT_EQ(selector.spatial(), 0);
}

TEST_F(Av1Selection, ASwitchPointThatRefersToFramesNotSentIsNone) {
  selector.set_limit({0});
  key(tests::l2t2_full());
  selector.set_limit({1});
  EXPECT_TRUE(sent(2));
  EXPECT_FALSE(sent(5));
  EXPECT_TRUE(sent(1));
  EXPECT_FALSE(sent(4)) << "its indication is Switch, but the frame before it was not sent";
  EXPECT_TRUE(selector.wants_key_frame());
  key(tests::l2t2_full());
  EXPECT_EQ(selector.spatial(), 1);
  EXPECT_FALSE(selector.wants_key_frame());
}

TEST_F(Av1Selection, PacketsOfOneFrameShareItsFate) {
  selector.set_limit({0});
  give({.end = false, .id = 0, .frame = 10, .structure = tests::l2t2_key()});
  EXPECT_TRUE(give({.start = false, .id = 0, .frame = 10}).forward);
  EXPECT_FALSE(give({.end = false, .id = 3, .frame = 11}).forward);
  selector.set_limit({1});
  EXPECT_FALSE(give({.start = false, .id = 3, .frame = 11}).forward);
}

TEST_F(Av1Selection, ATargetThatIsNoLongerSentIsLeft) {
  key(tests::l2t2_full());
  EXPECT_TRUE(sent(2) && sent(5));
  const auto base = give({.id = 1, .frame = number++, .active = 0b0011});
  EXPECT_TRUE(base.forward && base.ends_picture);
  EXPECT_EQ(selector.spatial(), 0);
}

TEST_F(Av1Selection, ANewStructureWithoutItsKeyFrameAsksForOne) {
  key(tests::l2t2_full());
  EXPECT_TRUE(sent(2) && sent(5));
  // A structure may come with any frame; this one refers to what was before.
  EXPECT_FALSE(give({.id = 5, .frame = number++, .structure = tests::l2t2_key()}).forward);
  EXPECT_TRUE(selector.wants_key_frame());
  key(tests::l2t2_key());
  EXPECT_FALSE(selector.wants_key_frame());
  EXPECT_EQ(selector.spatial(), 1);
}

TEST_F(Av1Selection, AFrameOfTheStructureBeforeInterruptsNothing) {
  key(tests::l2t2_full());
  const auto late = reader.read(tests::dependency_descriptor({.id = 5, .frame = number++}));
  key(tests::l2t2_full());
  const codec::FrameInfo frame;
  const auto* before = reader.structure(late->structure_version);
  ASSERT_NE(before, nullptr);
  EXPECT_FALSE(selector.on_packet({Codec::Av1, 1, frame, &*late, before}).forward);
  EXPECT_FALSE(selector.wants_key_frame());
  EXPECT_TRUE(sent(2) && sent(5));
}

TEST_F(Av1Selection, AStructureThatPromisesNothingIsFollowedByNothing) {
  const auto nothing =
      give({.id = 0, .frame = number++, .structure = tests::l2t2_key(), .active = 0});
  EXPECT_FALSE(nothing.forward);
  EXPECT_FALSE(sent(3));
  EXPECT_FALSE(selector.wants_key_frame()) << "no key frame brings what is not sent";
}

}  // namespace
}  // namespace media::layers
