#include "signaling/ingest/job.h"

#include <gtest/gtest.h>

namespace signaling::ingest {
namespace {

using media::ingest::SourceKind;

TEST(IngestJob, ComesBackAsItWasWritten) {
  Job job;
  job.target = {"https://127.0.0.1:1/whip/L", "token", true};
  job.source = {.kind = SourceKind::Srt,
                .url = "srt://camera:7001",
                .user = "u",
                .password = "p",
                .passphrase = "0123456789",
                .stream_id = "s"};
  job.deny = {"10.0.0.0/8"};
  job.allow = {"10.1.0.0/16"};
  job.own_ports = {8443};
  const auto read = parse_job(to_json(job).dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(job));
}

TEST(IngestJob, AnErrorShowsNoSecret) {
  const auto read = parse_job(R"({"target":{"whip":"w","token":"SECRET","insecure":"no"}})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find("SECRET"), std::string::npos);
  EXPECT_FALSE(parse_job("SECRET{"));
}

TEST(IngestJob, CredentialsAreTakenOutOfAddresses) {
  const auto rtsp =
      parse_source_url(SourceKind::Rtsp, "rtsp://admin:p%40ss@192.0.2.7:554/ch1?sub=1");
  ASSERT_TRUE(rtsp) << rtsp.error().what;
  EXPECT_EQ(rtsp->url, "rtsp://192.0.2.7:554/ch1?sub=1");
  EXPECT_EQ(rtsp->user, "admin");
  EXPECT_EQ(rtsp->password, "p@ss");
  const auto srt = parse_source_url(
      SourceKind::Srt, "srt://192.0.2.7:7001?mode=caller&streamid=a%2Fb&passphrase=0123456789");
  ASSERT_TRUE(srt) << srt.error().what;
  EXPECT_EQ(srt->url.find("0123456789"), std::string::npos);
  EXPECT_EQ(srt->stream_id, "a/b");
  EXPECT_EQ(srt->passphrase, "0123456789");
}

TEST(IngestJob, RefusesAddressesThatDoNotFit) {
  EXPECT_FALSE(parse_source_url(SourceKind::Rtsp, "file:///etc/passwd"));
  EXPECT_FALSE(parse_source_url(SourceKind::Rtsp, "http://camera/"));
  EXPECT_FALSE(parse_source_url(SourceKind::Srt, "rtsp://camera/"));
  EXPECT_FALSE(parse_source_url(SourceKind::Srt, "srt://camera"));
  EXPECT_FALSE(parse_source_url(SourceKind::Srt, "srt://camera:1?passphrase=short"));
  EXPECT_FALSE(parse_source_url(SourceKind::Rtmp, "not an address"));
  EXPECT_FALSE(parse_source_url(SourceKind::Rtmp, "rtmp://h/" + std::string(5000, 'x')));
  EXPECT_FALSE(parse_kind("flv")) << "only the server feeds FLV";
}

TEST(IngestJob, HostsAreFoundAndReplaced) {
  EXPECT_EQ(host_of("rtsp://[2001:db8::1]:554/x"), "2001:db8::1");
  EXPECT_EQ(with_host("rtsp://camera.school:554/x?a=b", "192.0.2.9"), "rtsp://192.0.2.9:554/x?a=b");
  EXPECT_EQ(with_host("rtsp://camera/x", "2001:db8::1"), "rtsp://[2001:db8::1]/x");
}

TEST(IngestJob, PortsAreThoseThatWillBeCalled) {
  EXPECT_EQ(port_of("rtsp://camera/x"), 554);
  EXPECT_EQ(port_of("rtmps://camera/live/x"), 443);
  EXPECT_EQ(port_of("rtmp://[2001:db8::1]:1936/live/x"), 1936);
  EXPECT_EQ(port_of("srt://camera:9710"), 9710);
  EXPECT_EQ(port_of("srt://camera"), 0);
}

TEST(IngestJob, AShownAddressHoldsNothingSecret) {
  EXPECT_EQ(shown_address("rtsp://u:p@10.0.0.8:554/cam/1?token=SECRET"),
            "rtsp://10.0.0.8:554/cam/1");
  EXPECT_EQ(shown_address("rtmp://10.0.0.8/live/SECRET"), "rtmp://10.0.0.8/live");
  EXPECT_EQ(shown_address("rtmp://10.0.0.8/live/SECRET?auth=SECRET"), "rtmp://10.0.0.8/live");
  EXPECT_EQ(shown_address("srt://10.0.0.9:9710?passphrase=SECRETSECRET"), "srt://10.0.0.9:9710");
}

}  // namespace
}  // namespace signaling::ingest
