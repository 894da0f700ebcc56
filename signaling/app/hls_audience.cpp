#include "signaling/app/hls_audience.h"

#include <optional>
#include <utility>

#include "signaling/app/authenticator.h"
#include "signaling/auth/authorize.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {
namespace {

struct Asked {
  std::string lesson;
  std::vector<std::pair<std::string, bool>> credentials;  // hash, is a session
};

// Whether all of them may watch. A lesson that is over is no business of this: its stream ends by
// itself. On the storage thread.
media::Outcome<bool> may_all_watch(storage::Store& store, const Asked& asked, int64_t wall_us) {
  const auto lesson = store.lesson(asked.lesson);
  if (!lesson) return tl::unexpected<media::EnvError>(lesson.error());
  if (!*lesson || (*lesson)->state != storage::LessonState::Live) return true;
  const auto roster = store.lesson_roster(asked.lesson);
  if (!roster) return tl::unexpected<media::EnvError>(roster.error());
  if (!*roster) return true;
  const auth::Object object = auth::Object::lesson(**lesson, **roster);
  for (const auto& [hash, is_session] : asked.credentials) {
    if (is_session) {
      // Who signs out gave the right back. A lecture's audience that goes home must not make
      // everybody ask for addresses again and again: this one runs out by itself.
      const auto row = store.session_by_hash(hash);
      if (!row) return tl::unexpected<media::EnvError>(row.error());
      if (!*row) continue;
    }
    const auto actor = look_up(store, hash, is_session, wall_us);
    if (!actor) return tl::unexpected<media::EnvError>(actor.error());
    if (!auth::authorize(*actor, auth::Verb::PlayStream, object)) return false;
  }
  return true;
}

}  // namespace

HlsAudience::HlsAudience(Params params, storage::sql::StorageThread& storage)
    : params_(std::move(params)), storage_(storage) {}

void HlsAudience::add(const std::string& lesson, const auth::Actor& actor, media::Instant now) {
  if (actor.credential_hash.empty()) return;
  lessons_[lesson][actor.credential_hash] = {actor.credential_is_session, now + params_.holds};
}

void HlsAudience::forget(const std::string& lesson) {
  lessons_.erase(lesson);
}

void HlsAudience::on_tick(media::Instant now) {
  if (checking_ || now < next_check_) return;
  next_check_ = now + kCheckAgain;
  for (auto it = lessons_.begin(); it != lessons_.end();) {
    std::erase_if(it->second, [now](const auto& holder) { return holder.second.until <= now; });
    it = it->second.empty() ? lessons_.erase(it) : std::next(it);
  }
  if (!lessons_.empty()) check();
}

void HlsAudience::check() {
  std::vector<Asked> all;
  for (const auto& [lesson, holders] : lessons_) {
    Asked asked{lesson, {}};
    for (const auto& [hash, holder] : holders)
      asked.credentials.emplace_back(hash, holder.is_session);
    all.push_back(std::move(asked));
  }
  checking_ = true;
  using Lost = std::vector<std::string>;
  storage_.ask(
      [all = std::move(all),
       wall = params_.wall_us()](storage::Store& store) -> media::Outcome<Lost> {
        Lost lost;
        for (const Asked& asked : all) {
          const auto well = may_all_watch(store, asked, wall);
          if (!well) return tl::unexpected<media::EnvError>(well.error());
          if (!*well) lost.push_back(asked.lesson);
        }
        return lost;
      },
      [this, alive = std::weak_ptr<bool>(alive_)](const media::Outcome<Lost>& lost) {
        if (alive.expired()) return;
        checking_ = false;
        if (!lost) return;
        for (const std::string& lesson : *lost) params_.on_lost(lesson);
      });
}

}  // namespace signaling::app
