// Regular expressions (PCRE2, JIT compiled). Immutable once compiled; any number of threads may search at once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice::policy {

class Regex {
 public:
  Regex() noexcept;
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // Null-like (!valid()) when the pattern is wrong: `error` then says why, in the reference's words.
  static Regex compile(std::string_view pattern, bool ignore_case, bool jit, std::string& error);

  [[nodiscard]] bool valid() const noexcept { return code_ != nullptr; }
  // Whether the pattern occurs anywhere in the text.
  [[nodiscard]] bool search(std::string_view text) const noexcept;
  // Finds and replaces, `all` or the first occurrence, into `out`; \0 to \9 in the replacement name groups. Returns the
  // number of bytes written, or npos when it does not fit. `matched` says whether there was anything to replace.
  std::size_t replace(std::string_view text, std::string_view replacement, bool all, std::span<char> out,
                      bool& matched) const noexcept;
  // The whole text rewritten from the groups of the first match: what `replace-header` and `replace-path` do with a
  // match. Only the replacement is written, not what surrounds the match. npos: no match, or it does not fit.
  std::size_t expand(std::string_view text, std::string_view replacement, std::span<char> out) const noexcept;

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

 private:
  void* code_ = nullptr;  // pcre2_code
  bool jitted_ = false;
};

}  // namespace sluice::policy
