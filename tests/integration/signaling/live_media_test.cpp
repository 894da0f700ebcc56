// Voices and pictures of a lesson through the real media server: pages, WHIP and WHEP.
#include <gmock/gmock.h>

#include "tests/integration/signaling/live_rig.h"

namespace tests {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration kSoon = Duration::millis(600);
// The recorder waits a while for a sender report, which these senders never make.
constexpr Duration kUntilWritten = Duration::seconds(4);

class LiveMedia : public LiveRig {
 protected:
  void SetUp() override {
    LiveRig::SetUp();
    t = &enter(teacher());
    a = &enter(pupils("class1"));
    b = &enter(pupils("class2"));
  }
  void ok(FakeConnection& page, const json& message) {
    EXPECT_EQ(request(page, message)["t"], "ok") << message;
  }
  void sends(FakeConnection& page) {
    ok(page, {{"t", "media"}, {"mic", true}, {"camera", true}, {"screen", false}});
  }

  // A line that loses what is sent on it.
  struct Lost final : media::transport::DatagramSink {
    void send(const media::Address&, media::ByteSpan) override {}
  };

  FakeConnection* t = nullptr;
  FakeConnection* a = nullptr;
  FakeConnection* b = nullptr;
};

TEST_F(LiveMedia, OnlyTheCalledClassIsHeardAlsoAfterANewOffer) {
  Line* mine = &connect_page(*a);
  Line& other = connect_page(*b);
  sends(*a);
  const auto heard = [&] { return other.heard("voice-stage") + other.heard("voice-0"); };
  send_for({mine}, kSoon);
  EXPECT_EQ(heard(), 0U) << "in the waiting room nobody is heard";
  ok(*t, {{"t", "start"}});
  send_for({mine}, kSoon);
  EXPECT_EQ(heard(), 0U) << "an uncalled class is not heard";
  EXPECT_EQ(other.heard("stage"), 0U);
  ok(*t, {{"t", "call"}, {"p", p_of(*a)}});
  send_for({mine}, kSoon);
  EXPECT_GT(other.heard("voice-stage"), 10U);
  EXPECT_GT(other.heard("stage"), 10U);
  EXPECT_EQ(mine->heard("voice-stage"), 0U) << "nobody hears itself";

  ok(*t, {{"t", "mute"}, {"p", p_of(*a)}, {"muted", true}});
  send_for({mine}, Duration::millis(100));  // what is under way arrives
  const size_t when_muted = heard();
  // Back with a new socket and a new connection: the mute holds.
  hang_up(*a);
  a = &enter(pupils("class1"));
  mine = &connect_page(*a);
  sends(*a);
  send_for({mine}, kSoon);
  EXPECT_EQ(heard(), when_muted);
  ok(*t, {{"t", "mute"}, {"p", p_of(*a)}, {"muted", false}});
  send_for({mine}, kSoon);
  EXPECT_GT(heard(), when_muted + 10);
  ok(*t, {{"t", "release"}});
  send_for({mine}, Duration::millis(100));
  const size_t when_released = heard();
  send_for({mine}, kSoon);
  EXPECT_EQ(heard(), when_released);
}

TEST_F(LiveMedia, AnIceRestartKeepsTheConnection) {
  EXPECT_EQ(request(*a, {{"t", "offer"}, {"sdp", "nonsense"}, {"sections", json::array()}})["code"],
            "bad-message");
  Line& line = connect_page(*a);
  const media::IceCredentials fresh = media::ice::make_credentials(clients->rng());
  signaling::sdp::ClientOffer offer = line.offer;
  json again{{"t", "offer"}, {"restart", true}, {"sections", json::array()}};
  again["sdp"] = build_offer(offer);
  EXPECT_EQ(request(*a, again)["code"], "conflict") << "the old ufrag is no restart";
  offer.ice = fresh;
  again["sdp"] = build_offer(offer);
  EXPECT_EQ(request(*b, again)["code"], "not-found") << "there is nothing to restart";
  const json answer = request(*a, again);
  ASSERT_EQ(answer["t"], "answer") << answer;
  const auto parsed = signaling::sdp::parse_answer(answer["sdp"].get<std::string>());
  ASSERT_TRUE(parsed);
  EXPECT_NE(parsed->remote_ice.ufrag, line.answer.remote_ice.ufrag);
  EXPECT_EQ(lessons->stats().media_sessions, 1U);
  Lost first_check;  // repeated like every other
  clients->find(line.id)->restart_ice(media::net::monotonic_now(), fresh, parsed->remote_ice,
                                      first_check);
  sends(*a);
  ok(*t, {{"t", "start"}});
  ok(*t, {{"t", "call"}, {"p", p_of(*a)}});
  Line& other = connect_page(*b);
  send_for({&line}, kSoon);
  EXPECT_GT(other.heard("voice-stage"), 10U);
  EXPECT_FALSE(line.ears.lost);
}

TEST_F(LiveMedia, AnEncoderPublishesOnceAndStandsInForThePage) {
  ok(*t, {{"t", "start"}});
  Line& page = connect_page(*t);
  sends(*t);
  Line& ears = connect_page(*a);
  send_for({&page}, kSoon);
  EXPECT_GT(ears.heard("voice-teacher"), 10U);

  Line& encoder = offer_of(true);
  const auto made = publish(teacher(), build_offer(encoder.offer));
  ASSERT_TRUE(made) << made.error().message;
  plug_in(encoder, made->sdp);
  EXPECT_THAT(events_of(*a, "encoder"), SizeIs(1));
  EXPECT_EQ(publish(teacher(), build_offer(offer_of(true).offer)).error().status, 409);
  const size_t before = ears.heard("voice-teacher");
  send_for({&encoder}, kSoon);
  EXPECT_GT(ears.heard("voice-teacher"), before + 10);
  const size_t alone = ears.heard("voice-teacher");
  send_for({&page}, kSoon);
  EXPECT_LE(ears.heard("voice-teacher"), alone + 2) << "two copies of one voice would be an echo";

  EXPECT_EQ(end_session(pupils("class1"), made->session), 404);
  EXPECT_FALSE(lessons->has_session(pupils("class1"), id_of("lesson"), made->session));
  EXPECT_TRUE(lessons->has_session(teacher(), id_of("lesson"), made->session));
  // Below another lesson's address it is not to be found, by nobody.
  EXPECT_FALSE(lessons->has_session(teacher(), id_of("lesson2"), made->session));
  EXPECT_EQ(end_session(teacher(), made->session, "lesson2"), 404);
  EXPECT_EQ(patch_text(teacher(), made->session, made->etag, "a=end-of-candidates\r\n", "lesson2")
                .error()
                .status,
            404);
  EXPECT_EQ(end_session(teacher(), made->session), 200);
  EXPECT_EQ(end_session(teacher(), made->session), 404);
  EXPECT_FALSE(events_of(*a, "encoder").back()["on"]);
  const size_t after = ears.heard("voice-teacher");
  send_for({&page}, kSoon);
  EXPECT_GT(ears.heard("voice-teacher"), after + 10) << "the page speaks again";
}

// RFC 8842 section 5: FFmpeg offers to be the DTLS server, and nothing forbids a page or a player
// to.
TEST_F(LiveMedia, WhoOffersToBeTheDtlsServerFindsAClient) {
  ok(*t, {{"t", "start"}});
  Line& encoder = offer_of(true);
  encoder.offer.setup = "passive";
  const auto made = publish(teacher(), build_offer(encoder.offer));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_NE(made->sdp.find("a=setup:active"), std::string::npos);
  plug_in(encoder, made->sdp);
  Line& player = offer_of(false);
  player.offer.setup = "passive";
  const auto playing = play(observer(), build_offer(player.offer));
  ASSERT_TRUE(playing) << playing.error().message;
  plug_in(player, playing->sdp);
  page_setup = "passive";
  Line& page = connect_page(*a);
  send_for({&encoder}, kSoon);
  EXPECT_GT(player.heard("a"), 10U);
  EXPECT_GT(player.heard("v"), 10U);
  EXPECT_GT(page.heard("voice-teacher"), 10U);
}

// What a page does not show costs nothing: no packet of it is sent, and it is back at the next key
// frame.
TEST_F(LiveMedia, NothingIsSentForPicturesThatThePageDoesNotShow) {
  ok(*t, {{"t", "start"}});
  Line& mine = connect_page(*t);
  sends(*t);
  Line& ears = connect_page(*a);
  send_for({&mine}, kSoon);
  ASSERT_GT(ears.heard("teacher"), 10U);
  ok(*a, {{"t", "view"}, {"hidden", {"teacher", "stage", "voice-teacher", "no-such"}}});
  send_for({&mine}, Duration::millis(100));  // what is under way arrives
  const size_t shown = ears.heard("teacher");
  const size_t voice = ears.heard("voice-teacher");
  send_for({&mine}, kSoon);
  EXPECT_EQ(ears.heard("teacher"), shown);
  EXPECT_GT(ears.heard("voice-teacher"), voice + 10) << "a voice cannot be hidden";
  // Another connection of the same page knows it from the start.
  Line& second = connect_page(*a);
  send_for({&mine}, kSoon);
  EXPECT_EQ(second.heard("teacher"), 0U);
  EXPECT_GT(second.heard("voice-teacher"), 10U);
  ok(*a, {{"t", "view"}, {"hidden", json::array()}});
  send_for({&mine}, kSoon);
  EXPECT_GT(second.heard("teacher"), 10U);
  // A page that begins anew has hidden nothing.
  ok(*a, {{"t", "view"}, {"hidden", {"teacher"}}});
  hang_up(*a);
  a = &enter(pupils("class1"));
  Line& third = connect_page(*a);
  send_for({&mine}, kSoon);
  EXPECT_GT(third.heard("teacher"), 10U);
}

TEST_F(LiveMedia, WhipRefusesWhatItCannotTake) {
  const auto status = [&](const Actor& actor, const std::string& sdp,
                          const std::string& lesson = "lesson") {
    const auto made = publish(actor, sdp, lesson);
    return made ? 201 : made.error().status;
  };
  const std::string good = build_offer(offer_of(true).offer);
  EXPECT_EQ(status(teacher(), "v=0\r\nnonsense"), 400);
  EXPECT_EQ(status(observer(), good), 403);
  EXPECT_EQ(status(teacher(), good, "nowhere"), 404);
  const auto before = stored_events().size();
  EXPECT_EQ(status(teacher(), build_offer(offer_of(false).offer)), 422) << "it publishes nothing";
  hang_up(*b);
  skew += Duration::seconds(61);
  pump_for(Duration::millis(20));
  const auto gone = stored_events().size();
  EXPECT_EQ(gone, before + 2);
  EXPECT_EQ(status(pupils("class2"), build_offer(offer_of(false).offer)), 422);
  EXPECT_EQ(stored_events().size(), gone) << "nobody saw it come and go";
}

TEST_F(LiveMedia, AClassMayComeByEncoderAlone) {
  ok(*t, {{"t", "start"}});
  hang_up(*b);
  Line& encoder = offer_of(true);
  const auto made = publish(pupils("class2"), build_offer(encoder.offer));
  ASSERT_TRUE(made);
  plug_in(encoder, made->sdp);
  EXPECT_EQ(events_of(*t, "participant-back").back()["p"], p_of(*b));
  ok(*t, {{"t", "call"}, {"p", p_of(*b)}});
  Line& ears = connect_page(*a);
  send_for({&encoder}, kSoon);
  EXPECT_GT(ears.heard("voice-stage"), 10U);
  // Its page did not come back with the encoder: when that ends too, its seat runs out.
  EXPECT_EQ(end_session(pupils("class2"), made->session), 200);
  EXPECT_EQ(events_of(*t, "participant-away").back()["p"], p_of(*b));
  skew += Duration::seconds(61);
  EXPECT_TRUE(pump([&] { return !events_of(*t, "participant-left").empty(); }));
}

TEST_F(LiveMedia, APatchNeedsTheTagOfTheIceSession) {
  Line& encoder = offer_of(true);
  const auto made = publish(teacher(), build_offer(encoder.offer));
  ASSERT_TRUE(made);
  plug_in(encoder, made->sdp);
  const media::IceCredentials fresh = media::ice::make_credentials(clients->rng());
  EXPECT_EQ(patch(teacher(), made->session, "", fresh).error().status, 428);
  EXPECT_EQ(patch(teacher(), made->session, "\"other\"", fresh).error().status, 412);
  EXPECT_EQ(patch(pupils("class1"), made->session, "*", fresh).error().status, 404);
  EXPECT_EQ(patch(teacher(), "nothing", "*", fresh).error().status, 404);
  const auto trickle = patch(teacher(), made->session, made->etag, encoder.own);
  ASSERT_TRUE(trickle);
  EXPECT_EQ(trickle->fragment, "") << "the same ufrag is no restart";
  const auto restarted = patch(teacher(), made->session, "\"x\", " + made->etag, fresh);
  ASSERT_TRUE(restarted) << restarted.error().message;
  EXPECT_THAT(restarted->fragment, testing::HasSubstr("a=ice-ufrag:"));
  EXPECT_NE(restarted->etag, made->etag);
  EXPECT_EQ(patch(teacher(), made->session, made->etag, fresh).error().status, 412)
      << "the old tag is used up";
  EXPECT_TRUE(patch(teacher(), made->session, "*", media::ice::make_credentials(clients->rng())));
}

// RFC 9725 section 4.3.3: media goes on from another socket, for who sends and for who receives.
TEST_F(LiveMedia, AnIceRestartByPatchMovesTheMediaToTheNewPair) {
  ok(*t, {{"t", "start"}});
  Line& encoder = offer_of(true);
  const auto sending = publish(teacher(), build_offer(encoder.offer));
  ASSERT_TRUE(sending);
  plug_in(encoder, sending->sdp);
  Line& player = offer_of(false);
  const auto playing = play(observer(), build_offer(player.offer));
  ASSERT_TRUE(playing);
  plug_in(player, playing->sdp);
  send_for({&encoder}, kSoon);
  ASSERT_GT(player.heard("a"), 10U);
  EXPECT_EQ(patch_text(teacher(), sending->session, "*", "a=ice-ufrag:alone\r\n").error().status,
            400);
  EXPECT_EQ(patch_text(teacher(), sending->session, "*", "").error().status, 400);

  const auto moves = [&](Line& line, const Actor& who, const std::string& session) {
    const media::IceCredentials fresh = media::ice::make_credentials(clients->rng());
    const auto restarted = patch(who, session, "*", fresh);
    ASSERT_TRUE(restarted) << restarted.error().message;
    const auto fragment = signaling::sdp::parse_fragment(restarted->fragment);
    ASSERT_TRUE(fragment && fragment->ice) << restarted->fragment;
    EXPECT_NE(fragment->ice->ufrag, line.answer.remote_ice.ufrag);
    EXPECT_TRUE(fragment->end_of_candidates);
    EXPECT_THAT(fragment->candidates, SizeIs(testing::Ge(1U)));
    EXPECT_THAT(restarted->fragment,
                testing::HasSubstr("a=ice-lite\r\na=ice-options:trickle ice2"));
    line.answer.remote_ice = *fragment->ice;
    Lost old_line;  // nothing more is sent from the old socket
    clients->find(line.id)->restart_ice(media::net::monotonic_now(), fresh, *fragment->ice,
                                        old_line);
    ASSERT_TRUE(clients->rebind(line.id));
  };
  for (int round = 0; round < 2; ++round) {
    moves(encoder, teacher(), sending->session);
    moves(player, observer(), playing->session);
    send_for({&encoder}, Duration::millis(200));  // the checks of the new pairs
    const size_t before = player.heard("a");
    const size_t pictures = player.heard("v");
    send_for({&encoder}, kSoon);
    EXPECT_GT(player.heard("a"), before + 10) << "round " << round;
    EXPECT_GT(player.heard("v"), pictures + 10) << "round " << round;
  }
  EXPECT_FALSE(encoder.ears.lost);
  EXPECT_FALSE(player.ears.lost);
  EXPECT_EQ(end_session(observer(), playing->session), 200);
  EXPECT_TRUE(pump([&] { return player.ears.lost; })) << "DTLS says goodbye";
  const size_t at_end = player.heard("a");
  send_for({&encoder}, kSoon);
  EXPECT_EQ(player.heard("a"), at_end) << "DELETE ends the media";
}

// WHEP draft section 4.5.2: players show event.streams[0].
TEST_F(LiveMedia, VoiceAndPictureOfAPlayerAreOneStream) {
  const auto made = play(observer(), build_offer(offer_of(false).offer));
  ASSERT_TRUE(made);
  EXPECT_THAT(made->sdp, testing::HasSubstr("a=msid:lesson voice-teacher\r\n"));
  EXPECT_THAT(made->sdp, testing::HasSubstr("a=msid:lesson teacher\r\n"));
}

TEST_F(LiveMedia, APlayerGetsTheTeacherOrTheScreenAndNothingElse) {
  ok(*t, {{"t", "start"}});
  Line& page = connect_page(*t);
  sends(*t);
  Line& watcher = offer_of(false);
  const auto made = play(observer(), build_offer(watcher.offer));
  ASSERT_TRUE(made) << made.error().message;
  plug_in(watcher, made->sdp);
  Line& of_screen = offer_of(false);
  const auto screen = play(observer(), build_offer(of_screen.offer), PlaySource::Screen);
  ASSERT_TRUE(screen);
  plug_in(of_screen, screen->sdp);
  send_for({&page}, kSoon);
  EXPECT_GT(watcher.heard("a"), 10U);
  EXPECT_GT(watcher.heard("v"), 10U);
  EXPECT_GT(of_screen.heard("a"), 10U);
  EXPECT_EQ(of_screen.heard("v"), 0U) << "no screen is shared";

  // A teacher's encoder with two pictures: the second is its screen.
  Line& encoder = offer_of(true);
  add_section(encoder, "s", media::MediaKind::Video, true);
  encoder.offer.sections[1].ssrcs = {{media::Ssrc(encoder.ssrc + 7), std::nullopt}};
  encoder.offer.sections[2].ssrcs = {{media::Ssrc(encoder.ssrc + 1), std::nullopt}};
  const auto published = publish(teacher(), build_offer(encoder.offer));
  ASSERT_TRUE(published);
  plug_in(encoder, published->sdp);
  std::swap(encoder.offer.sections[1],
            encoder.offer.sections[2]);  // pictures are sent as section 1
  send_for({&encoder}, kSoon);
  EXPECT_GT(of_screen.heard("v"), 10U);
  EXPECT_EQ(play(observer(), build_offer(offer_of(true).offer)).error().status, 422)
      << "it receives nothing";
}

TEST_F(LiveMedia, WhoIsRemovedLosesItsPlayersToo) {
  ok(*t, {{"t", "start"}});
  Line& page = connect_page(*t);
  sends(*t);
  Line& of_class = offer_of(false);
  const auto made = play(pupils("class1"), build_offer(of_class.offer));
  ASSERT_TRUE(made);
  plug_in(of_class, made->sdp);
  Line& bystander = offer_of(false);
  const auto kept = play(pupils("class2"), build_offer(bystander.offer));
  ASSERT_TRUE(kept);
  plug_in(bystander, kept->sdp);
  ok(*t, {{"t", "remove"}, {"p", p_of(*a)}});
  send_for({&page}, Duration::millis(100));
  const size_t heard = of_class.heard("a");
  send_for({&page}, kSoon);
  EXPECT_EQ(of_class.heard("a"), heard);
  EXPECT_GT(bystander.heard("a"), 10U);
  EXPECT_EQ(end_session(pupils("class1"), made->session), 404);
  EXPECT_EQ(play(pupils("class1"), build_offer(offer_of(false).offer)).error().status, 403);
  EXPECT_EQ(publish(pupils("class1"), build_offer(offer_of(true).offer)).error().status, 403);
}

TEST_F(LiveMedia, RecordingIsRegisteredWhileItIsWrittenAndFinishedAtTheEnd) {
  ok(*t, {{"t", "start"}});
  Line& page = connect_page(*t);
  sends(*t);
  send_for({&page}, kUntilWritten);
  const auto segments = [&] {
    settle();
    return ask([](storage::Store& s) { return s.segments(id_of("lesson")); });
  };
  ASSERT_THAT(segments(), SizeIs(2));
  for (const auto& segment : segments()) {
    EXPECT_EQ(segment.state, storage::SegmentState::Writing);
    EXPECT_EQ(segment.participant, p_of(*t));
    EXPECT_EQ(segment.role, "teacher");
  }
  EXPECT_EQ(lessons->stats().recording, 1U);
  ok(*t, {{"t", "end"}});
  ASSERT_TRUE(
      pump([&] { return lessons->stats().recording == 0 && lessons->stats().lessons_live == 0; }));
  settle();
  for (const auto& segment : segments()) {
    EXPECT_EQ(segment.state, storage::SegmentState::Complete) << segment.source;
    EXPECT_GT(segment.end_us, segment.start_us + 1'000'000);
    EXPECT_FALSE(json::parse(segment.clock_mapping).empty());
    EXPECT_TRUE(
        std::filesystem::exists(dir_.path() / "recordings" / id_of("lesson") / segment.file));
  }
  pump_for(Duration::millis(50));
  EXPECT_EQ(lessons->stats().media_sessions, 0U);
}

}  // namespace
}  // namespace tests
