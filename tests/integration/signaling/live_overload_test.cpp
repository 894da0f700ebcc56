// Lessons on a server whose line is too narrow: who is turned away, who is not, and what pages
// hear.
#include "live_rig.h"

namespace tests {
namespace {

class LiveOverload : public LiveRig {
 protected:
  // Anything that is said fills it; connections that stand and say nothing do not.
  LiveOverload() { line_bps = 8'000; }
};

TEST_F(LiveOverload, NewcomersWaitTheTeacherAndThoseWhoReturnDoNot) {
  FakeConnection& t = enter(teacher());
  FakeConnection& a = enter(pupils("class1"));
  FakeConnection& b = enter(pupils("class2"));
  EXPECT_EQ(request(t, {{"t", "start"}})["t"], "ok");
  Line& page = connect_page(t);
  Line& seen = connect_page(a);
  EXPECT_EQ(request(t, {{"t", "media"}, {"mic", true}, {"camera", true}, {"screen", false}})["t"],
            "ok");
  const auto hears_of_it = [&] {
    return std::any_of(a.got.begin(), a.got.end(),
                       [](const json& m) { return m["t"] == "relief"; });
  };
  for (int i = 0;
       i < 20 && !(hears_of_it() && media->load() == media::overload::LoadLevel::Overloaded); ++i) {
    send_for({&page}, Duration::millis(500));
  }
  ASSERT_TRUE(hears_of_it());
  ASSERT_EQ(media->load(), media::overload::LoadLevel::Overloaded);
  EXPECT_GT(seen.heard("voice-teacher"), 10U);

  const auto refused = play(observer(), build_offer(offer_of(false).offer));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  EXPECT_EQ(refused.error().code, "overloaded");
  Line& stranger = new_line();
  add_section(stranger, "teacher", media::MediaKind::Video, false);
  const json uses = json::array({{{"mid", "teacher"}, {"use", "slot"}, {"slot", "teacher"}}});
  const auto ask_for = [&](FakeConnection& who) {
    return request(who, {{"t", "offer"}, {"sdp", build_offer(stranger.offer)}, {"sections", uses}});
  };
  EXPECT_EQ(ask_for(b).value("code", ""), "overloaded") << "was never connected";
  EXPECT_EQ(ask_for(t)["t"], "answer");
  EXPECT_EQ(ask_for(a)["t"], "answer") << "was part of the lesson";
  EXPECT_EQ(lessons->stats().arrivals_refused, 2U);

  // Nothing is sent any more: in a few seconds there is room for the class.
  EXPECT_TRUE(pump([&] { return media->load() == media::overload::LoadLevel::Calm; }));
  EXPECT_EQ(ask_for(b)["t"], "answer");
}

}  // namespace
}  // namespace tests
