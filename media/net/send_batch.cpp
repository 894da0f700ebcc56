#include "media/net/send_batch.h"

#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "media/base/check.h"
#include "media/net/socket_address.h"
#include "media/net/udp_socket.h"

namespace media::net {

namespace {

// A video frame of six packets for 300 receivers. A frame comes packet by packet, each for all
// receivers, so that what goes to one peer together lies far apart: the more fits, the longer the
// runs.
constexpr size_t kArena = 2 << 20;
// Bounds the table of peers below, which stays at most half full.
constexpr size_t kMaxDatagrams = 4096;
constexpr size_t kPeerTable = 8192;
// Kernel limits: UDP_MAX_SEGMENTS, and the payload of one IP packet.
constexpr size_t kMaxSegments = 64;
constexpr size_t kMaxJoined = 65507;
constexpr size_t kMaxMessages = 512;  // per sendmmsg; the kernel caps at 1024 (UIO_MAXIOV)
// After so many refusals in a row the socket is full, and asking for each of hundreds of messages
// costs more than they are worth.
constexpr size_t kGiveUpAfter = 8;
constexpr uint32_t kNone = UINT32_MAX;

struct Datagram {
  Address to;
  uint32_t offset = 0;
  uint32_t size = 0;
  uint32_t next = kNone;  // of the same run
};

union Control {
  cmsghdr aligned;
  std::array<uint8_t, CMSG_SPACE(sizeof(uint16_t)) + kLocalControl> bytes;
};

// Datagrams that leave as one message: to one peer, of one size (the last may be shorter), in the
// order committed.
struct Run {
  uint32_t first = kNone;
  uint32_t last = kNone;
  uint32_t count = 0;
  uint32_t bytes = 0;
};

bool probe_gso(int fd) {
  int value = 0;
  socklen_t length = sizeof(value);
  return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &length) == 0;
}

}  // namespace

struct SendBatch::State {
  State(UdpSocket& s, bool allow_gso)
      : socket(s), gso(allow_gso && probe_gso(s.fd())), arena(kArena) {
    datagrams.reserve(kMaxDatagrams);
    runs.reserve(kMaxDatagrams);
    vectors.reserve(kMaxDatagrams);
    addresses.resize(kMaxMessages);
    controls.resize(kMaxMessages);
    headers.resize(kMaxMessages);
    open_runs.assign(kPeerTable, kNone);
  }

  uint32_t& open_run(const Address& to);
  void plan();
  void send_runs(size_t first, size_t count);
  void on_refusal(const Run& run, int error);
  void send_one_by_one(const Run& run);
  void prepare(size_t at, const Run& run);
  void count_sent(const Run& run);

  UdpSocket& socket;
  bool gso;
  std::vector<uint8_t> arena;
  size_t used = 0;
  std::vector<Datagram> datagrams;
  std::vector<Run> runs;
  std::vector<uint32_t> open_runs;  // peer -> its newest run; linear probing
  std::vector<iovec> vectors;
  std::vector<SocketAddress> addresses;
  std::vector<Control> controls;
  std::vector<mmsghdr> headers;
  SendStats stats;
  DropCounters drops;
};

uint32_t& SendBatch::State::open_run(const Address& to) {
  size_t at = std::hash<Address>{}(to) % kPeerTable;
  while (open_runs[at] != kNone && datagrams[runs[open_runs[at]].first].to != to)
    at = (at + 1) % kPeerTable;
  return open_runs[at];
}

void SendBatch::State::plan() {
  runs.clear();
  if (gso) std::fill(open_runs.begin(), open_runs.end(), kNone);
  for (uint32_t i = 0; i < datagrams.size(); ++i) {
    const Datagram& d = datagrams[i];
    uint32_t* const open = gso ? &open_run(d.to) : nullptr;
    if (open != nullptr && *open != kNone) {
      Run& run = runs[*open];
      const uint32_t segment = datagrams[run.first].size;
      // Once a shorter one has closed a run nothing may follow it.
      if (run.count < kMaxSegments && run.bytes + d.size <= kMaxJoined &&
          datagrams[run.last].size == segment && d.size <= segment) {
        datagrams[run.last].next = i;
        run.last = i;
        ++run.count;
        run.bytes += d.size;
        continue;
      }
    }
    if (open != nullptr) *open = static_cast<uint32_t>(runs.size());
    runs.push_back({i, i, 1, d.size});
  }
}

void SendBatch::State::prepare(size_t at, const Run& run) {
  const size_t first_vector = vectors.size();
  for (uint32_t i = run.first; i != kNone; i = datagrams[i].next) {
    uint8_t* const bytes = arena.data() + datagrams[i].offset;
    if (vectors.size() > first_vector) {
      iovec& before = vectors.back();
      if (static_cast<uint8_t*>(before.iov_base) + before.iov_len == bytes) {
        before.iov_len += datagrams[i].size;
        continue;
      }
    }
    vectors.push_back({bytes, datagrams[i].size});
  }
  const Datagram& first = datagrams[run.first];
  msghdr& header = headers[at].msg_hdr;
  header = {};
  header.msg_name = &addresses[at];
  header.msg_namelen = to_kernel(first.to, socket.is_v6(), addresses[at]);
  header.msg_iov = vectors.data() + first_vector;
  header.msg_iovlen = vectors.size() - first_vector;
  const LocalAddresses* const locals = socket.locals();
  const bool is_pinned = first.to.local != 0 && locals != nullptr;
  if (run.count == 1 && !is_pinned) return;
  header.msg_control = &controls[at];
  size_t length = 0;
  if (run.count > 1) {
    cmsghdr& c = controls[at].aligned;
    c.cmsg_level = IPPROTO_UDP;
    c.cmsg_type = UDP_SEGMENT;
    c.cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto segment = static_cast<uint16_t>(first.size);
    std::memcpy(CMSG_DATA(&c), &segment, sizeof(segment));
    length = CMSG_SPACE(sizeof(uint16_t));
  }
  if (is_pinned) {
    auto* const c = reinterpret_cast<cmsghdr*>(controls[at].bytes.data() + length);
    length += write_local(*c, socket.is_v6(), locals->at(first.to.local));
  }
  header.msg_controllen = length;
}

void SendBatch::State::count_sent(const Run& run) {
  stats.datagrams += run.count;
  stats.bytes += run.bytes;
  if (run.count > 1) ++stats.gso_messages;
}

void SendBatch::State::send_runs(size_t first, size_t count) {
  vectors.clear();
  for (size_t i = 0; i < count; ++i) prepare(i, runs[first + i]);
  size_t done = 0;
  size_t refusals = 0;
  while (done < count) {
    if (refusals >= kGiveUpAfter) {
      drops.add(Drop::SendWouldBlock, runs[first + done].count);
      ++done;
      continue;
    }
    ++stats.calls;
    const int sent = sendmmsg(socket.fd(), headers.data() + done,
                              static_cast<unsigned>(count - done), MSG_DONTWAIT);
    if (sent > 0) {
      for (size_t i = 0; i < static_cast<size_t>(sent); ++i) count_sent(runs[first + done + i]);
      done += static_cast<size_t>(sent);
      refusals = 0;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS) ++refusals;
    on_refusal(runs[first + done], errno);
    ++done;
  }
}

void SendBatch::State::on_refusal(const Run& run, int error) {
  if (error == EAGAIN || error == ENOBUFS) return drops.add(Drop::SendWouldBlock, run.count);
  if (run.count > 1 &&
      (error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE)) {
    // EIO: the device cannot checksum segments, which no later send will change. EINVAL and
    // EMSGSIZE speak of this peer's path alone: segments larger than its MTU.
    if (error == EIO || error == EOPNOTSUPP) gso = false;
    return send_one_by_one(run);
  }
  drops.add(Drop::SendFailed, run.count);
}

void SendBatch::State::send_one_by_one(const Run& run) {
  for (uint32_t i = run.first; i != kNone; i = datagrams[i].next) {
    const Datagram& d = datagrams[i];
    ++stats.calls;
    if (socket.send(d.to, ByteSpan(arena).subspan(d.offset, d.size))) {
      count_sent({i, i, 1, d.size});
    } else {
      drops.add(errno == EAGAIN || errno == ENOBUFS ? Drop::SendWouldBlock : Drop::SendFailed);
    }
  }
}

SendBatch::SendBatch(UdpSocket& socket, bool allow_gso)
    : state_(std::make_unique<State>(socket, allow_gso)) {}
SendBatch::~SendBatch() = default;

MutableByteSpan SendBatch::slot() {
  State& s = *state_;
  if (s.arena.size() - s.used < kMaxDatagram || s.datagrams.size() == kMaxDatagrams) flush();
  return MutableByteSpan(s.arena).subspan(s.used);
}

void SendBatch::commit(const Address& to, size_t size, Urgency /*urgency*/) {
  State& s = *state_;
  CHECK(size > 0 && size <= s.arena.size() - s.used);
  s.datagrams.push_back({to, static_cast<uint32_t>(s.used), static_cast<uint32_t>(size), kNone});
  s.used += size;
}

void SendBatch::flush() {
  State& s = *state_;
  if (s.datagrams.empty()) return;
  s.plan();
  for (size_t first = 0; first < s.runs.size(); first += kMaxMessages) {
    s.send_runs(first, std::min(kMaxMessages, s.runs.size() - first));
  }
  s.datagrams.clear();
  s.used = 0;
}

bool SendBatch::uses_gso() const {
  return state_->gso;
}
const SendStats& SendBatch::stats() const {
  return state_->stats;
}
DropCounters& SendBatch::drops() {
  return state_->drops;
}

}  // namespace media::net
