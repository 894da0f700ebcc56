#include "media/dtls/certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace media::dtls {
namespace {

class CertificateFile : public testing::Test {
 protected:
  CertificateFile()
      : directory_(std::filesystem::temp_directory_path() / ("dtls-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~CertificateFile() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

TEST(Certificate, two_have_different_fingerprints) {
  const auto a = Certificate::make();
  const auto b = Certificate::make();
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->fingerprint(), b->fingerprint());
}

TEST(Certificate, keeps_its_fingerprint_through_pem) {
  const auto made = Certificate::make();
  const auto read = Certificate::from_pem(made->to_pem());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->fingerprint(), made->fingerprint());
}

TEST(Certificate, refuses_text_that_is_none_and_a_key_of_another) {
  EXPECT_FALSE(Certificate::from_pem(""));
  EXPECT_FALSE(
      Certificate::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  const std::string a = Certificate::make()->to_pem();
  const std::string b = Certificate::make()->to_pem();
  const size_t cert_of_b = b.find("-----BEGIN CERTIFICATE");
  EXPECT_FALSE(
      Certificate::from_pem(a.substr(0, a.find("-----BEGIN CERTIFICATE")) + b.substr(cert_of_b)));
}

TEST_F(CertificateFile, is_made_once_and_found_again_and_readable_by_its_owner_alone) {
  const auto path = directory_ / "dtls.pem";
  const auto first = Certificate::load_or_make(path);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = Certificate::load_or_make(path);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->fingerprint(), second->fingerprint());
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(CertificateFile, a_broken_one_is_reported_and_not_overwritten) {
  const auto path = directory_ / "dtls.pem";
  std::ofstream(path) << "rubbish";
  const auto loaded = Certificate::load_or_make(path);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find(path.string()), std::string::npos);
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "rubbish");
}

TEST_F(CertificateFile, says_so_when_it_cannot_be_saved) {
  EXPECT_FALSE(Certificate::load_or_make(directory_ / "missing" / "dtls.pem"));
}

TEST(FingerprintText, is_uppercase_hex_with_colons) {
  Fingerprint fingerprint{};
  fingerprint[0] = 0xab;
  fingerprint[31] = 0x01;
  const std::string text = to_string(fingerprint);
  EXPECT_EQ(text.size(), 95u);
  EXPECT_EQ(text.substr(0, 6), "AB:00:");
  EXPECT_EQ(text.substr(90), "00:01");
}

}  // namespace
}  // namespace media::dtls
