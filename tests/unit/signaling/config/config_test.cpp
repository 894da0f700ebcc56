#include "signaling/config/config.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace signaling::config {
namespace {

const std::filesystem::path kExample =
    std::filesystem::path(TONGKE_SOURCE_DIR) / "configs/tongke.toml";

std::string error_of(const std::string& toml) {
  const auto config = parse_config(toml, "t.toml");
  return config ? "" : config.error().message;
}

media::Outcome<Config> from_command_line(std::vector<std::string> arguments) {
  CLI::App app;
  Overrides overrides;
  add_options(app, overrides);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  app.parse(arguments);
  return resolve(overrides);
}

TEST(Config, TheExampleHoldsTheDefaults) {
  const auto config = load_config(kExample);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(*config, Config{});
  EXPECT_EQ(parse_config("", "t.toml").value(), Config{});
}

// Leaving one line of the example out, or changing it, is seen: so every key stands in it and has
// an effect.
TEST(Config, TheExampleListsEveryKey) {
  const std::string everything =
      "data='/"
      "d'\npublic_address='192.0.2.1'\nlog_level='debug'\n[http]\nbind='127.0.0.1'\nport="
      "1\ncertificate='c'\n"
      "private_key='k'\nweb_root='w'\n[media]\nbind='127.0.0.1'\nport=2\nworkers=3\ntcp="
      "false\noffload=false\nline_mbit=7\nspread_above_pps=9000\n"
      "video_codecs=['H264','VP8']\naudio_red=false\npicture_kbps=2500\nsound_kbps=64\n[session]"
      "\nlifetime_hours=4\n[ice]\nturn=['turn:t:1']\nturn_secret_file='s'\nturn_lifetime_hours=5\n"
      "[ingest]\nbind='127.0.0.2'\nrtmp_port=6\nrtmps_port=7\nmax_pulls=3\ndeny=['203.0.113.0/"
      "24']\nallow=['127.0.0.1']\n";
  const auto config = parse_config(everything, "t.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  Config expected;
  expected.data = "/d";
  expected.public_address = "192.0.2.1";
  expected.log_level = "debug";
  expected.http = {"127.0.0.1", 1, "c", "k", "w"};
  expected.media = {"127.0.0.1", 2, 3, false, false};
  expected.media.video_codecs = {"H264", "VP8"};
  expected.media.audio_red = false;
  expected.media.picture_kbps = 2500;
  expected.media.sound_kbps = 64;
  expected.media.line_mbit = 7;
  expected.media.spread_above_pps = 9000;
  expected.session = {4};
  expected.ice = {{"turn:t:1"}, "s", 5};
  expected.ingest = {"127.0.0.2", 6, 7, 3, {"203.0.113.0/24"}, {"127.0.0.1"}};
  EXPECT_EQ(*config, expected);

  const auto keys_of = [](const std::string& text) {
    std::multiset<std::string> keys;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::string key = line.substr(0, line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"));
      const std::string_view rest = std::string_view(line).substr(key.size());
      if (!key.empty() && (rest.starts_with("=") || rest.starts_with(" ="))) keys.insert(key);
    }
    return keys;
  };
  std::ifstream in(kExample);
  EXPECT_EQ(keys_of({std::istreambuf_iterator<char>(in), {}}), keys_of(everything));
}

TEST(Config, AnUnknownKeyIsNamedWithItsLine) {
  EXPECT_NE(error_of("\nprot = 1\n").find("t.toml:2: prot "), std::string::npos)
      << error_of("\nprot = 1\n");
  EXPECT_NE(error_of("[http]\nprot = 1\n").find("http.prot"), std::string::npos);
  EXPECT_NE(error_of("[htpp]\nport = 1\n").find("htpp"), std::string::npos);
}

TEST(Config, AWrongTypeOrValueIsNamed) {
  EXPECT_NE(error_of("[http]\nport = '8443'\n").find("http.port"), std::string::npos);
  EXPECT_NE(error_of("[http]\nport = 70000\n").find("http.port"), std::string::npos);
  EXPECT_NE(error_of("[http]\nport = -1\n").find("http.port"), std::string::npos);
  EXPECT_NE(error_of("http = 1\n").find("http"), std::string::npos);
  EXPECT_NE(error_of("data = 1\n").find("data"), std::string::npos);
  EXPECT_NE(error_of("[media]\nworkers = 65\n").find("media.workers"), std::string::npos);
  EXPECT_NE(error_of("public_address = 'school.example'\n").find("numeric"), std::string::npos);
  EXPECT_NE(error_of("log_level = 'loud'\n").find("loud"), std::string::npos);
  EXPECT_NE(error_of("[http]\ncertificate = 'c'\n").find("private_key"), std::string::npos);
  EXPECT_NE(error_of("[media]\nport = 65530\nworkers = 10\n").find("65535"), std::string::npos);
}

TEST(Config, TurnUrlsAreCheckedBeforeAnyBrowserGetsThem) {
  const auto of = [](const std::string& url) {
    return error_of("[ice]\nturn = ['" + url + "']\nturn_secret_file = 's'\n");
  };
  for (const char* good :
       {"turn:turn.example.org", "turn:192.0.2.1:3478?transport=udp",
        "turn:[2001:db8::1]:3478?transport=tcp", "turns:turn.example.org:5349?transport=tcp"}) {
    EXPECT_EQ(of(good), "");
  }
  for (const char* bad : {"", "turn:", "stun:turn.example.org", "https://turn.example.org",
                          "turn:host?transport=sctp", "turns:host?transport=udp",
                          "turn:host>; rel=x", "turn:user@host", "turn:a host"}) {
    EXPECT_NE(of(bad).find("ice.turn"), std::string::npos) << bad;
  }
  EXPECT_NE(error_of("[ice]\nturn = ['turn:host']\n").find("turn_secret_file"), std::string::npos);
  EXPECT_NE(error_of("[ice]\nturn_secret_file = 's'\n").find("ice.turn"), std::string::npos);
  EXPECT_NE(error_of("[ice]\nturn = 'turn:host'\n").find("ice.turn"), std::string::npos);
  EXPECT_NE(error_of("[ice]\nturn = [1]\n").find("ice.turn"), std::string::npos);
}

TEST(Config, WhatIsNotTomlIsASentence) {
  EXPECT_NE(error_of("data = \n").find("t.toml:1"), std::string::npos);
  EXPECT_FALSE(error_of(std::string(64, '[')).empty());
  EXPECT_FALSE(error_of(std::string(kMaxConfigBytes + 1, '#')).empty());
  EXPECT_FALSE(load_config("/no/such/file.toml").has_value());
  EXPECT_FALSE(load_config("/").has_value());
}

TEST(CommandLine, WinsOverTheFileWhichWinsOverDefaults) {
  const auto config =
      from_command_line({"--config", kExample.string(), "--data", "/d", "--http-port", "0",
                         "--media-port", "5000", "--public-address", "192.0.2.7", "--workers", "2",
                         "--demo", "--log-level", "warn", "--web-root", "/w"});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  Config expected;
  expected.data = "/d";
  expected.public_address = "192.0.2.7";
  expected.log_level = "warn";
  expected.http.port = 0;
  expected.http.web_root = "/w";
  expected.media.port = 5000;
  expected.media.workers = 2;
  expected.demo = true;
  EXPECT_EQ(*config, expected);
  EXPECT_EQ(from_command_line({}).value(), Config{});
}

TEST(CommandLine, IsCheckedLikeTheFile) {
  EXPECT_FALSE(from_command_line({"--public-address", "localhost"}).has_value());
  EXPECT_FALSE(from_command_line({"--log-level", "loud"}).has_value());
  EXPECT_THROW(from_command_line({"--http-port", "70000"}), CLI::ParseError);
  EXPECT_THROW(from_command_line({"--workers", "65"}), CLI::ParseError);
}

TEST(Config, CodecsAreNamedOnceEachAndOnlyKnownOnes) {
  for (const char* codecs : {"[]", "['VP8','VP8']", "['H265']", "['vp8']"}) {
    const auto config =
        parse_config("[media]\nvideo_codecs=" + std::string(codecs) + "\n", "t.toml");
    ASSERT_FALSE(config.has_value()) << codecs;
    EXPECT_NE(config.error().message.find("media.video_codecs"), std::string::npos) << codecs;
  }
}

}  // namespace
}  // namespace signaling::config
