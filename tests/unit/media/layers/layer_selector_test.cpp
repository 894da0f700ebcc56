#include "media/layers/layer_selector.h"

#include <gtest/gtest.h>

namespace media::layers {
namespace {

TEST(LayerSelector, BeginsWithAnyPermittedKeyFrameAndGoesUpAtTheNext) {
  LayerSelector s;
  s.set_available(0b111);
  EXPECT_EQ(s.wants_key_frame_of(), 2);
  EXPECT_EQ(s.on_packet(0, false), Decision::WaitForKey);
  EXPECT_EQ(s.on_packet(0, true), Decision::Switch);
  EXPECT_EQ(s.on_packet(0, false), Decision::Forward);
  EXPECT_EQ(s.wants_key_frame_of(), 2);
  EXPECT_EQ(s.on_packet(2, false), Decision::Drop);
  EXPECT_EQ(s.on_packet(2, true), Decision::Switch);
  EXPECT_EQ(s.on_packet(0, false), Decision::Drop);
  EXPECT_EQ(s.wants_key_frame_of(), std::nullopt);
}

TEST(LayerSelector, ALowerLimitIsTakenAtTheLowerLayersKeyFrameAndTheOldShownUntilThen) {
  LayerSelector s;
  s.set_available(0b111);
  s.on_packet(2, true);
  s.set_limit(0);
  EXPECT_EQ(s.wants_key_frame_of(), 0);
  EXPECT_EQ(s.on_packet(2, false), Decision::Forward);
  EXPECT_EQ(s.on_packet(1, true), Decision::Drop);
  EXPECT_EQ(s.on_packet(0, true), Decision::Switch);
  EXPECT_EQ(s.on_packet(2, true), Decision::Drop);
}

TEST(LayerSelector, WhenTheShownLayerVanishesAnyOtherKeyFrameWillDo) {
  LayerSelector s;
  s.set_available(0b111);
  s.on_packet(2, true);
  s.set_available(0b011);
  EXPECT_EQ(s.wants_key_frame_of(), 1);
  EXPECT_EQ(s.on_packet(0, true), Decision::Switch);
  EXPECT_EQ(s.on_packet(1, true), Decision::Switch);
}

TEST(LayerSelector, NeverGoesDownWithoutNeed) {
  LayerSelector s;
  s.set_available(0b111);
  s.on_packet(2, true);
  EXPECT_EQ(s.on_packet(1, true), Decision::Drop);
  EXPECT_EQ(s.on_packet(0, true), Decision::Drop);
  EXPECT_EQ(s.current(), 2);
}

TEST(LayerSelector, NothingIsShownWhenOnlyForbiddenLayersAreSent) {
  LayerSelector s;
  s.set_limit(0);
  s.set_available(0b110);
  EXPECT_EQ(s.target(), std::nullopt);
  EXPECT_EQ(s.on_packet(1, true), Decision::WaitForKey);
}

}  // namespace
}  // namespace media::layers
