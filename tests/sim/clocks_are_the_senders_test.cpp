#include <gtest/gtest.h>

#include <cstdlib>

#include "sim_room.h"

namespace sim {
namespace {

// Session time (us) that the receiver computes for a timestamp from the last report before `at`.
int64_t session_of(const std::pair<uint64_t, uint32_t>& report, uint32_t timestamp, int64_t rate) {
  const int64_t ntp =
      media::rtcp::NtpTime{report.first}.as_micros() - media::send::kSessionEpochNtpMicros;
  return ntp +
         static_cast<int64_t>(static_cast<int32_t>(timestamp - report.second)) * 1'000'000 / rate;
}

TEST(ClocksAreTheSenders, VoiceAndPictureKeepTheirRelationUnderUplinkCongestion) {
  SimRoom room(71);
  SCOPED_TRACE(room.seed_note());
  // 3 packets of 400 bytes at 30 fps and voice: 330 kbit/s into a line that at times has less.
  SimPeer& teacher =
      room.make_peer({Duration::millis(30), {}, 0, 1'000'000, Duration::seconds(2)}, {});
  teacher.publish({});
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  pupil.add_audio_slot(2);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.video_track());
  room.open(teacher.audio_track());
  room.feed(pupil, 1, teacher.video_track());
  room.feed(pupil, 2, teacher.audio_track());
  room.run(Duration::seconds(4));
  teacher.up().params().bits_per_second = 290'000;  // a queue of a second and more grows
  room.run(Duration::seconds(10));
  const Watched& video = pupil.watched(1);
  const Watched& audio = pupil.watched(2);
  ASSERT_GT(video.reports.size(), 8U);
  ASSERT_GT(audio.reports.size(), 8U);
  // The simulated encoder stamps both at the instant of capture: frame n of either at known times.
  // Compare what the receiver computes for the first and the last packets with the distance in the
  // sender's own count.
  const auto span = [](const Watched& w, int64_t rate) {
    const auto& first = w.packets.begin()->second;
    const auto& last = w.packets.rbegin()->second;
    const int64_t reported = session_of(w.reports.back(), last.timestamp, rate) -
                             session_of(w.reports.front(), first.timestamp, rate);
    const int64_t captured =
        static_cast<int64_t>(static_cast<int32_t>(last.timestamp - first.timestamp)) * 1'000'000 /
        rate;
    return reported - captured;
  };
  EXPECT_LT(std::llabs(span(video, 90000)), 20'000);
  EXPECT_LT(std::llabs(span(audio, 48000)), 20'000);
  // And the two against each other: the last reports name instants that agree to 5 ms.
  const int64_t video_error = session_of(video.reports.back(), video.reports.back().second, 90000);
  const int64_t audio_error = session_of(audio.reports.back(), audio.reports.back().second, 48000);
  EXPECT_LT(std::llabs(video_error - audio_error), 1'100'000);
  const auto& v = video.packets.rbegin()->second;
  const int64_t shown = session_of(video.reports.back(), v.timestamp, 90000);
  // Captured well before it came: the queue of the uplink is in the delay, not hidden by a made-up
  // clock.
  EXPECT_GT((v.at - Instant::from_micros(5'000'000)).as_micros() - shown, 400'000);
}

TEST(ClocksAreTheSenders, NoSenderReportIsMadeUpBeforeTheSendersOwn) {
  SimRoom room(72);
  SimPeer& teacher = room.make_peer();
  PublisherParams params;
  params.sender_reports = false;
  teacher.publish(params);
  SimPeer& pupil = room.make_peer();
  pupil.add_audio_slot(2);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.audio_track());
  room.feed(pupil, 2, teacher.audio_track());
  room.run(Duration::seconds(3));
  EXPECT_GT(pupil.watched(2).packets.size(), 100U);
  EXPECT_TRUE(pupil.watched(2).reports.empty());
  teacher.publishing().sender_reports = true;
  room.run(Duration::seconds(2));
  EXPECT_FALSE(pupil.watched(2).reports.empty());
}

TEST(ClocksAreTheSenders, RecordedCaptureTimesNeverRunBackwards) {
  SimRoom room(73);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer({Duration::millis(40), Duration::millis(30), 0.02, 0, {}}, {});
  PublisherParams params;
  params.simulcast = true;
  teacher.publish(params);
  room.join(teacher);
  room.shard().start_recording(room.now());
  room.open(teacher.video_track());
  room.open(teacher.audio_track());
  room.run(Duration::seconds(2));
  teacher.layers()[2].paused = true;  // the recording follows to a lower layer, and back
  room.run(Duration::seconds(3));
  teacher.layers()[2].paused = false;
  room.run(Duration::seconds(5));
  std::map<media::TrackId, std::map<int64_t, std::pair<int64_t, Duration>>> tracks;
  int64_t mapped = 0;
  for (const auto& r : room.records()) {
    if (r.type != media::sfu::RecordOut::Type::Rtp) continue;
    tracks[r.track].emplace(r.departure.rewritten.sequence,
                            std::pair(r.departure.rewritten.timestamp, r.session_time));
    mapped += r.from_sender_report ? 1 : 0;
  }
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_GT(mapped, 1000);
  for (const auto& [track, packets] : tracks) {
    const std::pair<int64_t, Duration>* before = nullptr;
    for (const auto& [sequence, packet] : packets) {
      if (before != nullptr && packet.first > before->first) {
        ASSERT_GE(packet.second, before->second)
            << "track " << track.value << " packet " << sequence;
      }
      before = &packet;
    }
  }
}

}  // namespace
}  // namespace sim
