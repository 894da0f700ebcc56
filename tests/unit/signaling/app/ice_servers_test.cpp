#include "signaling/app/ice_servers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "signaling/auth/actor.h"

namespace signaling::app {
namespace {

using std::filesystem::perms;

constexpr const char* kHash = "5f0c7e1a9b3d";
constexpr int64_t kNow = 1'790'000'000'000'000;

auth::Actor link(const std::string& hash) {
  auth::Actor actor;
  actor.kind = auth::ActorKind::Link;
  actor.credential_hash = hash;
  return actor;
}

class IceServersTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongke-ice-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ / "turn-secret";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text, perms mode = perms::owner_read | perms::owner_write) {
    std::ofstream(file_, std::ios::trunc) << text;
    std::filesystem::permissions(file_, mode);
    // File systems count in ticks: two versions of one length written within one look the same.
    std::filesystem::last_write_time(
        file_, std::filesystem::file_time_type(std::chrono::seconds(++written_)));
  }
  media::Outcome<IceServers> open() {
    return IceServers::open({{"turn:t.example:3478?transport=udp", "turns:t.example:5349"},
                             file_,
                             media::Duration::seconds(3600)});
  }
  std::string error() {
    const auto opened = open();
    return opened ? "" : opened.error().message;
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
  int64_t written_ = 0;
};

// Made by `printf %s 1790000000:abc | openssl dgst -sha1 -hmac north -binary | base64`.
TEST_F(IceServersTest, TheCredentialIsTheOneThatCoturnMakesToo) {
  const TurnCredential made = make_turn_credential("north", "abc", 1'790'000'000);
  EXPECT_EQ(made.username, "1790000000:abc");
  EXPECT_EQ(made.password, "44v61T5/QlDXXaCsADXikr+OLdw=");
}

TEST_F(IceServersTest, CredentialsRunOutAndTellNobodyWhoAsked) {
  write("0123456789abcdef\n");
  auto servers = open();
  ASSERT_TRUE(servers) << servers.error().message;
  const auto first = servers->for_actor(link(kHash), kNow);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].urls.size(), 2U);
  EXPECT_TRUE(first[0].username.starts_with("1790003600:")) << first[0].username;
  EXPECT_EQ(first[0].username.find(kHash), std::string::npos);
  EXPECT_EQ(servers->for_actor(link(kHash), kNow), first);
  const auto id = [](const auto& list) {
    return list[0].username.substr(list[0].username.find(':'));
  };
  EXPECT_EQ(id(servers->for_actor(link(kHash), kNow + 5'000'000)), id(first)) << "a quota holds";
  EXPECT_NE(id(servers->for_actor(link("bb"), kNow)), id(first));
  const std::string id_text = id(first).substr(1);
  EXPECT_EQ(first[0].credential,
            make_turn_credential("0123456789abcdef", id_text, 1'790'003'600).password);
}

TEST_F(IceServersTest, ANewSecretIsUsedWithoutARestart) {
  write("# from May on\n\nthe-first-secret-of-all\nthe-one-before-it-all\n");
  auto servers = open();
  ASSERT_TRUE(servers);
  const auto first = servers->for_actor(link(kHash), kNow);
  write("the-next-secret-of-all\nthe-first-secret-of-all\n");
  const auto second = servers->for_actor(link(kHash), kNow);
  EXPECT_EQ(second[0].username, first[0].username);
  EXPECT_NE(second[0].credential, first[0].credential);
  const std::string id = first[0].username.substr(first[0].username.find(':') + 1);
  EXPECT_EQ(second[0].credential,
            make_turn_credential("the-next-secret-of-all", id, 1'790'003'600).password);
  // A mistake on the way to a new secret takes nobody's relay away.
  write("short\n");
  EXPECT_EQ(servers->for_actor(link(kHash), kNow), second);
  std::filesystem::remove(file_);
  EXPECT_EQ(servers->for_actor(link(kHash), kNow), second);
}

TEST_F(IceServersTest, WhatCannotBeASecretIsRefusedAtTheStart) {
  EXPECT_NE(error().find("does not exist"), std::string::npos) << error();
  write("short\n");
  EXPECT_NE(error().find("openssl rand"), std::string::npos) << error();
  write("");
  EXPECT_NE(error().find("openssl rand"), std::string::npos) << error();
  write("0123456789abcdef\n", perms::owner_read | perms::others_read);
  EXPECT_NE(error().find("everybody"), std::string::npos) << error();
  EXPECT_EQ(error().find("0123456789abcdef"), std::string::npos) << "errors go to the log";
}

TEST(IceServers, NoneConfiguredIsNone) {
  auto none = IceServers::open({});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->for_actor(link(kHash), kNow).empty());
  EXPECT_TRUE(ice_links({}).empty());
}

}  // namespace
}  // namespace signaling::app
