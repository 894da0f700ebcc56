// The keeper of HLS streams with a real database and real child processes; the encoder is a shell
// script, and the clock is the test's.
#include "signaling/app/hls_house.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <optional>

#include "signaling/app/authenticator.h"
#include "tests/integration/signaling/http_fixture.h"
#include "tests/support/waiting.h"

namespace tests {
namespace {

using media::Duration;
using media::Instant;
using signaling::app::HlsHouse;
using signaling::hls::Reply;

// Says what a real encoder says: two whole segments of one part each, then nothing. Its process id
// and the job go to files that the test reads.
constexpr const char* kEncoder = R"sh(
job=$(cat)
dir=$(printf '%s' "$job" | sed 's/.*"directory":"\([^"]*\)".*/\1/')
printf '%s' "$job" > "$dir/../job"
for f in 1.mp4 2.mp4 3.m4s 4.m4s 5.m4s 6.m4s; do printf "bytes of $f by $$" > "$dir/$f"; done
echo '{"init":{"av":"1.mp4","a":"2.mp4","avCodecs":"avc1.42C01F,mp4a.40.2","aCodecs":"mp4a.40.2","width":1280,"height":720}}'
n=3
for segment in 1 2; do
  for rendition in av a; do
    echo '{"part":{"rendition":"'$rendition'","file":"'$n'.m4s","durationUs":2000000,"dateUs":1790000000000000,"independent":true,"ends":true}}'
    n=$((n+1))
  done
done
printf '%s' $$ > "$dir/../pid.new"
mv "$dir/../pid.new" "$dir/../pid"
exec tail -f /dev/null
)sh";

class HlsHouseTest : public HttpTest {
 protected:
  void SetUp() override {
    HttpTest::SetUp();
    on_server([this] {
      make_house();
      return 0;
    });
    ASSERT_NE(house_, nullptr);
  }
  void TearDown() override {
    on_server([this] {
      house_.reset();
      return 0;
    });
    HttpTest::TearDown();
  }

  void make_house(size_t max_streams = 2) {
    HlsHouse::Params params;
    params.folder = folder_ / "hls";
    params.whep_base = [] { return std::string("https://127.0.0.1:1/whep/"); };
    params.monotonic = [this] { return now_; };
    params.wall_us = [] { return signaling::web::wall_now_us(); };
    params.post = post();
    params.encoder = {"/bin/sh", "-c", kEncoder};
    params.max_streams = max_streams;
    auto house = HlsHouse::open(std::move(params), *storage_);
    ASSERT_TRUE(house) << house.error().message;
    house_ = std::move(*house);
  }

  signaling::auth::Actor actor_of(const std::string& secret, bool is_session = false) {
    const auto actor = storage_->ask_and_wait([&](storage::Store& store) {
      return signaling::app::look_up(store, signaling::auth::hash_secret(secret), is_session,
                                     signaling::web::wall_now_us());
    });
    EXPECT_TRUE(actor);
    return *actor;
  }
  // The grant's text; empty when refused.
  std::string admit(const signaling::auth::Actor& actor) {
    return on_server([&] {
      const auto grant = house_->admit(world_.live, actor);
      return grant ? grant->text : std::string();
    });
  }
  bool is_good(const std::string& grant) {
    return on_server([&] { return house_->check(world_.live, grant); });
  }
  // Lets time pass, in steps as the server's tick makes them.
  void pass(Duration time) {
    on_server([&] {
      for (Duration left = time; left > Duration(); left = left - Duration::millis(100)) {
        now_ = now_ + Duration::millis(100);
        house_->on_tick(now_);
      }
      return 0;
    });
  }
  struct Asked {
    std::optional<Reply> reply;
  };
  std::shared_ptr<Asked> ask(const std::string& file, signaling::hls::ReloadQuery query = {}) {
    auto asked = std::make_shared<Asked>();
    on_server([&] {
      house_->request(world_.live, file, query,
                      {[] { return true; }, [asked](const Reply& r) { asked->reply = r; }});
      return 0;
    });
    return asked;
  }
  std::optional<Reply> reply_to(const std::shared_ptr<Asked>& asked) {
    return on_server([&] { return asked->reply; });
  }
  // The text of a playlist once it is there.
  std::string playlist() {
    const auto asked = ask("av.m3u8");
    EXPECT_TRUE(wait_until([&] { return reply_to(asked).has_value(); }));
    const auto reply = reply_to(asked);
    return reply && reply->body ? *reply->body : std::string();
  }
  // Of the encoder that runs, once it has said all.
  pid_t encoder() {
    pid_t pid = 0;
    EXPECT_TRUE(wait_until([&] {
      std::ifstream file(folder_ / "hls" / "pid");
      return static_cast<bool>(file >> pid);
    }));
    std::filesystem::remove(folder_ / "hls" / "pid");
    return pid;
  }
  signaling::app::HlsStats stats() {
    return on_server([&] { return house_->stats(); });
  }

  std::unique_ptr<HlsHouse> house_;
  Instant now_ = Instant::from_micros(1'000'000'000);
};

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST_F(HlsHouseTest, AKilledEncoderIsReplacedAndThePlaylistGoesOnBehindADiscontinuity) {
  const auto actor = actor_of(token(world_.live, storage::LessonRole::Observer));
  const std::string grant = admit(actor);
  const pid_t first = encoder();
  ASSERT_TRUE(wait_until([&] { return stats().parts == 4; }));
  const std::string before = playlist();
  EXPECT_EQ(count(before, "#EXT-X-DISCONTINUITY\n"), 0U);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  ASSERT_TRUE(wait_until([&] { return stats().encoder_restarts == 1; }));
  pass(Duration::seconds(1));
  EXPECT_NE(encoder(), first);
  ASSERT_TRUE(wait_until([&] { return stats().parts == 8; }));
  const std::string after = playlist();
  EXPECT_EQ(count(after, "#EXT-X-DISCONTINUITY\n"), 1U) << after;
  EXPECT_EQ(count(after, "#EXT-X-MAP:"), 2U) << "the new encoder's parts need its own init";
  EXPECT_EQ(count(after, "#EXTINF:"), 4U);
  // What was listed stays listed, under the same names.
  const size_t from = before.find("#EXT-X-MEDIA-SEQUENCE"), to = before.find("#EXT-X-PART:");
  EXPECT_EQ(after.substr(from, to - from), before.substr(from, to - from));
  EXPECT_TRUE(is_good(grant));
}

TEST_F(HlsHouseTest, PlayersThatIndexByDiscontinuityGetSmallNumbers) {
  admit(actor_of(token(world_.live, storage::LessonRole::Observer)));
  const std::string text = playlist();
  EXPECT_EQ(count(text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"), 1U) << text;
}

TEST_F(HlsHouseTest, ARemovalMakesEveryAddressVoidAtOnceAndRefusesWhoWaits) {
  const auto actor = actor_of(token(world_.live, storage::LessonRole::Observer));
  const std::string old = admit(actor);
  encoder();
  ASSERT_TRUE(wait_until([&] { return stats().parts == 4; }));
  const std::string text = playlist();
  const size_t at = text.find("URI=\"av-", text.find("PRELOAD-HINT")) + 5;
  const auto waiting = ask(text.substr(at, text.find('"', at) - at));
  EXPECT_FALSE(reply_to(waiting)) << "it is not made yet";
  EXPECT_TRUE(is_good(old));
  on_server([&] {
    house_->cut(world_.live);
    return 0;
  });
  EXPECT_FALSE(is_good(old));
  ASSERT_TRUE(reply_to(waiting));
  EXPECT_EQ(reply_to(waiting)->status, 403);
  const std::string fresh = admit(actor);
  EXPECT_NE(fresh, old);
  EXPECT_TRUE(is_good(fresh));
  EXPECT_EQ(stats().cuts, 1U);
  EXPECT_EQ(stats().encoder_restarts, 0U) << "the others go on with the same encoder";
}

TEST_F(HlsHouseTest, ARevokedLinkLosesTheStreamWithinTwoSeconds) {
  const std::string secret = token(world_.live, storage::LessonRole::Observer);
  const std::string grant = admit(actor_of(secret));
  admit(actor_of(token(world_.live, storage::LessonRole::Observer)));
  pass(Duration::seconds(2));
  EXPECT_TRUE(is_good(grant));
  const auto revoked = storage_->ask_and_wait([&](storage::Store& store) {
    return store.revoke_token(signaling::auth::hash_secret(secret));
  });
  ASSERT_TRUE(revoked);
  pass(Duration::seconds(2));
  EXPECT_TRUE(wait_until([&] { return !is_good(grant); }));
}

TEST_F(HlsHouseTest, WhoSignsOutCutsNobodyOff) {
  const std::string header = cookie_of(world_.teacher);
  const size_t at = header.find('=') + 1;
  const std::string secret = header.substr(at, header.find('\r') - at);
  const std::string grant = admit(actor_of(secret, true));
  const auto gone = storage_->ask_and_wait([&](storage::Store& store) {
    return store.remove_session(signaling::auth::hash_secret(secret));
  });
  ASSERT_TRUE(gone);
  pass(Duration::seconds(4));
  // Whatever was asked of the database before this has been answered.
  storage_->ask_and_wait([](storage::Store&) { return media::Outcome<void>(); });
  EXPECT_TRUE(is_good(grant));
}

TEST_F(HlsHouseTest, TheEncodersCredentialEndsWithIt) {
  admit(actor_of(token(world_.live, storage::LessonRole::Observer)));
  const pid_t pid = encoder();
  std::ifstream file(folder_ / "hls" / "job");
  const auto job = nlohmann::json::parse(file);
  const std::string secret = job.at("token");
  EXPECT_EQ(actor_of(secret).kind, signaling::auth::ActorKind::Link);
  EXPECT_EQ(job.at("url"), "https://127.0.0.1:1/whep/" + world_.live);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(
      wait_until([&] { return actor_of(secret).kind == signaling::auth::ActorKind::None; }));
}

TEST_F(HlsHouseTest, TheStreamEndsWithTheLesson) {
  admit(actor_of(token(world_.live, storage::LessonRole::Observer)));
  const pid_t pid = encoder();
  ASSERT_TRUE(wait_until([&] { return stats().parts == 4; }));
  const auto ended = storage_->ask_and_wait(
      [&](storage::Store& store) { return store.set_lesson_ended(world_.live, 5); });
  ASSERT_TRUE(ended);
  // The lesson closes the encoder's session, and the encoder ends.
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(wait_until([&] { return count(playlist(), "#EXT-X-ENDLIST") == 1; }));
  pass(HlsHouse::kAfterEnd + Duration::seconds(1));
  EXPECT_EQ(stats().streams, 0U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "hls"), {}), 1)
      << "the stream's own folder is gone; the test's file with the job is left";
}

TEST_F(HlsHouseTest, AStreamThatNobodyWatchesEndsAndTheNextOneCountsOn) {
  const auto actor = actor_of(token(world_.live, storage::LessonRole::Observer));
  admit(actor);
  const pid_t pid = encoder();
  ASSERT_TRUE(wait_until([&] { return stats().parts == 4; }));
  const std::string text = playlist();
  pass(HlsHouse::kIdle + Duration::seconds(1));
  EXPECT_EQ(stats().streams, 0U);
  EXPECT_TRUE(wait_until([&] { return ::kill(pid, 0) != 0; })) << "its encoder is gone";
  admit(actor);
  encoder();
  const std::string next = playlist();
  EXPECT_EQ(count(next, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), 1U) << next;
}

TEST_F(HlsHouseTest, NoMoreStreamsBeginThanTheMachineCanCarry) {
  const auto actor = actor_of(token(world_.live, storage::LessonRole::Observer));
  EXPECT_NE(admit(actor), "");
  const auto admit_other = [&](const std::string& lesson) {
    return on_server([&] { return house_->admit(lesson, actor).has_value(); });
  };
  EXPECT_TRUE(admit_other("second-lesson---------"));
  EXPECT_FALSE(admit_other("third-lesson----------"));
  EXPECT_EQ(stats().refused_full, 1U);
  EXPECT_NE(admit(actor), "") << "who watches what is there already is let in";
}

}  // namespace
}  // namespace tests
