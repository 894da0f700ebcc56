// The HTTP interface with a real server, database thread and sockets, and invented lessons behind
// it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "signaling/app/http_app.h"
#include "signaling/app/post_box.h"
#include "signaling/app/route_table.h"
#include "signaling/auth/passwords.h"
#include "signaling/auth/secrets.h"
#include "signaling/web/clock.h"
#include "storage/sql/ids.h"
#include "storage/sql/sql_store.h"
#include "tests/support/tls_client.h"

namespace tests {

using signaling::app::HttpError;
using signaling::app::HttpReply;
using signaling::app::MediaAnswer;
using signaling::app::PatchAnswer;
using signaling::app::PlaySource;

// Publishes one at a time for each lesson; sessions belong to the actor that made them.
class FakeLive final : public signaling::app::LiveDoor {
 public:
  void on_open(signaling::app::ConnectionId id, signaling::app::Connection& connection,
               const signaling::auth::Actor& actor) override {
    sockets[id.value] = &connection;
    connection.send(actor.role ? "hello link" : "hello person");
  }
  void on_message(signaling::app::ConnectionId id, std::string_view text) override {
    sockets[id.value]->send(std::string(text));
  }
  void on_close(signaling::app::ConnectionId id) override { sockets.erase(id.value); }
  void publish(const signaling::auth::Actor&, const std::string& lesson, std::string offer,
               std::optional<storage::SourceRole> as, HttpReply<MediaAnswer> reply) override {
    last_role = as;
    if (refuse_with) return reply(tl::unexpected<HttpError>(*refuse_with));
    if (publishers[lesson]++ > 0)
      return reply(tl::unexpected<HttpError>({409, "conflict", "already published"}));
    last_offer = offer;
    reply(MediaAnswer{"v=0 answer", "session-" + lesson, "\"1\""});
  }
  void play(const signaling::auth::Actor&, const std::string&, std::string, PlaySource source,
            HttpReply<MediaAnswer> reply) override {
    if (refuse_with) return reply(tl::unexpected<HttpError>(*refuse_with));
    reply(MediaAnswer{source == PlaySource::Screen ? "screen" : "teacher", "play", "\"1\""});
  }
  void patch(const signaling::auth::Actor&, const std::string&, const std::string& session,
             const std::string& if_match, std::string fragment,
             HttpReply<PatchAnswer> reply) override {
    if (session == "gone")
      return reply(tl::unexpected<HttpError>({404, "not-found", "no such session"}));
    if (if_match != "\"1\"" && if_match != "*")
      return reply(tl::unexpected<HttpError>({412, "precondition", "stale"}));
    if (if_match == "*") return reply(PatchAnswer{"a=ice-ufrag:new\r\n" + fragment, "\"2\""});
    reply(PatchAnswer{"", ""});
  }
  void end_session(const signaling::auth::Actor&, const std::string&, const std::string& session,
                   HttpReply<void> reply) override {
    if (session == "gone")
      return reply(tl::unexpected<HttpError>({404, "not-found", "no such session"}));
    reply({});
  }
  [[nodiscard]] bool has_session(const signaling::auth::Actor&, const std::string&,
                                 const std::string& session) const override {
    return session == "s";
  }

  std::map<uint64_t, signaling::app::Connection*> sockets;
  std::map<std::string, int> publishers;
  std::string last_offer;
  std::optional<storage::SourceRole> last_role;
  std::optional<HttpError> refuse_with;
};

// Two collectives that have nothing to do with each other; in the first one lesson scheduled and
// one recorded.
struct World {
  std::string collective = "c1--------------------", other_collective = "c2--------------------";
  std::string teacher = "teacher---------------", researcher = "researcher------------",
              administrator = "admin-----------------", stranger = "stranger--------------";
  std::string live = "lesson-live-----------", recorded = "lesson-recorded-------";
  std::string class_a = "class-a---------------";
};

class HttpTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongke-http-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ / "recordings" / world_.recorded);
    std::filesystem::create_directories(folder_ / "web" / "assets");
    write(folder_ / "web/index.html", "<!doctype html>pages");
    write(folder_ / "web/assets/main-abc.js", "script");
    write(folder_ / "web/assets/main-abc.js.gz", "packed");
    write(folder_ / "secret.txt", "secret");
    std::string film;
    for (int i = 0; i < 100'000; ++i) film += static_cast<char>('a' + i % 26);
    write(folder_ / "recordings" / world_.recorded / "teacher.webm", film);
    auto store = storage::sql::open_store(folder_ / "tongke.db");
    ASSERT_TRUE(store) << store.error().message;
    fill(**store);
    storage_ = std::make_unique<storage::sql::StorageThread>(std::move(*store), post());
    passwords_ = std::make_unique<signaling::auth::PasswordWorker>(post());
    signaling::app::ApiParams api;
    api.recordings = folder_ / "recordings";
    api.web_root = folder_ / "web";
    api.monotonic = [this] { return signaling::web::monotonic_now() + skew_; };
    api.wall_us = signaling::web::wall_now_us;
    api.ice_servers = [this](const signaling::auth::Actor&) { return ice_servers_; };
    api.metrics = [] { return std::string("tongke_up 1\n"); };
    http_ = std::make_unique<signaling::app::HttpApp>(api, *storage_, *passwords_, live_);
    signaling::web::ServerParams params;
    params.bind_address = "127.0.0.1";
    auto tls = signaling::web::ensure_self_signed(folder_ / "tls", {"127.0.0.1"},
                                                  signaling::web::wall_now_us() / 1'000'000);
    ASSERT_TRUE(tls);
    params.tls = *tls;
    auto server = signaling::web::Server::start(params, *http_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    box_.open(*server_);
    http_->begin_service();
    thread_ = std::thread([this] { server_->run(); });
  }
  void TearDown() override {
    if (server_) {
      server_->stop();
      thread_.join();
    }
    box_.close();
    server_.reset();
    passwords_.reset();
    http_.reset();
    storage_.reset();
    std::filesystem::remove_all(folder_);
  }

  static void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }
  std::function<void(std::function<void()>)> post() {
    return [this](std::function<void()> task) { box_.post(std::move(task)); };
  }
  template <class F>
  auto on_server(F f) {
    std::promise<decltype(f())> result;
    server_->post([&] { result.set_value(f()); });
    return result.get_future().get();
  }
  [[nodiscard]] uint16_t port() const { return server_->port(); }
  [[nodiscard]] std::string own_origin() const { return "Origin: https://127.0.0.1\r\n"; }

  // A token for `lesson` as the tool would make it; returns the secret.
  std::string token(const std::string& lesson, storage::LessonRole role,
                    int64_t lifetime_us = 3'600'000'000, const std::string& class_id = "") {
    const std::string secret = signaling::auth::new_secret();
    storage::AccessToken row;
    row.secret_hash = signaling::auth::hash_secret(secret);
    row.lesson_id = lesson;
    row.role = role;
    if (role == storage::LessonRole::Class)
      row.class_id = class_id.empty() ? world_.class_a : class_id;
    row.expires_at = signaling::web::wall_now_us() + lifetime_us;
    const auto added = storage_->ask_and_wait([&](storage::Store& s) { return s.add_token(row); });
    EXPECT_TRUE(added) << (added ? "" : added.error().message);
    return secret;
  }
  // A signed-in person's cookie header.
  std::string cookie_of(const std::string& person) {
    const std::string secret = signaling::auth::new_secret();
    storage::LoginSession row;
    row.secret_hash = signaling::auth::hash_secret(secret);
    row.person_id = person;
    row.expires_at = signaling::web::wall_now_us() + 3'600'000'000;
    const auto added =
        storage_->ask_and_wait([&](storage::Store& s) { return s.add_session(row); });
    EXPECT_TRUE(added) << (added ? "" : added.error().message);
    return "Cookie: tongke_session=" + secret + "\r\n";
  }
  static std::string bearer(const std::string& secret) {
    return "Authorization: Bearer " + secret + "\r\n";
  }

  HttpAnswer ask(std::string_view method, std::string_view target, std::string_view headers = "",
                 std::string_view body = "") {
    TlsClient client(port());
    return client.request(method, target, headers, body);
  }

  void fill(storage::Store& store) {
    using namespace storage;
    const auto ok = [](const media::Outcome<void>& done) {
      ASSERT_TRUE(done) << done.error().message;
    };
    ok(store.add_authority({"a1--------------------", "教育局"}));
    for (const std::string& id : {world_.collective, world_.other_collective}) {
      ok(store.add_collective(
          {id, "a1--------------------", CollectiveKind::CoBuilt, "共同体 " + id}));
      ok(store.add_school({"school-" + id.substr(0, 15), "学校 " + id, "县", std::nullopt}));
      ok(store.add_membership({id, "school-" + id.substr(0, 15), MemberRole::Core}));
    }
    ok(store.add_class({world_.class_a, "school-c1-------------", "三年级二班", "3", 32}));
    ok(store.add_class(
        {"class-foreign---------", "school-c2-------------", "四年级一班", "4", 30}));
    const auto hash = signaling::auth::hash_password("correct horse");
    ASSERT_TRUE(hash);
    const auto person = [&](const std::string& id, const std::string& collective,
                            CollectiveRole role) {
      ok(store.add_person({id, "school-" + collective.substr(0, 15), "老师 " + id,
                           id.substr(0, id.find('-')), *hash}));
      ok(store.add_person_role({id, collective, role}));
    };
    person(world_.teacher, world_.collective, CollectiveRole::Teacher);
    person(world_.researcher, world_.collective, CollectiveRole::Researcher);
    person(world_.administrator, world_.collective, CollectiveRole::Administrator);
    person(world_.stranger, world_.other_collective, CollectiveRole::Teacher);
    for (const std::string& id : {world_.live, world_.recorded}) {
      Lesson lesson;
      lesson.id = id;
      lesson.collective_id = world_.collective;
      lesson.topic = "分数 " + id;
      lesson.host_school_id = "school-c1-------------";
      lesson.teacher_id = world_.teacher;
      lesson.class_ids = {world_.class_a};
      ok(store.add_lesson(lesson));
    }
    ASSERT_TRUE(store.set_lesson_live(world_.live, 1));
    ASSERT_TRUE(store.set_lesson_live(world_.recorded, 1));
    ok(store.append_events({{world_.recorded, 1, 1000, 1, "lesson-live-----------",
                             R"({"t":"event","n":1,"kind":"lesson-live-----------"})"}}));
    ok(store.add_segment({"segment-1-------------", world_.recorded, "p1", "老师", "teacher",
                          "camera", "vp8", "teacher.webm", 500, 0, "[]", SegmentState::Writing}));
    ok(store.finish_segment("segment-1-------------", 9'000'000, "[]", SegmentState::Complete));
    ASSERT_TRUE(store.set_lesson_ended(world_.recorded, 2));
  }

  World world_;
  std::filesystem::path folder_;
  signaling::app::PostBox box_;
  FakeLive live_;
  std::vector<signaling::protocol::IceServer> ice_servers_;  // set before the first request
  media::Duration skew_;  // added to the monotonic clock; set on the server's thread
  std::unique_ptr<storage::sql::StorageThread> storage_;
  std::unique_ptr<signaling::auth::PasswordWorker> passwords_;
  std::unique_ptr<signaling::app::HttpApp> http_;
  std::unique_ptr<signaling::web::Server> server_;
  std::thread thread_;
};

}  // namespace tests
