#include "media/client/synthetic_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "media/base/check.h"

namespace media::client {
namespace {

struct Color {
  uint8_t y;
  uint8_t u;
  uint8_t v;
};

// 75 % colour bars (ITU-R BT.601, studio range), white to blue.
constexpr std::array<Color, 7> kBars = {{{180, 128, 128},
                                         {162, 44, 142},
                                         {131, 156, 44},
                                         {112, 72, 58},
                                         {84, 184, 198},
                                         {65, 100, 212},
                                         {35, 212, 114}}};
constexpr Color kBlack = {16, 128, 128};
constexpr Color kWhite = {235, 128, 128};

// 5x7 digits, ':' and '.'; each row five bits, the leftmost highest.
constexpr int kGlyphWidth = 5;
constexpr int kGlyphHeight = 7;
constexpr std::array<std::array<uint8_t, 7>, 12> kGlyphs = {{
    {14, 17, 19, 21, 25, 17, 14},
    {4, 12, 4, 4, 4, 4, 14},
    {14, 17, 1, 2, 4, 8, 31},
    {31, 2, 4, 2, 1, 17, 14},
    {2, 6, 10, 18, 31, 2, 2},
    {31, 16, 30, 1, 1, 17, 14},
    {6, 8, 16, 30, 17, 17, 14},
    {31, 1, 2, 4, 8, 8, 8},
    {14, 17, 17, 14, 17, 17, 14},
    {14, 17, 17, 15, 1, 2, 12},
    {0, 4, 4, 0, 4, 4, 0},
    {0, 0, 0, 0, 0, 12, 12},
}};

const std::array<uint8_t, 7>* glyph(char c) {
  if (c >= '0' && c <= '9') return &kGlyphs[static_cast<size_t>(c - '0')];
  if (c == ':') return &kGlyphs[10];
  if (c == '.') return &kGlyphs[11];
  return nullptr;
}

size_t at(int stride, int x, int y) {
  return static_cast<size_t>(y) * static_cast<size_t>(stride) + static_cast<size_t>(x);
}

void halve_plane(const std::vector<uint8_t>& from, int from_width, std::vector<uint8_t>& to,
                 int width, int height) {
  for (int y = 0; y < height; ++y) {
    const uint8_t* upper = from.data() + at(from_width, 0, 2 * y);
    const uint8_t* lower = upper + from_width;
    uint8_t* out = to.data() + at(width, 0, y);
    for (size_t x = 0; x < static_cast<size_t>(width); ++x) {
      out[x] = static_cast<uint8_t>(
          (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) / 4);
    }
  }
}

}  // namespace

Picture::Picture(int w, int h) : width(w), height(h) {
  CHECK(w > 0 && h > 0 && w % 2 == 0 && h % 2 == 0);
  y.assign(at(w, 0, h), kBlack.y);
  u.assign(at(w / 2, 0, h / 2), kBlack.u);
  v.assign(at(w / 2, 0, h / 2), kBlack.v);
}

void halve(const Picture& large, Picture& small) {
  CHECK(small.width == (large.width / 2 & ~1) && small.height == (large.height / 2 & ~1));
  halve_plane(large.y, large.width, small.y, small.width, small.height);
  halve_plane(large.u, large.width / 2, small.u, small.width / 2, small.height / 2);
  halve_plane(large.v, large.width / 2, small.v, small.width / 2, small.height / 2);
}

SyntheticPicture::SyntheticPicture(int width, int height, bool grain)
    : background_(width, height), picture_(width, height), grain_(grain) {
  const int bars = static_cast<int>(kBars.size());
  for (int i = 0; i < bars; ++i) {
    const int left = (width * i / bars) & ~1;
    const int right = i + 1 == bars ? width : (width * (i + 1) / bars) & ~1;
    const Color& color = kBars[static_cast<size_t>(i)];
    fill({left, 0, right - left, (height * 5 / 8) & ~1}, color.y, color.u, color.v);
  }
  background_ = picture_;
}

void SyntheticPicture::fill(const Box& box, uint8_t y, uint8_t u, uint8_t v) {
  for (int row = box.y; row < box.y + box.height; ++row) {
    std::memset(picture_.y.data() + at(picture_.width, box.x, row), y,
                static_cast<size_t>(box.width));
  }
  const int stride = picture_.width / 2;
  for (int row = box.y / 2; row < (box.y + box.height) / 2; ++row) {
    std::memset(picture_.u.data() + at(stride, box.x / 2, row), u,
                static_cast<size_t>(box.width / 2));
    std::memset(picture_.v.data() + at(stride, box.x / 2, row), v,
                static_cast<size_t>(box.width / 2));
  }
}

void SyntheticPicture::restore(const Box& box) {
  const auto copy = [&box](const std::vector<uint8_t>& from, std::vector<uint8_t>& to, int stride,
                           int shift) {
    for (int row = box.y >> shift; row < (box.y + box.height) >> shift; ++row) {
      const size_t offset = at(stride, box.x >> shift, row);
      std::memcpy(to.data() + offset, from.data() + offset,
                  static_cast<size_t>(box.width >> shift));
    }
  };
  copy(background_.y, picture_.y, picture_.width, 0);
  copy(background_.u, picture_.u, picture_.width / 2, 1);
  copy(background_.v, picture_.v, picture_.width / 2, 1);
}

// In squares of 4 pixels, which the smaller layers still show; over the bars' upper edge, where
// nothing else is drawn.
void SyntheticPicture::draw_grain() {
  constexpr int kSquare = 4;
  const int rows = picture_.height / 8 / kSquare * kSquare;
  for (int row = 0; row < rows; row += kSquare) {
    uint8_t* line = picture_.y.data() + at(picture_.width, 0, row);
    for (int x = 0; x + kSquare <= picture_.width; x += kSquare)
      std::memset(line + x, static_cast<int>(64 + noise_.next() % 128), kSquare);
    for (int copy = 1; copy < kSquare; ++copy) {
      std::memcpy(line + copy * picture_.width, line, static_cast<size_t>(picture_.width));
    }
  }
}

void SyntheticPicture::draw_disc(int cx, int cy, int radius) {
  for (int dy = -radius; dy < radius; ++dy) {
    const int half = static_cast<int>(std::sqrt(static_cast<double>(radius * radius - dy * dy)));
    const size_t offset = at(picture_.width, cx - half, cy + dy);
    std::memset(picture_.y.data() + offset, kWhite.y, 2 * static_cast<size_t>(half));
  }
}

void SyntheticPicture::draw_text(int x, int y, int scale, std::string_view text) {
  for (const char c : text) {
    const auto* rows = glyph(c);
    for (int row = 0; rows != nullptr && row < kGlyphHeight; ++row) {
      for (int column = 0; column < kGlyphWidth; ++column) {
        if (((*rows)[static_cast<size_t>(row)] >> (kGlyphWidth - 1 - column) & 1) == 0) continue;
        for (int line = 0; line < scale; ++line) {
          const size_t offset = at(picture_.width, x + column * scale, y + row * scale + line);
          std::memset(picture_.y.data() + offset, kWhite.y, static_cast<size_t>(scale));
        }
      }
    }
    x += (kGlyphWidth + 1) * scale;
  }
}

const Picture& SyntheticPicture::draw(Duration when, std::string_view clock) {
  for (const Box& box : dirty_) restore(box);
  dirty_.clear();
  if (grain_) draw_grain();
  const int width = picture_.width;
  const int height = picture_.height;
  // The disc crosses the bars and comes back every eight seconds, on a wave.
  const int radius = height / 12;
  const double phase = std::fmod(when.as_seconds(), 8.0) / 8.0;
  const double across = phase < 0.5 ? phase * 2 : 2 - phase * 2;
  const int cx = radius + 2 + static_cast<int>(across * (width - 2 * radius - 4));
  const int cy = height * 5 / 16 + static_cast<int>(std::sin(phase * 12.566) * height / 8);
  const Box disc{(cx - radius) & ~1, (cy - radius) & ~1, 2 * radius + 4, 2 * radius + 4};
  draw_disc(cx, cy, radius);
  dirty_.push_back(disc);
  const int count = static_cast<int>(clock.size());
  const int scale =
      std::max(1, std::min(width / ((kGlyphWidth + 1) * std::max(count, 1) + 4), height / 30));
  const int text_x = (width - count * (kGlyphWidth + 1) * scale) / 2 & ~1;
  const int text_y = height * 11 / 16 & ~1;
  draw_text(text_x, text_y, scale, clock);
  dirty_.push_back({text_x, text_y, (count * (kGlyphWidth + 1) * scale + 2) & ~1,
                    (kGlyphHeight * scale + 2) & ~1});
  if (when.as_micros() % 1'000'000 < 100'000) {
    const int side = height / 14 & ~1;  // beside the clock, not over it
    const Box flash{width - side - 16, height - side - 16, side, side};
    fill(flash, kWhite.y, kWhite.u, kWhite.v);
    dirty_.push_back(flash);
  }
  for (Box& box : dirty_) {
    box.x = std::max(box.x, 0);
    box.y = std::max(box.y, 0);
    box.width = std::min(box.width, width - box.x);
    box.height = std::min(box.height, height - box.y);
  }
  return picture_;
}

}  // namespace media::client
