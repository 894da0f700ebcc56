// Each message's fields, once: a visitor that reads them (json_reader.h) and one that writes them
// (json_writer.h) walk the same list, so that what we send is what we accept.
#pragma once

#include <concepts>
#include <type_traits>

#include "signaling/protocol/codec.h"
#include "signaling/protocol/messages.h"

namespace signaling::protocol {

inline constexpr int64_t kMaxExact =
    (int64_t{1} << 53) - 1;                    // JavaScript's Number.MAX_SAFE_INTEGER
inline constexpr size_t kMaxNameBytes = 1024;  // names of people, schools, topics
inline constexpr size_t kMaxReasonBytes = 1024;
inline constexpr double kMaxFigure = 1e9;  // of a quality report
inline constexpr int64_t kMaxLayer = 255;  // media::kBestLayer
inline constexpr size_t kMaxIceUrls = 8;   // config::kMaxTurnUrls
inline constexpr size_t kMaxSources = 64;  // of a lesson; REST takes fewer

template <class M, class... T>
concept OneOf = (std::same_as<std::remove_const_t<M>, T> || ...);

// ---- from the client ----

template <class V, OneOf<Resume> M>
void describe(V& v, M& m) {
  v.text("seat", m.seat, 1, kMaxIdBytes);
  v.integer("last", m.last, 0, kMaxExact);
}
template <class V, OneOf<Hello> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.integer("v", m.v, 0, kMaxExact);
  v.text("lesson", m.lesson, 1, kMaxIdBytes);
  v.optional_object("resume", m.resume);
}
template <class V, OneOf<OfferSection> M>
void describe(V& v, M& m) {
  v.text("mid", m.mid, 1, kMaxIdBytes);
  v.choice("use", m.use);
  if (m.use == SectionUse::Slot) v.text("slot", m.slot, 1, kMaxIdBytes);
}
template <class V, OneOf<Offer> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.text("sdp", m.sdp, 1, kMaxMessageBytes);
  v.objects("sections", m.sections, kMaxSections);
  v.flag("restart", m.restart);
}
template <class V, OneOf<Limit> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.text("slot", m.slot, 1, kMaxIdBytes);
  v.integer("layer", m.layer, 0, kMaxLayer);
}
template <class V, OneOf<Wall> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.texts("show", m.show, kMaxIdBytes, kMaxWall);
}
template <class V, OneOf<View> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.texts("hidden", m.hidden, kMaxIdBytes, kMaxSections);
}
template <class V, OneOf<Start, End, Release, Ping, Ok> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
}
template <class V, OneOf<Hand> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.boolean("up", m.up);
}
template <class V, OneOf<Call, Remove, Readmit> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.text("p", m.p, 1, kMaxIdBytes);
}
template <class V, OneOf<Mute> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.text("p", m.p, 1, kMaxIdBytes);
  v.boolean("muted", m.muted);
}
template <class V, OneOf<Chat> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.characters("text", m.text, 1, kMaxChatCharacters);
}
template <class V, OneOf<Headcount> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.integer("n", m.n, 0, kMaxHeadcount);
}
template <class V, OneOf<Media> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.boolean("mic", m.mic);
  v.boolean("camera", m.camera);
  v.boolean("screen", m.screen);
}
template <class V, OneOf<Quality> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.number("rtt", m.rtt, 0, kMaxFigure);
  v.number("lossUp", m.loss_up, 0, 1);
  v.number("lossDown", m.loss_down, 0, 1);
  v.number("kbpsUp", m.kbps_up, 0, kMaxFigure);
  v.number("kbpsDown", m.kbps_down, 0, kMaxFigure);
  v.number("frozen", m.frozen, 0, kMaxFigure);
  v.number("playoutDelay", m.playout_delay, 0, kMaxFigure);
}

// ---- parts ----

template <class V, OneOf<Participant> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.choice("role", m.role);
  v.text("name", m.name, 0, kMaxNameBytes);
  v.text("school", m.school, 0, kMaxNameBytes);
  v.text("classId", m.class_id, 0, kMaxIdBytes);
  v.integer("headcount", m.headcount, 0, kMaxExact);
  v.boolean("online", m.online);
  v.boolean("hand", m.hand);
  v.integer("handAt", m.hand_at, 0, kMaxExact);
  v.boolean("onStage", m.on_stage);
  v.boolean("muted", m.muted);
  v.choice("mutedBy", m.muted_by);
  v.boolean("mic", m.mic);
  v.boolean("camera", m.camera);
  v.boolean("screen", m.screen);
  v.choice("link", m.link);
  v.boolean("speaking", m.speaking);
}
template <class V, OneOf<Lesson> M>
void describe(V& v, M& m) {
  v.text("id", m.id, 1, kMaxIdBytes);
  v.text("topic", m.topic, 0, kMaxNameBytes);
  v.text("subject", m.subject, 0, kMaxNameBytes);
  v.text("grade", m.grade, 0, kMaxNameBytes);
  v.text("kind", m.kind, 0, kMaxIdBytes);
  v.text("school", m.school, 0, kMaxNameBytes);
  v.text("teacher", m.teacher, 0, kMaxNameBytes);
  v.choice("state", m.state);
  v.integer("startedAt", m.started_at, 0, kMaxExact);
}

// ---- events ----

template <class V, OneOf<LessonLiveEvent> M>
void describe(V& v, M& m) {
  v.integer("startedAt", m.started_at, 0, kMaxExact);
}
template <class V, OneOf<LessonEndedEvent> M>
void describe(V&, M&) {}
template <class V, OneOf<JoinedEvent> M>
void describe(V& v, M& m) {
  v.object("participant", m.participant);
}
template <class V, OneOf<AwayEvent, BackEvent, LeftEvent, RemovedEvent, ReadmittedEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
}
template <class V, OneOf<HandEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.boolean("up", m.up);
}
template <class V, OneOf<StageEvent> M>
void describe(V& v, M& m) {
  v.nullable_text("p", m.p, kMaxIdBytes);
  v.nullable_text("previous", m.previous, kMaxIdBytes);
}
template <class V, OneOf<MuteEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.boolean("muted", m.muted);
  v.choice("by", m.by);
  v.flag("self", m.self_too);
}
template <class V, OneOf<ChatEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.text("name", m.name, 0, kMaxNameBytes);
  v.characters("text", m.text, 1, kMaxChatCharacters);
}
template <class V, OneOf<HeadcountEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.integer("count", m.count, 0, kMaxExact);
}
template <class V, OneOf<MediaEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.boolean("mic", m.mic);
  v.boolean("camera", m.camera);
  v.boolean("screen", m.screen);
}
template <class V, OneOf<RecordingEvent> M>
void describe(V& v, M& m) {
  v.boolean("on", m.on);
  v.text("reason", m.reason, 0, kMaxReasonBytes);
  v.optional_text("p", m.p, kMaxIdBytes);
  v.optional_text("source", m.source, kMaxIdBytes);
}
template <class V, OneOf<EncoderEvent> M>
void describe(V& v, M& m) {
  v.boolean("on", m.on);
}
template <class V, OneOf<VoiceEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.boolean("speaking", m.speaking);
}
template <class V, OneOf<LinkEvent> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.choice("link", m.link);
}
template <class V, OneOf<Event> M>
void describe(V& v, M& m) {
  v.integer("n", m.n, 1, kMaxExact);
  v.integer("at", m.at, 0, kMaxExact);
  v.alternative("kind", m.body);
}

// ---- from the server ----

template <class V, OneOf<State> M>
void describe(V& v, M& m) {
  v.objects("participants", m.participants, SIZE_MAX);
  v.objects("removed", m.removed, SIZE_MAX);
  v.nullable_text("stage", m.stage, kMaxIdBytes);
  v.boolean("recording", m.recording);
  v.boolean("encoder", m.encoder);
  v.messages("chat", m.chat);
}
template <class V, OneOf<ErrorMessage> M>
void describe(V& v, M& m) {
  v.optional_integer("id", m.id, 0, kMaxExact);
  v.choice("code", m.code);
  v.text("message", m.message, 0, kMaxReasonBytes);
}
template <class V, OneOf<IceServer> M>
void describe(V& v, M& m) {
  v.texts("urls", m.urls, kMaxNameBytes, kMaxIceUrls);
  v.text("username", m.username, 1, kMaxNameBytes);
  v.text("credential", m.credential, 1, kMaxNameBytes);
}
template <class V, OneOf<Welcome> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.integer("v", m.v, 0, kMaxExact);
  v.text("you", m.you, 1, kMaxIdBytes);
  v.choice("role", m.role);
  v.text("seat", m.seat, 1, kMaxIdBytes);
  v.boolean("resumed", m.resumed);
  v.integer("at", m.at, 0, kMaxExact);
  v.object("lesson", m.lesson);
  v.optional_object("state", m.state);
  v.integer("last", m.last, 0, kMaxExact);
  v.boolean("iceLite", m.ice_lite);
  v.objects("iceServers", m.ice_servers, kMaxIceUrls);
}
template <class V, OneOf<Answer> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.text("sdp", m.sdp, 1, SIZE_MAX);
}
template <class V, OneOf<Shown> M>
void describe(V& v, M& m) {
  v.text("p", m.p, 1, kMaxIdBytes);
  v.choice("source", m.source);
}
template <class V, OneOf<Slots> M>
void describe(V& v, M& m) {
  v.nullable_objects("map", m.map);
}
template <class V, OneOf<Levels> M>
void describe(V& v, M& m) {
  v.integers("levels", m.levels, 0, 127);
}
template <class V, OneOf<LinkFacts> M>
void describe(V& v, M& m) {
  v.integer("rtt", m.rtt, 0, kMaxExact);
  v.number("lossUp", m.loss_up, 0, 1);
  v.number("lossDown", m.loss_down, 0, 1);
  v.integer("kbpsUp", m.kbps_up, 0, kMaxExact);
  v.integer("kbpsDown", m.kbps_down, 0, kMaxExact);
}
template <class V, OneOf<Links> M>
void describe(V& v, M& m) {
  v.object_map("links", m.links);
}
template <class V, OneOf<Observers> M>
void describe(V& v, M& m) {
  v.integer("count", m.count, 0, kMaxExact);
}
template <class V, OneOf<Relief> M>
void describe(V& v, M& m) {
  v.text("step", m.step, 1, 32);
}
template <class V, OneOf<SourceStatus> M>
void describe(V& v, M& m) {
  v.text("source", m.source, 1, kMaxIdBytes);
  v.text("name", m.name, 1, kMaxNameBytes);
  v.text("role", m.role, 1, kMaxIdBytes);
  v.text("kind", m.kind, 1, kMaxIdBytes);
  v.text("address", m.address, 0, kMaxNameBytes);
  v.choice("state", m.state);
  v.text("reason", m.reason, 0, kMaxIdBytes);
  v.integer("retryIn", m.retry_in, 0, kMaxExact);
}
template <class V, OneOf<Sources> M>
void describe(V& v, M& m) {
  v.objects("sources", m.sources, kMaxSources);
}
template <class V, OneOf<UndecodableSlot> M>
void describe(V& v, M& m) {
  v.text("codec", m.codec, 1, 16);
}
template <class V, OneOf<Undecodable> M>
void describe(V& v, M& m) {
  v.object_map("slots", m.slots);
}
template <class V, OneOf<OverRate> M>
void describe(V& v, M& m) {
  v.integers("sources", m.sources, 0, kMaxExact);
}
template <class V, OneOf<Pong> M>
void describe(V& v, M& m) {
  v.integer("id", m.id, 0, kMaxExact);
  v.integer("at", m.at, 0, kMaxExact);
}

}  // namespace signaling::protocol
