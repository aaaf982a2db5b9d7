#include "sluice/config/source.h"

#include <cstring>

namespace sluice::config {

namespace {
constexpr std::size_t kBlockBytes = 64 * 1024;
}

std::uint32_t Sources::add(std::string path, std::string content) {
  files_.push_back({std::move(path), std::move(content)});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string_view Sources::path(std::uint32_t file) const noexcept {
  return file < files_.size() ? std::string_view(files_[file].path) : std::string_view();
}

std::string_view Sources::content(std::uint32_t file) const noexcept {
  return file < files_.size() ? std::string_view(files_[file].content) : std::string_view();
}

std::string_view Sources::line(Location at) const noexcept {
  std::string_view rest = content(at.file);
  if (at.line == 0) return {};
  for (std::uint32_t n = 1; n < at.line; ++n) {
    const auto lf = rest.find('\n');
    if (lf == std::string_view::npos) return {};
    rest.remove_prefix(lf + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::string Sources::place(Location at) const { return std::string(path(at.file)) + ":" + std::to_string(at.line); }

std::string_view Sources::keep(std::string_view text) {
  if (text.empty()) return "";
  if (text.size() > left_) {
    const std::size_t bytes = text.size() > kBlockBytes / 4 ? text.size() : kBlockBytes;
    auto block = std::make_unique<char[]>(bytes);
    if (bytes != kBlockBytes) {  // large texts get a block of their own
      std::memcpy(block.get(), text.data(), text.size());
      blocks_.push_back(std::move(block));
      return {blocks_.back().get(), text.size()};
    }
    cur_ = block.get();
    left_ = bytes;
    blocks_.push_back(std::move(block));
  }
  char* p = cur_;
  std::memcpy(p, text.data(), text.size());
  cur_ += text.size();
  left_ -= text.size();
  return {p, text.size()};
}

}  // namespace sluice::config
