// Live lessons with a real database thread, a real media server and clients of our own; only the
// WebSocket is invented. The clock can be set forward.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "media/client/client_loop.h"
#include "media/dtls/certificate.h"
#include "media/ice/credentials.h"
#include "media/net/clock.h"
#include "media/rtp/packet_view.h"
#include "signaling/app/live_lessons.h"
#include "signaling/auth/actor.h"
#include "signaling/sdp/client.h"
#include "signaling/sdp/parser.h"
#include "signaling/web/clock.h"
#include "storage/sql/sql_store.h"
#include "storage/sql/storage_thread.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/storage_rows.h"

namespace tests {

using media::Duration;
using media::Instant;
using nlohmann::json;
using signaling::app::ConnectionId;
using signaling::app::HttpResult;
using signaling::app::LiveLessons;
using signaling::app::MediaAnswer;
using signaling::app::PatchAnswer;
using signaling::app::PlaySource;
using signaling::auth::Actor;

class FakeConnection final : public signaling::app::Connection {
 public:
  void send(std::string text) override {
    EXPECT_FALSE(code) << "sent after close: " << text;
    got.push_back(json::parse(text));
  }
  void close(uint16_t with, std::string) override { code = with; }

  ConnectionId id;
  std::vector<json> got;
  std::optional<uint16_t> code;
  bool reported = false;  // on_close() was called
};

// What one media client received, by SSRC.
struct Ears final : media::client::ClientEvents {
  void on_connected(Instant) override { connected = true; }
  void on_lost(Instant, media::transport::Peer::State) override { lost = true; }
  void on_rtp(Instant, media::ByteSpan packet) override {
    if (const auto view = media::rtp::PacketView::parse(packet)) ++packets[view->ssrc().value];
  }
  bool connected = false;
  bool lost = false;
  std::map<uint32_t, size_t> packets;
};

// A media connection as a browser, an encoder or a player has it.
struct Line {
  Ears ears;
  media::client::ClientLoop::ClientId id = 0;
  media::IceCredentials own;
  signaling::sdp::ClientOffer offer;
  signaling::sdp::ClientAnswer answer;
  uint32_t ssrc = 0;  // of the voice; the picture has the next one
  uint16_t sequence = 1;
  uint32_t clock = 0;

  [[nodiscard]] size_t heard(const std::string& mid) const {
    for (const auto& section : answer.sections) {
      if (section.mid != mid || !section.ssrc) continue;
      const auto found = ears.packets.find(section.ssrc->value);
      return found != ears.packets.end() ? found->second : 0;
    }
    return 0;
  }
  [[nodiscard]] bool accepted(const std::string& mid) const {
    for (const auto& section : answer.sections) {
      if (section.mid == mid) return section.accepted;
    }
    return false;
  }
};

class LiveRig : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = storage::sql::open_store(dir_.path() / "tongke.db");
    ASSERT_TRUE(store) << store.error().message;
    add_collective(**store);
    ASSERT_DONE((*store)->add_person({id_of("second"), id_of("rural"), "王老师", "", ""}));
    open_storage(std::move(*store));
    auto loop = media::client::ClientLoop::make();
    ASSERT_TRUE(loop);
    clients = std::move(*loop);
    boot();
  }
  void TearDown() override {
    shut();
    close_storage();
  }

  // ---- the server's life ----
  void boot() {
    auto started = media::api::MediaServer::start(
        {.public_address = "127.0.0.1", .bind_address = "127.0.0.1", .line_bps = line_bps},
        [this] { woken_ = true; });
    ASSERT_TRUE(started) << started.error().message;
    media = std::move(*started);
    lessons = std::make_unique<LiveLessons>(
        signaling::app::LiveParams{dir_.path() / "recordings",
                                   {[this] { return now(); }, [this] { return wall(); }}},
        *media, *storage);
    bool ready = false;
    lessons->recover([&](const media::Outcome<void>& done) { ready = done.has_value(); });
    ASSERT_TRUE(pump([&] { return ready; }));
  }
  // As a kill does: nobody is told and nothing is finished, except what the media plane's
  // destructor writes.
  void shut() {
    for (auto& page : pages_) page->reported = true;
    lessons.reset();
    media.reset();
    drop_tasks();
  }
  void open_storage(std::unique_ptr<storage::Store> store) {
    storage = std::make_unique<storage::sql::StorageThread>(std::move(store),
                                                            [this](std::function<void()> task) {
                                                              const std::lock_guard lock(mutex_);
                                                              tasks_.push_back(std::move(task));
                                                            });
  }
  void close_storage() {
    storage->stop();
    drop_tasks();
  }
  [[nodiscard]] Instant now() const { return media::net::monotonic_now() + skew; }
  [[nodiscard]] int64_t wall() const {
    return signaling::web::wall_now_us() + (skew + wall_skew).as_micros();
  }

  // Runs the loop until `done` or the limit of real time is over.
  bool pump(const std::function<bool()>& done, Duration limit = Duration::seconds(8)) {
    const Instant end = media::net::monotonic_now() + limit;
    for (;;) {
      turn();
      if (done()) return true;
      if (media::net::monotonic_now() >= end) return false;
    }
  }
  void pump_for(Duration span) {
    pump([] { return false; }, span);
  }
  // Everything that was asked of the database is done and answered.
  void settle() {
    storage->ask_and_wait([](storage::Store&) -> media::Outcome<void> { return {}; });
    for (int i = 0; i < 3; ++i) turn();
    storage->ask_and_wait([](storage::Store&) -> media::Outcome<void> { return {}; });
    turn();
  }
  template <class F>
  auto ask(F f) {
    auto result = storage->ask_and_wait(f);
    EXPECT_TRUE(result) << result.error().message;
    return *result;
  }
  std::vector<json> stored_events() {
    settle();
    std::vector<json> all;
    for (const auto& row :
         ask([](storage::Store& s) { return s.events(id_of("lesson"), 0, 10'000); })) {
      all.push_back(json::parse(row.payload));
      EXPECT_EQ(row.sequence, static_cast<int64_t>(all.size()));
      EXPECT_EQ(all.back()["n"], row.sequence);
      const json& previous = all[all.size() > 1 ? all.size() - 2 : 0];
      EXPECT_GE(all.back()["at"], previous["at"]) << all.back();
    }
    return all;
  }

  // ---- people ----
  static Actor link(storage::LessonRole role, const std::string& about = "",
                    const std::string& hash = "") {
    Actor actor;
    actor.kind = signaling::auth::ActorKind::Link;
    actor.lesson_id = id_of("lesson");
    actor.role = role;
    if (role == storage::LessonRole::Class) actor.class_id = id_of(about);
    if (role == storage::LessonRole::Teacher)
      actor.person_id = id_of(about.empty() ? "teacher" : about);
    actor.credential_hash = hash;
    return actor;
  }
  static Actor teacher() { return link(storage::LessonRole::Teacher); }
  static Actor pupils(const std::string& id) { return link(storage::LessonRole::Class, id); }
  static Actor observer() { return link(storage::LessonRole::Observer); }

  FakeConnection& open(const Actor& actor) {
    pages_.push_back(std::make_unique<FakeConnection>());
    FakeConnection& page = *pages_.back();
    page.id = ConnectionId(next_connection_++);
    lessons->on_open(page.id, page, actor);
    return page;
  }
  void say(FakeConnection& page, const json& message) {
    lessons->on_message(page.id, message.dump());
  }
  // The reply to one request.
  json request(FakeConnection& page, json message) {
    message["id"] = ++next_request_;
    const size_t before = page.got.size();
    say(page, message);
    json reply;
    pump([&] {
      for (size_t i = before; i < page.got.size(); ++i) {
        if (page.got[i].value("id", int64_t{-1}) == next_request_) reply = page.got[i];
      }
      return !reply.is_null() || page.code.has_value();
    });
    return reply;
  }
  static json hello_of(const json& resume = nullptr) {
    json hello{{"t", "hello"}, {"v", 1}, {"lesson", id_of("lesson")}};
    if (!resume.is_null()) hello["resume"] = resume;
    return hello;
  }
  FakeConnection& enter(const Actor& actor) {
    FakeConnection& page = open(actor);
    const json welcome = request(page, hello_of());
    EXPECT_EQ(welcome.value("t", ""), "welcome") << welcome;
    return page;
  }
  static std::vector<json> of_type(const FakeConnection& page, const std::string& t) {
    std::vector<json> all;
    for (const json& message : page.got) {
      if (message["t"] == t) all.push_back(message);
    }
    return all;
  }
  static const json& welcome_of(const FakeConnection& page) {
    for (const json& message : page.got) {
      if (message["t"] == "welcome") return message;
    }
    static const json nothing;
    return nothing;
  }
  static std::string p_of(const FakeConnection& page) { return welcome_of(page).value("you", ""); }
  // The line broke.
  void hang_up(FakeConnection& page) {
    page.reported = true;
    lessons->on_close(page.id);
  }
  static std::vector<json> events_of(const FakeConnection& page, const std::string& kind = "") {
    std::vector<json> all;
    for (const json& message : page.got) {
      if (message["t"] == "event" && (kind.empty() || message["kind"] == kind))
        all.push_back(message);
    }
    return all;
  }

  // ---- media ----
  Line& new_line() {
    lines_.push_back(std::make_unique<Line>());
    Line& line = *lines_.back();
    line.own = media::ice::make_credentials(clients->rng());
    line.ssrc = static_cast<uint32_t>(lines_.size()) * 1000 + 1;
    line.offer.ice = line.own;
    line.offer.fingerprint = clients->certificate().fingerprint();
    line.offer.extensions = signaling::sdp::client_extensions();
    return line;
  }
  static void add_section(Line& line, const std::string& mid, media::MediaKind kind, bool sends) {
    signaling::sdp::ClientSection section;
    section.mid = mid;
    section.kind = kind;
    section.sends = sends;
    const bool audio = kind == media::MediaKind::Audio;
    section.codecs = {signaling::sdp::client_codec(audio ? media::Codec::Opus : media::Codec::Vp8)};
    if (sends) section.ssrcs = {{media::Ssrc(line.ssrc + (audio ? 0U : 1U)), std::nullopt}};
    line.offer.sections.push_back(section);
  }
  // Microphone and camera; slots for the teacher, the stage and the loudest.
  Line& connect_page(FakeConnection& page) {
    Line& line = new_line();
    line.offer.setup = page_setup;
    using enum media::MediaKind;
    json uses = json::array();
    const auto add = [&](const std::string& mid, media::MediaKind kind, const std::string& use) {
      const bool slot = use == "slot";
      add_section(line, mid, kind, !slot);
      uses.push_back(slot ? json{{"mid", mid}, {"use", use}, {"slot", mid}}
                          : json{{"mid", mid}, {"use", use}});
    };
    add("mic", Audio, "microphone");
    add("cam", Video, "camera");
    add("voice-teacher", Audio, "slot");
    add("voice-stage", Audio, "slot");
    add("voice-0", Audio, "slot");
    add("teacher", Video, "slot");
    add("stage", Video, "slot");
    for (const std::string& slot : more_pictures) add(slot, Video, "slot");
    const json answer =
        request(page, {{"t", "offer"}, {"sdp", build_offer(line.offer)}, {"sections", uses}});
    EXPECT_EQ(answer.value("t", ""), "answer") << answer;
    plug_in(line, answer.value("sdp", ""));
    return line;
  }
  void plug_in(Line& line, const std::string& answer) {
    const auto parsed = signaling::sdp::parse_answer(answer);
    ASSERT_TRUE(parsed) << answer;
    line.answer = *parsed;
    media::client::WebRtcClient::Params params;
    params.local = line.own;
    params.remote = parsed->remote_ice;
    params.remote_fingerprint = parsed->remote_fingerprint;
    params.candidate = parsed->candidate;
    params.waits_for_dtls = parsed->server_is_dtls_client;
    const auto added = clients->add(params, line.ears);
    ASSERT_TRUE(added);
    line.id = *added;
    EXPECT_TRUE(pump([&] { return line.ears.connected; })) << "no media connection";
  }
  Line& offer_of(bool sends) {
    Line& line = new_line();
    add_section(line, "a", media::MediaKind::Audio, sends);
    add_section(line, "v", media::MediaKind::Video, sends);
    return line;
  }
  HttpResult<MediaAnswer> publish(const Actor& actor, const std::string& sdp,
                                  const std::string& lesson = "lesson",
                                  std::optional<storage::SourceRole> as = std::nullopt) {
    std::optional<HttpResult<MediaAnswer>> result;
    lessons->publish(actor, id_of(lesson), sdp, as,
                     [&](const HttpResult<MediaAnswer>& r) { result = r; });
    EXPECT_TRUE(pump([&] { return result.has_value(); }));
    return *result;
  }
  HttpResult<MediaAnswer> play(const Actor& actor, const std::string& sdp,
                               PlaySource source = PlaySource::Teacher) {
    std::optional<HttpResult<MediaAnswer>> result;
    lessons->play(actor, id_of("lesson"), sdp, source,
                  [&](const HttpResult<MediaAnswer>& r) { result = r; });
    EXPECT_TRUE(pump([&] { return result.has_value(); }));
    return *result;
  }
  HttpResult<PatchAnswer> patch(const Actor& actor, const std::string& session,
                                const std::string& if_match, const media::IceCredentials& ice) {
    return patch_text(actor, session, if_match,
                      "a=ice-ufrag:" + ice.ufrag + "\r\na=ice-pwd:" + ice.password +
                          "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\n");
  }
  HttpResult<PatchAnswer> patch_text(const Actor& actor, const std::string& session,
                                     const std::string& if_match, const std::string& fragment,
                                     const std::string& lesson = "lesson") {
    std::optional<HttpResult<PatchAnswer>> result;
    lessons->patch(actor, id_of(lesson), session, if_match, fragment,
                   [&](const HttpResult<PatchAnswer>& r) { result = r; });
    return *result;
  }
  int end_session(const Actor& actor, const std::string& session,
                  const std::string& lesson = "lesson") {
    int status = 0;
    lessons->end_session(actor, id_of(lesson), session,
                         [&](const HttpResult<void>& r) { status = r ? 200 : r.error().status; });
    return status;
  }

  // 20 ms of sound and one key frame of each line, 50 times a second.
  void send_for(const std::vector<Line*>& from, Duration span, bool voice = true,
                bool picture = true) {
    const Instant end = media::net::monotonic_now() + span;
    while (media::net::monotonic_now() < end) {
      for (Line* line : from) {
        if (voice) send_voice(*line);
        if (picture) send_picture(*line);
        line->clock += 960;
        ++line->sequence;
      }
      pump_for(Duration::millis(20));
    }
  }

  Duration skew;       // of both clocks
  Duration wall_skew;  // of the wall clock alone
  ScratchDir dir_;
  std::unique_ptr<storage::sql::StorageThread> storage;
  std::unique_ptr<media::client::ClientLoop> clients;
  int64_t line_bps = 0;  // set before SetUp()
  std::string page_setup = "actpass";
  std::vector<std::string> more_pictures;  // slots that connect_page() offers besides
  std::unique_ptr<media::api::MediaServer> media;
  std::unique_ptr<LiveLessons> lessons;

 private:
  void turn() {
    std::deque<std::function<void()>> due;
    {
      const std::lock_guard lock(mutex_);
      due.swap(tasks_);
    }
    for (const auto& task : due) task();
    if (!lessons) return;
    if (woken_.exchange(false)) lessons->on_media_events();
    lessons->on_tick(now());
    for (auto& page : pages_) {
      if (!page->code || std::exchange(page->reported, true)) continue;
      lessons->on_close(page->id);
    }
    clients->run_once(media::net::monotonic_now() + Duration::millis(2));
  }
  void drop_tasks() {
    const std::lock_guard lock(mutex_);
    tasks_.clear();
  }
  void send_voice(Line& line) {
    RtpSample sample;
    sample.payload_type = signaling::sdp::client_codec(media::Codec::Opus).payload_type;
    sample.marker = line.sequence == 1;
    sample.sequence = line.sequence;
    sample.timestamp = line.clock;
    sample.ssrc = media::Ssrc(line.ssrc);
    sample.payload = opus_payload(line.clock);
    sample.extensions.mid = line.offer.sections[0].mid;
    sample.extensions.audio_level = media::rtp::AudioLevel{20, true};
    clients->send_rtp(line.id, build(sample, line.answer.extensions));
  }
  void send_picture(Line& line) {
    Vp8Sample picture;
    picture.key = true;
    picture.picture_id = line.sequence;
    RtpSample sample;
    sample.payload_type = signaling::sdp::client_codec(media::Codec::Vp8).payload_type;
    sample.marker = true;
    sample.sequence = line.sequence;
    sample.timestamp = line.clock / 48 * 90;
    sample.ssrc = media::Ssrc(line.ssrc + 1);
    sample.payload = vp8_payload(picture);
    sample.extensions.mid = line.offer.sections[1].mid;
    clients->send_rtp(line.id, build(sample, line.answer.extensions));
  }

  std::mutex mutex_;  // guards tasks_
  std::deque<std::function<void()>> tasks_;
  std::atomic<bool> woken_{false};
  std::vector<std::unique_ptr<FakeConnection>> pages_;
  std::vector<std::unique_ptr<Line>> lines_;
  uint64_t next_connection_ = 1;
  int64_t next_request_ = 0;
};

}  // namespace tests
