#include "signaling/web/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace signaling::web {
namespace {

using media::Errc;

class FileTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongke-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    outside_ = pattern;
    inside_ = outside_ / "public";
    std::filesystem::create_directories(inside_ / "assets");
    write(outside_ / "secret", "secret");
    write(inside_ / "index.html", "hello");
    write(inside_ / "assets" / "app.js", "code");
    auto tree = FileTree::open(inside_);
    ASSERT_TRUE(tree) << tree.error().message;
    tree_.emplace(std::move(*tree));
  }
  void TearDown() override { std::filesystem::remove_all(outside_); }

  static void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  [[nodiscard]] Errc error_of(std::string_view name) const {
    const auto file = tree_->open_file(name);
    EXPECT_FALSE(file) << name;
    return file ? Errc{} : file.error().code;
  }

  std::filesystem::path outside_;
  std::filesystem::path inside_;
  std::optional<FileTree> tree_;
};

TEST_F(FileTreeTest, OpensFilesBelowItself) {
  const auto file = tree_->open_file("assets/app.js");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size, 4U);
  std::string bytes(4, '\0');
  EXPECT_EQ(::pread(file->descriptor.get(), bytes.data(), bytes.size(), 0), 4);
  EXPECT_EQ(bytes, "code");
}

TEST_F(FileTreeTest, NoNameLeadsOut) {
  const std::string absolute = (outside_ / "secret").string();
  const std::string with_nul("index.html\0x", 12);
  for (const std::string& name :
       {std::string("../secret"), std::string("assets/../../secret"), absolute,
        std::string("./index.html"), std::string("assets//app.js"), std::string("assets/"),
        std::string(""), std::string(".."), std::string("..\\secret"), with_nul,
        std::string(513, 'a')}) {
    EXPECT_EQ(error_of(name), Errc::Malformed) << name;
  }
}

TEST_F(FileTreeTest, LinksAreNotFollowed) {
  std::filesystem::create_symlink(outside_ / "secret", inside_ / "link");
  std::filesystem::create_directory_symlink(outside_, inside_ / "out");
  EXPECT_EQ(error_of("link"), Errc::NotFound);
  EXPECT_EQ(error_of("out/secret"), Errc::NotFound);
}

TEST_F(FileTreeTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(::mkfifo((inside_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of("pipe"), Errc::NotFound) << "and opening it does not wait for a writer";
  EXPECT_EQ(error_of("assets"), Errc::NotFound);
  EXPECT_EQ(error_of("missing"), Errc::NotFound);
  EXPECT_EQ(error_of("missing/app.js"), Errc::NotFound);
  EXPECT_EQ(error_of("index.html/app.js"), Errc::NotFound);
}

TEST_F(FileTreeTest, AChangedFileHasAnotherEtag) {
  const std::string before = tree_->open_file("index.html")->etag;
  EXPECT_EQ(tree_->open_file("index.html")->etag, before);
  write(inside_ / "index.html", "hello again");
  EXPECT_NE(tree_->open_file("index.html")->etag, before);
  EXPECT_EQ(before.front(), '"');
  EXPECT_EQ(before.back(), '"');
}

TEST_F(FileTreeTest, OutlivesTheRenamingOfItsDirectory) {
  std::filesystem::rename(inside_, outside_ / "moved");
  EXPECT_TRUE(tree_->open_file("index.html"));
}

TEST(FileTree, SaysWhichDirectoryCannotBeOpened) {
  const auto tree = FileTree::open("/nonexistent/folder");
  ASSERT_FALSE(tree);
  EXPECT_NE(tree.error().message.find("/nonexistent/folder"), std::string::npos);
}

TEST(FileDescriptor, IsClosedOnceByItsLastOwner) {
  const int fd = ::dup(STDERR_FILENO);
  ASSERT_GE(fd, 0);
  {
    FileDescriptor first(fd);
    FileDescriptor second(std::move(first));
    FileDescriptor third;
    third = std::move(second);
    EXPECT_EQ(third.get(), fd);
    EXPECT_NE(::fcntl(fd, F_GETFD), -1);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(ContentType, FollowsTheLastExtension) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("assets/app.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("a.webm"), "video/webm");
  EXPECT_EQ(content_type_of("a.html.exe"), "application/octet-stream");
  EXPECT_EQ(content_type_of("html"), "application/octet-stream");
  EXPECT_EQ(content_type_of(""), "application/octet-stream");
}

TEST(HttpDate, IsWrittenAsRfc7231SaysAndReadBack) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  for (const int64_t when :
       {int64_t{0}, int64_t{951'782'400}, int64_t{784'111'777}, int64_t{4'102'444'799}}) {
    EXPECT_EQ(*parse_http_date(http_date(when)), when);
  }
}

TEST(HttpDate, WhatIsNotADateIsRefused) {
  for (const char* text : {"", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1",
                           "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace signaling::web
