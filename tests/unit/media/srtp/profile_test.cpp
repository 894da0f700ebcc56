// Each profile against the reference: what libsrtp2 protects we open, and the other way round, for
// RTP and RTCP.
#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include <cstring>

#include "media/srtp/srtp_receiver.h"
#include "media/srtp/srtp_sender.h"
#include "srtp_fixture.h"

namespace media::srtp {
namespace {

class LibSrtp {
 public:
  LibSrtp(Profile profile, const MasterKey& master, bool sender) {
    static const srtp_err_status_t started = srtp_init();
    EXPECT_EQ(started, srtp_err_status_ok);
    srtp_policy_t policy{};
    switch (profile) {
      case Profile::AeadAes128Gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
      case Profile::AeadAes256Gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        break;
      case Profile::AesCm128HmacSha1:
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
        break;
    }
    key_.assign(master.key.begin(),
                master.key.begin() + static_cast<std::ptrdiff_t>(key_size(profile)));
    key_.insert(key_.end(), master.salt.begin(),
                master.salt.begin() + static_cast<std::ptrdiff_t>(salt_size(profile)));
    policy.key = key_.data();
    policy.ssrc.type = sender ? ssrc_any_outbound : ssrc_any_inbound;
    policy.window_size = 1024;
    policy.allow_repeat_tx = 1;
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~LibSrtp() { srtp_dealloc(session_); }
  LibSrtp(const LibSrtp&) = delete;
  LibSrtp& operator=(const LibSrtp&) = delete;

  using Operation = srtp_err_status_t (*)(srtp_t, void*, int*);
  // The result of `operation` on a copy of `packet`; empty on failure.
  Bytes apply(Operation operation, Bytes packet) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
    if (operation(session_, packet.data(), &size) != srtp_err_status_ok) return {};
    packet.resize(static_cast<size_t>(size));
    return packet;
  }

 private:
  srtp_t session_ = nullptr;
  Bytes key_;
};

class Interop : public testing::TestWithParam<Setting> {
 protected:
  Profile profile_ = GetParam().profile;
  MasterKey master_ = make_master(21);
  SrtpSender sender_{profile_, master_, GetParam().backend};
  SrtpReceiver receiver_{profile_, master_, GetParam().backend};
};

TEST_P(Interop, libsrtp_opens_our_rtp_across_rollovers) {
  LibSrtp theirs(profile_, master_, false);
  for (int64_t index = 20000; index < 300000; index += 9973) {
    const bool extension = index % 2 == 0;
    const size_t csrcs = static_cast<size_t>(index % 3);
    const Bytes plain = make_rtp(0xCAFE, static_cast<uint16_t>(index),
                                 static_cast<size_t>(index % 1200), csrcs, extension);
    Bytes slot = plain;
    slot.resize(plain.size() + kRoom);
    slot.resize(sender_.seal_rtp(slot, header_size(csrcs, extension), plain.size(), index));
    ASSERT_EQ(theirs.apply(srtp_unprotect, slot), plain) << index;
  }
}

TEST_P(Interop, we_open_rtp_of_libsrtp_across_rollovers) {
  LibSrtp theirs(profile_, master_, true);
  for (int64_t index = 20000; index < 300000; index += 9973) {
    const Bytes plain =
        make_rtp(0xCAFE, static_cast<uint16_t>(index), static_cast<size_t>(index % 1200),
                 static_cast<size_t>(index % 3), index % 2 == 0);
    Bytes packet = theirs.apply(srtp_protect, plain);
    const auto opened = receiver_.open_rtp(packet);
    ASSERT_TRUE(opened) << index << ": " << opened.error().what;
    ASSERT_EQ(Bytes(opened->begin(), opened->end()), plain);
  }
}

TEST_P(Interop, libsrtp_opens_our_rtcp) {
  LibSrtp theirs(profile_, master_, false);
  for (size_t extra = 0; extra < 100; ++extra) {
    const Bytes plain = make_rtcp(0xCAFE, extra);
    Bytes slot = plain;
    slot.resize(plain.size() + kRoom);
    slot.resize(sender_.seal_rtcp(slot, plain.size()));
    ASSERT_EQ(theirs.apply(srtp_unprotect_rtcp, slot), plain) << extra;
  }
}

TEST_P(Interop, we_open_rtcp_of_libsrtp) {
  LibSrtp theirs(profile_, master_, true);
  for (size_t extra = 0; extra < 100; ++extra) {
    const Bytes plain = make_rtcp(0xCAFE, extra);
    Bytes packet = theirs.apply(srtp_protect_rtcp, plain);
    const auto opened = receiver_.open_rtcp(packet);
    ASSERT_TRUE(opened) << extra;
    ASSERT_EQ(Bytes(opened->begin(), opened->end()), plain);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Interop, testing::ValuesIn(all_settings()), setting_name);

}  // namespace
}  // namespace media::srtp
