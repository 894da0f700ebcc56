#include "signaling/app/app.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "media/api/media_server.h"
#include "media/base/log.h"
#include "signaling/admin/admin_socket.h"
#include "signaling/admin/demo.h"
#include "signaling/app/demo_links.h"
#include "signaling/app/hls_house.h"
#include "signaling/app/http_app.h"
#include "signaling/app/ice_servers.h"
#include "signaling/app/live_lessons.h"
#include "signaling/app/metrics.h"
#include "signaling/app/post_box.h"
#include "signaling/app/rtmp_door.h"
#include "signaling/app/signal_watcher.h"
#include "signaling/app/source_house.h"
#include "signaling/sdp/writer.h"
#include "signaling/web/clock.h"
#include "storage/sql/sql_store.h"

namespace signaling::app {
namespace {

using media::EnvError;
using media::Outcome;

constexpr media::Duration kTick = media::Duration::millis(100);
constexpr media::Duration kSweep = media::Duration::seconds(600);  // of expired tokens and sessions
// Recordings are finished well within a second; the rest is for a disk that is slow just then.
constexpr media::Duration kStopTime = media::Duration::millis(2'500);
constexpr rlim_t kDescriptors = 65'536;

class LiveLessonsDoor final : public LiveDoor {
 public:
  explicit LiveLessonsDoor(LiveLessons& lessons) : lessons_(lessons) {}
  void on_open(ConnectionId id, Connection& connection, const auth::Actor& actor) override {
    lessons_.on_open(id, connection, actor);
  }
  void on_message(ConnectionId id, std::string_view text) override {
    lessons_.on_message(id, text);
  }
  void on_close(ConnectionId id) override { lessons_.on_close(id); }
  void publish(const auth::Actor& actor, const std::string& lesson, std::string offer,
               std::optional<storage::SourceRole> as, HttpReply<MediaAnswer> reply) override {
    lessons_.publish(actor, lesson, std::move(offer), as, std::move(reply));
  }
  void play(const auth::Actor& actor, const std::string& lesson, std::string offer,
            PlaySource source, HttpReply<MediaAnswer> reply) override {
    lessons_.play(actor, lesson, std::move(offer), source, std::move(reply));
  }
  void patch(const auth::Actor& actor, const std::string& lesson, const std::string& session,
             const std::string& if_match, std::string fragment,
             HttpReply<PatchAnswer> reply) override {
    lessons_.patch(actor, lesson, session, if_match, std::move(fragment), std::move(reply));
  }
  void end_session(const auth::Actor& actor, const std::string& lesson, const std::string& session,
                   HttpReply<void> reply) override {
    lessons_.end_session(actor, lesson, session, std::move(reply));
  }
  [[nodiscard]] bool has_session(const auth::Actor& actor, const std::string& lesson,
                                 const std::string& session) const override {
    return lessons_.has_session(actor, lesson, session);
  }

 private:
  LiveLessons& lessons_;
};

sdp::RateLimits rate_limits(const config::Config::Media& media) {
  return {int64_t{media.picture_kbps} * 1000, int64_t{media.sound_kbps} * 1000};
}

sdp::CodecPolicy codec_policy(const config::Config::Media& media) {
  sdp::CodecPolicy policy;
  policy.red = media.audio_red;
  policy.video.clear();
  for (const std::string& name : media.video_codecs) {
    for (const auto codec :
         {media::Codec::Vp8, media::Codec::H264, media::Codec::Vp9, media::Codec::Av1}) {
      if (sdp::codec_name(codec) == name) policy.video.push_back(codec);
    }
  }
  return policy;
}

std::string https_url(const std::string& address, uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return fmt::format("https://{}{}{}:{}", v6 ? "[" : "", address, v6 ? "]" : "", port);
}

// The built pages beside the program: in a build tree, or installed.
std::filesystem::path find_web_root() {
  std::error_code error;
  const std::filesystem::path here =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::filesystem::path in_tree = here / "../../web-client/dist";
  for (const std::filesystem::path& candidate : {in_tree, here / "../share/tongke/web"}) {
    if (std::filesystem::exists(candidate / "index.html", error))
      return candidate.lexically_normal();
  }
  return in_tree.lexically_normal();
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kDescriptors));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class ServingApp final : public App {
 public:
  explicit ServingApp(config::Config config) : config_(std::move(config)) {}
  ~ServingApp() override;

  Outcome<void> open();
  int run(const std::function<void(const std::string&)>& on_ready) override;
  void stop() override {
    box_.post([this] { begin_stop(); });
  }

 private:
  Outcome<void> open_storage();
  Outcome<void> open_media();
  Outcome<void> open_streams();
  Outcome<void> open_web();
  Outcome<void> open_sources();
  void open_ingest();
  [[nodiscard]] std::vector<uint16_t> own_ports() const;
  [[nodiscard]] std::string own_url() const;
  std::string metrics();
  IceServersFor ice_servers_for() {
    return [this](const auth::Actor& actor) {
      return ice_servers_.for_actor(actor, web::wall_now_us());
    };
  }
  void begin_stop();

  config::Config config_;
  IceServers ice_servers_;
  std::filesystem::path data_;
  PostBox box_;
  std::optional<storage::sql::DatabaseLock> lock_;
  std::optional<admin::Demo> demo_;
  std::unique_ptr<storage::sql::StorageThread> storage_;
  std::unique_ptr<auth::PasswordWorker> passwords_;
  std::atomic<bool> media_woke_{false};
  std::unique_ptr<media::api::MediaServer> media_;
  std::unique_ptr<LiveLessons> lessons_;
  std::unique_ptr<LiveLessonsDoor> door_;
  std::unique_ptr<HlsHouse> streams_;
  std::unique_ptr<HttpApp> http_;
  std::unique_ptr<web::Server> server_;
  std::unique_ptr<RtmpDoor> rtmp_;  // none: RTMP is off
  std::unique_ptr<RtmpDoor> rtmps_;
  std::unique_ptr<SourceHouse> sources_;
  web::TlsFiles tls_;
  std::unique_ptr<admin::AdminSocket> admin_;
  bool stopping_ = false;
  media::Instant stop_deadline_;
  bool failed_ = false;
};

ServingApp::~ServingApp() {
  admin_.reset();
  rtmp_.reset();
  rtmps_.reset();
  box_.close();
  server_.reset();  // closes what is still connected, through http_
  passwords_.reset();
  http_.reset();
  streams_.reset();
  sources_.reset();
  door_.reset();
  lessons_.reset();
  media_.reset();
  if (storage_) storage_->stop();
}

Outcome<void> ServingApp::open() {
  data_ = config_.data;
  auto ice =
      IceServers::open({config_.ice.turn, config_.ice.turn_secret_file,
                        media::Duration::seconds(int64_t{config_.ice.turn_lifetime_hours} * 3600)});
  if (!ice) return tl::unexpected<EnvError>(ice.error());
  ice_servers_ = std::move(*ice);
  if (auto done = open_storage(); !done) return done;
  if (auto done = open_media(); !done) return done;
  if (auto done = open_streams(); !done) return done;
  if (auto done = open_sources(); !done) return done;
  return open_web();
}

Outcome<void> ServingApp::open_storage() {
  auto database = storage::sql::open_database(data_);
  if (!database) return tl::unexpected<EnvError>(database.error());
  if (config_.demo) {
    auto demo = admin::seed_demo(*database->store, data_, web::wall_now_us());
    if (!demo) return tl::unexpected<EnvError>(demo.error());
    demo_ = std::move(*demo);
  }
  lock_.emplace(std::move(database->lock));
  const auto post = [this](std::function<void()> task) { box_.post(std::move(task)); };
  storage_ = std::make_unique<storage::sql::StorageThread>(std::move(database->store), post);
  passwords_ = std::make_unique<auth::PasswordWorker>(post);
  return {};
}

Outcome<void> ServingApp::open_media() {
  const std::filesystem::path recordings = data_ / "recordings";
  std::error_code error;
  std::filesystem::create_directories(recordings, error);
  if (error)
    return media::env_fail(fmt::format("cannot make {}: {}", recordings.string(), error.message()));

  media::api::ServerParams params;
  params.public_address = config_.public_address;
  params.bind_address = config_.media.bind;
  params.media_port = config_.media.port;
  params.tcp = config_.media.tcp;
  params.spread_above_pps = config_.media.spread_above_pps;
  params.line_bps = int64_t{config_.media.line_mbit} * 1'000'000;
  params.gso = config_.media.offload;
  params.gro = config_.media.offload;
  params.workers = config_.media.workers != 0 ? config_.media.workers
                                              : std::max(1U, std::thread::hardware_concurrency());
  auto media = media::api::MediaServer::start(params, [this] {
    if (media_woke_.exchange(true)) return;  // a look is already on its way
    box_.post([this] {
      media_woke_ = false;
      lessons_->on_media_events();
    });
  });
  if (!media) return tl::unexpected<EnvError>(media.error());
  media_ = std::move(*media);
  lessons_ = std::make_unique<LiveLessons>(LiveParams{recordings,
                                                      {web::monotonic_now, web::wall_now_us},
                                                      ice_servers_for(),
                                                      codec_policy(config_.media),
                                                      rate_limits(config_.media),
                                                      [this](const std::string& lesson) {
                                                        if (streams_) streams_->cut(lesson);
                                                      }},
                                           *media_, *storage_);
  door_ = std::make_unique<LiveLessonsDoor>(*lessons_);
  return {};
}

// How our own child processes reach us.
std::string ServingApp::own_url() const {
  const bool any =
      config_.http.bind.empty() || config_.http.bind == "0.0.0.0" || config_.http.bind == "::";
  return https_url(any ? "127.0.0.1" : config_.http.bind, server_->port());
}

void ServingApp::open_ingest() {
  RtmpDoor::Params params{
      .bind = config_.ingest.bind,
      .port = config_.ingest.rtmp_port,
      .whip_base = own_url() + "/whip/",
      .post = [this](std::function<void()> task) { box_.post(std::move(task)); },
      .monotonic = web::monotonic_now,
      .seed = static_cast<uint64_t>(web::wall_now_us())};
  if (params.port != 0) rtmp_ = std::make_unique<RtmpDoor>(params);
  params.port = config_.ingest.rtmps_port;
  params.certificate = tls_.certificate.string();
  params.private_key = tls_.private_key.string();
  if (params.port != 0) rtmps_ = std::make_unique<RtmpDoor>(std::move(params));
}

// What no source may be: every door through which somebody reaches this server.
std::vector<uint16_t> ServingApp::own_ports() const {
  std::vector<uint16_t> ports = {server_->port(), config_.ingest.rtmp_port,
                                 config_.ingest.rtmps_port};
  const unsigned workers = std::max(
      1U, config_.media.workers != 0 ? config_.media.workers : std::thread::hardware_concurrency());
  for (unsigned i = 0; config_.media.port != 0 && i < workers; ++i)
    ports.push_back(static_cast<uint16_t>(config_.media.port + i));
  return ports;
}

Outcome<void> ServingApp::open_sources() {
  SourceHouse::Params params;
  params.whip_base = [this] { return own_url() + "/whip/"; };
  params.own_ports = [this] { return own_ports(); };
  params.monotonic = web::monotonic_now;
  params.wall_us = web::wall_now_us;
  params.post = [this](std::function<void()> task) { box_.post(std::move(task)); };
  params.deny = config_.ingest.deny;
  params.allow = config_.ingest.allow;
  params.max_pulls = config_.ingest.max_pulls;
  params.seed = static_cast<uint64_t>(web::wall_now_us());
  auto sources = SourceHouse::open(std::move(params), *lessons_, *storage_);
  if (!sources) return tl::unexpected<EnvError>(sources.error());
  sources_ = std::move(*sources);
  return {};
}

Outcome<void> ServingApp::open_streams() {
  HlsHouse::Params params;
  params.folder = data_ / "hls";
  params.whep_base = [this] { return own_url() + "/whep/"; };
  params.monotonic = web::monotonic_now;
  params.wall_us = web::wall_now_us;
  params.post = [this](std::function<void()> task) { box_.post(std::move(task)); };
  params.is_removed = [this](const std::string& lesson, const auth::Actor& actor) {
    return lessons_->is_removed(lesson, actor);
  };
  auto streams = HlsHouse::open(std::move(params), *storage_);
  if (!streams) return tl::unexpected<EnvError>(streams.error());
  streams_ = std::move(*streams);
  return {};
}

Outcome<void> ServingApp::open_web() {
  web::ServerParams params;
  params.bind_address = config_.http.bind;
  params.port = config_.http.port;
  params.tls = {config_.http.certificate, config_.http.private_key};
  if (config_.http.certificate.empty()) {
    auto made = web::ensure_self_signed(data_ / "tls", {config_.public_address},
                                        web::wall_now_us() / 1'000'000);
    if (!made) return tl::unexpected<EnvError>(made.error());
    params.tls = *made;
  }
  tls_ = params.tls;
  ApiParams api;
  api.recordings = data_ / "recordings";
  api.web_root = config_.http.web_root.empty() ? find_web_root()
                                               : std::filesystem::path(config_.http.web_root);
  api.session_lifetime = media::Duration::seconds(int64_t{config_.session.lifetime_hours} * 3600);
  api.monotonic = web::monotonic_now;
  api.wall_us = web::wall_now_us;
  api.ice_servers = ice_servers_for();
  api.metrics = [this] { return metrics(); };
  api.streams = streams_.get();
  api.sources = sources_.get();
  api.push_ports = [this] {
    return PushPorts{rtmp_ ? rtmp_->port() : uint16_t{0}, rtmps_ ? rtmps_->port() : uint16_t{0}};
  };
  http_ = std::make_unique<HttpApp>(std::move(api), *storage_, *passwords_, *door_);
  auto server = web::Server::start(params, *http_);
  if (!server) return tl::unexpected<EnvError>(server.error());
  server_ = std::move(*server);
  box_.open(*server_);
  auto socket = admin::AdminSocket::start(data_ / "admin.sock", *storage_);
  if (!socket) return tl::unexpected<EnvError>(socket.error());
  admin_ = std::move(*socket);
  open_ingest();
  if (demo_) {
    return write_demo_links(data_ / "demo-links.json", *demo_,
                            https_url(config_.public_address, server_->port()));
  }
  return {};
}

std::string ServingApp::metrics() {
  return metrics_text({media_->stats(), lessons_->stats(), server_->stats(), storage_->stats(),
                       read_process_usage(), http_->api().refusals, streams_->stats(),
                       sources_->stats()});
}

int ServingApp::run(const std::function<void(const std::string&)>& on_ready) {
  server_->every(kTick, [this] {
    lessons_->on_tick(web::monotonic_now());
    streams_->on_tick(web::monotonic_now());
    sources_->on_tick(web::monotonic_now());
    if (rtmp_) rtmp_->on_tick(web::monotonic_now());
    if (rtmps_) rtmps_->on_tick(web::monotonic_now());
    if (stopping_ && (lessons_->is_drained() || web::monotonic_now() > stop_deadline_))
      server_->stop();
  });
  server_->every(kSweep, [this] {
    storage_->tell("remove expired credentials", [now = web::wall_now_us()](storage::Store& store) {
      return store.remove_expired(now);
    });
  });
  server_->post([this, on_ready] {
    lessons_->recover([this, on_ready](Outcome<void> recovered) {
      if (!recovered) {
        media::logger("app")->error("{}", recovered.error().message);
        failed_ = true;
        return server_->stop();
      }
      http_->begin_service();
      // Written by hand: the order of the keys is part of what scripts may look at.
      on_ready(fmt::format(R"({{"ready":true,"https":"{}","lesson":"{}"}})",
                           https_url(config_.public_address, server_->port()),
                           demo_ ? demo_->live_lesson : ""));
    });
  });
  server_->run();
  return failed_ ? 1 : 0;
}

void ServingApp::begin_stop() {
  if (stopping_) return;
  media::logger("app")->info("stopping");
  stopping_ = true;
  stop_deadline_ = web::monotonic_now() + kStopTime;
  http_->begin_stop();
  streams_->stop();
  sources_->stop();
  if (rtmp_) rtmp_->stop();
  if (rtmps_) rtmps_->stop();
  lessons_->drain();
}

int serve(const config::Overrides& overrides) {
  auto config = config::resolve(overrides);
  if (!config) {
    fmt::print(stderr, "tongke: {}\n", config.error().message);
    return 2;
  }
  media::set_log_level(config->log_level);
  raise_descriptor_limit();
  std::mutex mutex;  // guards what follows; the watcher's thread reads it
  App* serving = nullptr;
  bool stop_asked = false;
  const SignalWatcher watcher([&] {
    const std::lock_guard lock(mutex);
    stop_asked = true;
    if (serving != nullptr) serving->stop();
  });
  auto app = App::start(*config);
  if (!app) {
    fmt::print(stderr, "tongke: {}\n", app.error().message);
    return 1;
  }
  {
    const std::lock_guard lock(mutex);
    serving = app->get();
    if (stop_asked) serving->stop();
  }
  const int code = (*app)->run([](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  });
  const std::lock_guard lock(mutex);
  serving = nullptr;
  return code;
}

}  // namespace

Outcome<std::unique_ptr<App>> App::start(const config::Config& config) {
  auto app = std::make_unique<ServingApp>(config);
  if (auto opened = app->open(); !opened) return tl::unexpected<EnvError>(opened.error());
  return std::unique_ptr<App>(std::move(app));
}

void add_command(CLI::App& app, std::function<int()>& run) {
  CLI::App* command = app.add_subcommand("serve", "Run the server");
  const auto overrides = std::make_shared<config::Overrides>();
  config::add_options(*command, *overrides);
  command->add_option("--web", overrides->web_root, "Same as --web-root");
  command->callback([overrides, &run] { run = [overrides] { return serve(*overrides); }; });
}

}  // namespace signaling::app
