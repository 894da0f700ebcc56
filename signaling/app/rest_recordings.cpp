// The library: what was recorded, its timeline, and the files.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "media/base/log.h"
#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/app/lesson_json.h"

namespace signaling::app {
namespace {

template <class T>
using Outcome = media::Outcome<T>;

constexpr int kListedRecordings = 200;
constexpr int kEventsPerRead = 5'000;
// A lesson of three hours with forty talkative classes makes some ten thousand events.
constexpr int64_t kMaxEvents = 100'000;

bool is_playable(const storage::RecordingSegment& segment) {
  return segment.state == storage::SegmentState::Complete ||
         segment.state == storage::SegmentState::Repaired;
}

int64_t duration_of(const std::vector<storage::RecordingSegment>& segments) {
  int64_t end = 0;
  for (const auto& s : segments) {
    if (is_playable(s)) end = std::max(end, s.end_us);
  }
  return end;
}

struct Recorded {
  storage::RecordedLesson row;
  storage::LessonRoster roster;
};

Outcome<std::vector<storage::RecordedLesson>> recordings_of(storage::Store& store,
                                                            const auth::Actor& actor) {
  if (actor.kind == auth::ActorKind::Person) {
    return store.recordings_for_person(*actor.person_id, {kListedRecordings, 0});
  }
  // A link opens one lesson.
  std::vector<storage::RecordedLesson> one;
  auto lesson = store.lesson(*actor.lesson_id);
  if (!lesson) return tl::unexpected<media::EnvError>(lesson.error());
  auto segments = store.segments(*actor.lesson_id);
  if (!segments) return tl::unexpected<media::EnvError>(segments.error());
  const auto playable = std::count_if(segments->begin(), segments->end(), is_playable);
  if (*lesson && (*lesson)->state == storage::LessonState::Ended && playable > 0) {
    one.push_back({std::move(**lesson), static_cast<int>(playable), duration_of(*segments)});
  }
  return one;
}

struct Detail {
  std::vector<storage::RecordingSegment> segments;
  std::vector<storage::LessonEvent> events;
};

Outcome<Detail> read_detail(storage::Store& store, const std::string& lesson) {
  auto segments = store.segments(lesson);
  if (!segments) return tl::unexpected<media::EnvError>(segments.error());
  Detail detail{std::move(*segments), {}};
  while (static_cast<int64_t>(detail.events.size()) < kMaxEvents) {
    const int64_t after = detail.events.empty() ? 0 : detail.events.back().sequence;
    auto page = store.events(lesson, after, kEventsPerRead);
    if (!page) return tl::unexpected<media::EnvError>(page.error());
    std::move(page->begin(), page->end(), std::back_inserter(detail.events));
    if (page->size() < kEventsPerRead) break;
  }
  return detail;
}

// One track for each participant's source, its files in the order of the session clock.
nlohmann::json tracks_json(std::vector<storage::RecordingSegment> segments,
                           const std::string& lesson) {
  std::stable_sort(segments.begin(), segments.end(),
                   [](const auto& a, const auto& b) { return a.start_us < b.start_us; });
  nlohmann::json tracks = nlohmann::json::array();
  for (const storage::RecordingSegment& s : segments) {
    if (!is_playable(s)) continue;
    auto track = std::find_if(tracks.begin(), tracks.end(), [&](const nlohmann::json& t) {
      return t["participant"] == s.participant && t["source"] == s.source;
    });
    if (track == tracks.end()) {
      tracks.push_back({{"participant", s.participant},
                        {"name", s.name},
                        {"role", s.role},
                        {"source", s.source},
                        {"segments", nlohmann::json::array()}});
      track = tracks.end() - 1;
    }
    (*track)["segments"].push_back({{"id", s.id},
                                    {"url", fmt::format("/recordings/{}/{}", lesson, s.id)},
                                    {"codec", s.codec},
                                    {"startUs", s.start_us},
                                    {"endUs", s.end_us}});
  }
  return tracks;
}

std::string name_of(const auth::Actor& actor) {
  if (actor.person_id) return "person:" + *actor.person_id;
  if (actor.class_id) return "class:" + *actor.class_id;
  return "link:" + actor.lesson_id.value_or("");
}

void send_file(Api& api, const Call& call, const storage::RecordingSegment& segment) {
  if (!api.recordings) {
    auto tree = web::FileTree::open(api.params.recordings);
    if (!tree) {
      media::logger("http")->error("{}", tree.error().message);
      return reply_error(api, call, 503, "unavailable", "the recordings cannot be read");
    }
    api.recordings = std::move(*tree);
  }
  auto file = api.recordings->open_file(fmt::format("{}/{}", segment.lesson_id, segment.file));
  if (!file) return reply_error(api, call, 404, "not-found", "the file is gone");
  if (api.views.begins_view(name_of(call.actor), segment.id, api.params.monotonic())) {
    api.storage.tell(
        "audit a view",
        [entry = storage::AuditEntry{api.params.wall_us(), name_of(call.actor), "view-recording",
                                     segment.lesson_id + "/" + segment.id}](storage::Store& store) {
          return store.add_audit(entry);
        });
  }
  web::Response response;
  const bool sound = segment.codec == "opus";
  const std::string extension = std::filesystem::path(segment.file).extension().string();
  response
      .with("Content-Type", sound && extension == ".webm"
                                ? "audio/webm"
                                : std::string(web::content_type_of(segment.file)))
      .with("Cache-Control", "private, no-cache");  // each request is checked again
  response.file = std::move(*file);
  reply(api, call, std::move(response));
}

}  // namespace

void handle_list_recordings(Api& api, Call call) {
  api.storage.ask(
      [actor = call.actor](storage::Store& store) -> Outcome<std::vector<Recorded>> {
        auto rows = recordings_of(store, actor);
        if (!rows) return tl::unexpected<media::EnvError>(rows.error());
        std::vector<Recorded> list;
        for (storage::RecordedLesson& row : *rows) {
          auto roster = store.lesson_roster(row.lesson.id);
          if (!roster) return tl::unexpected<media::EnvError>(roster.error());
          if (*roster) list.push_back({std::move(row), std::move(**roster)});
        }
        return list;
      },
      [&api, call](Outcome<std::vector<Recorded>> rows) {
        if (!rows) return reply_unavailable(api, call);
        nlohmann::json list = nlohmann::json::array();
        for (const Recorded& r : *rows) {
          // The list comes from the same collectives as the lessons; whether this actor may watch
          // is asked all the same.
          if (!auth::authorize(call.actor, auth::Verb::SeeRecording,
                               auth::Object::lesson(r.row.lesson, r.roster))) {
            continue;
          }
          list.push_back({{"lesson", lesson_json(r.row.lesson, r.roster, call.actor)},
                          {"durationUs", r.row.duration_us},
                          {"segments", r.row.segments}});
        }
        reply_json(api, call, 200, {{"recordings", std::move(list)}});
      });
}

void handle_get_recording(Api& api, Call call) {
  if (call.lesson.state != storage::LessonState::Ended) {
    return reply_error(api, call, 404, "not-found", "the lesson has not ended");
  }
  api.storage.ask([id = call.lesson.id](storage::Store& store) { return read_detail(store, id); },
                  [&api, call](Outcome<Detail> detail) {
                    if (!detail) return reply_unavailable(api, call);
                    nlohmann::json events = nlohmann::json::array();
                    for (const storage::LessonEvent& e : detail->events) {
                      nlohmann::json event = nlohmann::json::parse(e.payload, nullptr, false);
                      if (!event.is_discarded()) events.push_back(std::move(event));
                    }
                    reply_json(
                        api, call, 200,
                        {{"lesson", lesson_json(call.lesson, call.roster, call.actor)},
                         {"durationUs", duration_of(detail->segments)},
                         {"tracks", tracks_json(std::move(detail->segments), call.lesson.id)},
                         {"events", std::move(events)}});
                  });
}

void handle_recording_file(Api& api, Call call) {
  api.storage.ask(
      [id = call.params[1]](storage::Store& store) { return store.segment(id); },
      [&api, call](Outcome<std::optional<storage::RecordingSegment>> segment) {
        if (!segment) return reply_unavailable(api, call);
        if (!*segment || (*segment)->lesson_id != call.lesson.id || !is_playable(**segment)) {
          return reply_error(api, call, 404, "not-found", "no such recording");
        }
        send_file(api, call, **segment);
      });
}

}  // namespace signaling::app
