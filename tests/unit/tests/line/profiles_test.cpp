#include "tests/line/profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace line {
namespace {

using ::testing::HasSubstr;

media::Outcome<std::string> no_traces(const std::string& file) {
  return media::env_fail("no " + file);
}

media::Outcome<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return media::env_fail("cannot open " + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

media::Outcome<std::vector<Profile>> parse(std::string_view text) {
  return parse_profiles(text, "lines.toml", no_traces);
}

std::string complaint(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? "none" : parsed.error().message;
}

TEST(Profiles, ReadsEachDirectionOverWhatHoldsForBoth) {
  const auto parsed = parse(R"(
[dsl]
about = "copper"
delay_ms = 12.5
loss_percent = 1
[dsl.down]
rate_kbit = 2000
queue_ms = 300
[dsl.up]
rate_kbit = 512
loss_percent = 2
jitter_ms = 10
in_order = false
burst_loss_percent = 10
burst_mean = 4
reorder_percent = 3
reorder_ms = 7
duplicate_percent = 4
queue_bytes = 9000
)");
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->size(), 1U);
  const Profile& dsl = parsed->front();
  EXPECT_EQ(dsl.name, "dsl");
  EXPECT_EQ(dsl.about, "copper");
  const Params& down = dsl.down.steps.front().params;
  EXPECT_EQ(down.bits_per_second, 2'000'000);
  EXPECT_EQ(down.max_queue, Duration::millis(300));
  EXPECT_EQ(down.delay, Duration::micros(12'500));
  EXPECT_DOUBLE_EQ(down.loss, 0.01);
  EXPECT_TRUE(down.in_order);
  const Params& up = dsl.up.steps.front().params;
  EXPECT_EQ(up.bits_per_second, 512'000);
  EXPECT_DOUBLE_EQ(up.loss, 0.02);
  EXPECT_EQ(up.jitter, Duration::millis(10));
  EXPECT_FALSE(up.in_order);
  EXPECT_DOUBLE_EQ(up.burst.loss, 0.1);
  EXPECT_DOUBLE_EQ(up.burst.mean_length, 4);
  EXPECT_DOUBLE_EQ(up.reorder, 0.03);
  EXPECT_EQ(up.reorder_by, Duration::millis(7));
  EXPECT_DOUBLE_EQ(up.duplicate, 0.04);
  EXPECT_EQ(up.max_queue_bytes, 9'000);
  EXPECT_EQ(up.delay, Duration::micros(12'500));
}

TEST(Profiles, StepsChangeWhatTheyNameAndNothingElse) {
  const auto parsed = parse(R"(
[x]
loss_percent = 1
repeat_s = 30
[x.down]
rate_kbit = 2000
[[x.step]]
at_s = 10
rate_kbit = 300
[[x.step]]
at_s = 20.5
out = true
)");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Schedule& down = parsed->front().down;
  ASSERT_EQ(down.steps.size(), 3U);
  EXPECT_EQ(down.steps[1].at, Duration::seconds(10));
  EXPECT_EQ(down.steps[1].params.bits_per_second, 300'000);
  EXPECT_DOUBLE_EQ(down.steps[1].params.loss, 0.01);
  EXPECT_FALSE(down.steps[1].params.out);
  EXPECT_EQ(down.steps[2].at, Duration::millis(20'500));
  EXPECT_EQ(down.steps[2].params.bits_per_second, 2'000'000);
  EXPECT_TRUE(down.steps[2].params.out);
  EXPECT_EQ(down.repeat, Duration::seconds(30));
  EXPECT_TRUE(parsed->front().up.steps[2].params.out);
}

TEST(Profiles, MistakesNameTheLineAndWhatMayStandThere) {
  EXPECT_THAT(complaint("[x]\nrate = 5\n"), HasSubstr("lines.toml:2: rate is not a key"));
  EXPECT_THAT(complaint("[x]\nloss_percent = 101\n"), HasSubstr("from 0 to 100"));
  EXPECT_THAT(complaint("[x]\nloss_percent = nan\n"), HasSubstr("from 0 to 100"));
  EXPECT_THAT(complaint("[x]\nloss_percent = true\n"), HasSubstr("from 0 to 100"));
  EXPECT_THAT(complaint("[x]\nout = 1\n"), HasSubstr("true or false"));
  EXPECT_THAT(complaint("[x]\nabout = 1\n"), HasSubstr("text in quotes"));
  EXPECT_THAT(complaint("[x]\nburst_mean = 0.5\n"), HasSubstr("from 1 to"));
  EXPECT_THAT(complaint("[x]\ndown = 1\n"), HasSubstr("[x.down]"));
  EXPECT_THAT(complaint("x = 1\n"), HasSubstr("is a line: [x]"));
  EXPECT_THAT(complaint("[x]\nstep = 1\n"), HasSubstr("[[NAME.step]]"));
  EXPECT_THAT(complaint("[[x.step]]\nout = true\n"), HasSubstr("at_s"));
  EXPECT_THAT(complaint("[[x.step]]\nat_s = 5\n[[x.step]]\nat_s = 5\n"), HasSubstr("later than"));
  EXPECT_THAT(complaint("[x]\nrepeat_s = 5\n[[x.step]]\nat_s = 5\n"), HasSubstr("last step"));
  EXPECT_THAT(complaint("[x]\ntrace = \"gone\"\n"), HasSubstr("no gone"));
  EXPECT_THAT(complaint("[x\n"), HasSubstr("lines.toml:1"));
}

class ShippedProfiles : public ::testing::Test {
 protected:
  static std::string folder() { return std::string(TONGKE_SOURCE_DIR) + "/tests/line/"; }
  static media::Outcome<std::vector<Profile>> load() {
    return parse_profiles(*read_file(folder() + "profiles.toml"), "profiles.toml",
                          [](const std::string& f) { return read_file(folder() + "traces/" + f); });
  }
};

TEST_F(ShippedProfiles, AreAllThereAndSayWhatTheyAre) {
  const auto profiles = load();
  ASSERT_TRUE(profiles) << profiles.error().message;
  std::set<std::string> names;
  for (const Profile& p : *profiles) {
    names.insert(p.name);
    EXPECT_FALSE(p.about.empty()) << p.name;
    EXPECT_FALSE(describe(p.down).empty()) << p.name;
  }
  for (const char* name :
       {"clean", "loss5", "loss20", "loss30", "burst10", "village-dsl", "lossy-wifi", "4g-fair",
        "satellite", "tiny", "k600", "k100", "flapping", "step", "out3", "out30"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST_F(ShippedProfiles, TracesAreWhatTheirGeneratorMakes) {
  for (const auto& [file, seed, rate] :
       {std::tuple("4g-fair-down.trace", 1U, 4e6), std::tuple("4g-fair-up.trace", 2U, 1.5e6)}) {
    MobileTraceParams params;
    params.seed = seed;
    params.mean_bits_per_second = rate;
    const auto text = read_file(folder() + "traces/" + file);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_TRUE(*text == make_mobile_trace(params).to_text())
        << file << ": tongke-line --make-trace " << seed << " " << rate;
  }
}

TEST(Describe, SaysWhatALineIsLikeAtFirst) {
  Params p;
  p.bits_per_second = 2'000'000;
  p.loss = 0.01;
  EXPECT_EQ(describe(p), "2000 kbit/s, 20 ms, 1 % lost");
  p.bits_per_second = 0;
  p.loss = 0;
  p.jitter = Duration::millis(5);
  p.burst = {0.1, 4};
  EXPECT_EQ(describe(p), "no limit, 20 ms + 0..5, 10 % lost in runs of 4");
}

}  // namespace
}  // namespace line
