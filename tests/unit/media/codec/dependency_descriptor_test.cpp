#include "media/codec/dependency_descriptor.h"

#include <gtest/gtest.h>

#include "tests/support/dependency_samples.h"

namespace media::codec {
namespace {

using tests::DdSample;
using tests::dependency_descriptor;

TEST(DependencyDescriptor, AStructureTellsLayersTargetsReferencesAndSize) {
  DependencyReader reader;
  const auto key = reader.read(
      dependency_descriptor({.id = 0, .frame = 65535, .structure = tests::l2t2_full()}));
  ASSERT_TRUE(key) << key.error().what;
  EXPECT_TRUE(key->starts_frame && key->ends_frame && key->has_structure);
  EXPECT_EQ(key->frame, 65535);
  EXPECT_EQ(key->diff_count, 0);
  EXPECT_EQ(key->active_targets, 0b1111U);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(indication_of(key->indications, i), Indication::Switch) << i;
  const auto* s = reader.structure(key->structure_version);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->template_count, 6);
  EXPECT_EQ(s->target_count, 4);
  EXPECT_EQ(s->spatial_layers, 2);
  EXPECT_EQ(s->width, 640);
  EXPECT_EQ(s->height, 360);
  EXPECT_EQ(s->targets[1].spatial_id, 0);
  EXPECT_EQ(s->targets[1].temporal_id, 1);
  EXPECT_EQ(s->targets[3].spatial_id, 1);
  EXPECT_EQ(s->targets[3].temporal_id, 1);

  const auto upper = reader.read(dependency_descriptor({.id = 5, .frame = 2}));
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->frame, 65536 + 2);  // the number wrapped
  EXPECT_EQ(upper->spatial_id, 1);
  EXPECT_EQ(upper->temporal_id, 1);
  ASSERT_EQ(upper->diff_count, 2);
  EXPECT_EQ(upper->diffs[0], 1);
  EXPECT_EQ(upper->diffs[1], 2);
  EXPECT_EQ(indication_of(upper->indications, 3), Indication::Discardable);
  EXPECT_EQ(indication_of(upper->indications, 2), Indication::NotPresent);
}

TEST(DependencyDescriptor, TargetsThatAreNoLongerSentStayAwayUntilSaidOtherwise) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(dependency_descriptor({.structure = tests::l2t2_full()})));
  ASSERT_TRUE(reader.read(dependency_descriptor({.id = 1, .frame = 4, .active = 0b0011})));
  EXPECT_EQ(reader.read(dependency_descriptor({.id = 1, .frame = 8}))->active_targets, 0b0011U);
}

TEST(DependencyDescriptor, CustomReferencesReplaceTheTemplates) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(dependency_descriptor({.structure = tests::l2t2_full()})));
  tests::BitWriter w;
  w.f(2, 3);
  w.f(6, 1);
  w.f(16, 300);
  w.f(5, 0b00010);  // custom_fdiffs
  w.f(2, 2);
  w.f(8, 199);
  w.f(2, 3);
  w.f(12, 255);
  w.f(2, 0);
  const auto read = reader.read(w.take());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->diff_count, 2);
  EXPECT_EQ(read->diffs[0], 200);
  EXPECT_EQ(read->diffs[1], 256);
}

TEST(DependencyDescriptor, TheStructureBeforeIsStillKnownTheOneBeforeThatIsNot) {
  DependencyReader reader;
  const uint32_t first =
      reader.read(dependency_descriptor({.structure = tests::l2t2_full()}))->structure_version;
  reader.read(dependency_descriptor({.frame = 4, .structure = tests::l2t2_key()}));
  EXPECT_NE(reader.structure(first), nullptr);
  reader.read(dependency_descriptor({.frame = 8, .structure = tests::l2t2_key()}));
  EXPECT_EQ(reader.structure(first), nullptr);
  reader.reset();
  EXPECT_FALSE(reader.read(dependency_descriptor({.id = 1, .frame = 9})));
}

TEST(DependencyDescriptor, DescriptorsThatLieAreRefusedAndChangeNothing) {
  DependencyReader reader;
  EXPECT_EQ(reader.read(std::vector<uint8_t>{0xC0, 0}).error().code, Errc::Truncated);
  EXPECT_EQ(reader.read(dependency_descriptor({.id = 0})).error().code, Errc::Malformed);
  const auto whole = dependency_descriptor({.structure = tests::l2t2_full()});
  for (size_t size = kMinDescriptor + 1; size < whole.size(); ++size) {
    DependencyReader fresh;
    EXPECT_FALSE(fresh.read(ByteSpan(whole).first(size))) << size;
    EXPECT_EQ(fresh.structure(1), nullptr) << size;
  }
  ASSERT_TRUE(reader.read(whole));
  EXPECT_EQ(reader.read(dependency_descriptor({.id = 6, .frame = 1})).error().code,
            Errc::Malformed);  // a missing template
  auto deep = tests::l2t2_full();
  for (unsigned s = 2; s < 5; ++s) deep.templates.push_back({s, 0, "----", {}});
  EXPECT_EQ(reader.read(dependency_descriptor({.structure = deep})).error().code, Errc::TooLarge);
  EXPECT_TRUE(reader.read(dependency_descriptor({.id = 5, .frame = 3})));
}

TEST(DependencyDescriptor, AnotherFrameNumberChangesNothingElse) {
  auto bytes = dependency_descriptor({.frame = 7, .structure = tests::l2t2_key()});
  const auto before = bytes;
  set_frame_number(bytes, 0xABCD);
  DependencyReader reader;
  EXPECT_EQ(reader.read(bytes)->frame, 0xABCD);
  bytes[1] = before[1];
  bytes[2] = before[2];
  EXPECT_EQ(bytes, before);
}

}  // namespace
}  // namespace media::codec
