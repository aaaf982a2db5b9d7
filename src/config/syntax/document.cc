#include "sluice/config/document.h"

#include <algorithm>

#include "sluice/config/keyword.h"

namespace sluice::config {

namespace {
constexpr std::size_t kBlockTokens = 2048;
}

std::uint32_t Section::where() const noexcept { return row == nullptr ? 0 : row->where; }
std::string_view Section::kind() const noexcept { return row == nullptr ? std::string_view() : row->name; }

std::span<const Token> TokenStore::keep(std::span<const Token> tokens) {
  if (tokens.empty()) return {};
  if (tokens.size() > left_) {
    const std::size_t n = std::max(tokens.size(), kBlockTokens);
    blocks_.push_back(std::make_unique<Token[]>(n));
    cur_ = blocks_.back().get();
    left_ = n;
  }
  Token* p = cur_;
  std::copy(tokens.begin(), tokens.end(), p);
  cur_ += tokens.size();
  left_ -= tokens.size();
  return {p, tokens.size()};
}

const Section* Document::find(std::string_view kind, std::string_view name) const noexcept {
  for (const Section& s : sections) {
    if (s.kind() == kind && s.name == name) return &s;
  }
  return nullptr;
}

}  // namespace sluice::config
