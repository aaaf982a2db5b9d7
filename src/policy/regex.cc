#include "sluice/policy/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstring>

namespace sluice::policy {
namespace {

// Ten groups are all a replacement can name; one set per thread.
constexpr std::uint32_t kGroups = 10;
pcre2_match_data* match_data() noexcept {
  struct Holder {
    pcre2_match_data* data = pcre2_match_data_create(kGroups, nullptr);
    ~Holder() { pcre2_match_data_free(data); }
  };
  thread_local Holder holder;
  return holder.data;
}
// Patterns of the configuration may be slow on purpose of a peer: bounded work per search.
pcre2_match_context* match_context() noexcept {
  struct Holder {
    pcre2_match_context* context = pcre2_match_context_create(nullptr);
    Holder() {
      if (context != nullptr) pcre2_set_match_limit(context, 1'000'000);
    }
    ~Holder() { pcre2_match_context_free(context); }
  };
  thread_local Holder holder;
  return holder.context;
}

// jitted: straight into the compiled code, which knows NOTEMPTY_ATSTART but not ANCHORED.
int run(const void* code, bool jitted, std::string_view text, std::size_t from, std::uint32_t options) noexcept {
  pcre2_match_data* data = match_data();
  if (code == nullptr || data == nullptr) return PCRE2_ERROR_NOMEMORY;
  static constexpr char kNothing = 0;
  const char* p = text.data() == nullptr ? &kNothing : text.data();
  if (jitted && options == 0) {
    return pcre2_jit_match(static_cast<const pcre2_code*>(code), reinterpret_cast<PCRE2_SPTR>(p), text.size(), from, 0,
                           data, match_context());
  }
  return pcre2_match(static_cast<const pcre2_code*>(code), reinterpret_cast<PCRE2_SPTR>(p), text.size(), from, options,
                     data, match_context());
}

class Writer {
 public:
  explicit Writer(std::span<char> out) noexcept : out_(out) {}
  void add(std::string_view s) noexcept {
    if (s.size() > out_.size() - used_) {
      full_ = true;
      return;
    }
    if (!s.empty()) std::memcpy(out_.data() + used_, s.data(), s.size());
    used_ += s.size();
  }
  [[nodiscard]] std::size_t result() const noexcept { return full_ ? Regex::npos : used_; }
  [[nodiscard]] bool full() const noexcept { return full_; }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
  bool full_ = false;
};

// The replacement with \0..\9 filled in from the last match; \xHH is a byte, any other escaped character itself.
void write_replacement(Writer& w, std::string_view text, std::string_view replacement, int groups) noexcept {
  const PCRE2_SIZE* v = pcre2_get_ovector_pointer(match_data());
  std::size_t plain = 0;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\' || i + 1 >= replacement.size()) continue;
    w.add(replacement.substr(plain, i - plain));
    const char c = replacement[i + 1];
    if (c >= '0' && c <= '9') {
      const int g = c - '0';
      if (g < groups && v[2 * g] != PCRE2_UNSET) w.add(text.substr(v[2 * g], v[2 * g + 1] - v[2 * g]));
      plain = i + 2;
    } else {
      plain = i + 1;
    }
    ++i;
  }
  w.add(replacement.substr(plain));
}

}  // namespace

Regex::Regex() noexcept = default;
Regex::Regex(Regex&& o) noexcept : code_(o.code_), jitted_(o.jitted_) { o.code_ = nullptr; }
Regex& Regex::operator=(Regex&& o) noexcept {
  std::swap(code_, o.code_);
  std::swap(jitted_, o.jitted_);
  return *this;
}
Regex::~Regex() { pcre2_code_free(static_cast<pcre2_code*>(code_)); }

Regex Regex::compile(std::string_view pattern, bool ignore_case, bool jit, std::string& error) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  Regex r;
  // Bounded nesting keeps the compiler's stack use small whatever the file says.
  r.code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          ignore_case ? PCRE2_CASELESS : 0, &code, &offset, nullptr);
  if (r.code_ == nullptr) {
    PCRE2_UCHAR text[120];
    pcre2_get_error_message(code, text, sizeof text);
    error = "regex '" + std::string(pattern) + "' is invalid (error=" + reinterpret_cast<const char*>(text) +
            ", erroffset=" + std::to_string(offset) + ")";
    return r;
  }
  // Without JIT (no memory, unsupported machine) the interpreter does the same.
  r.jitted_ = jit && pcre2_jit_compile(static_cast<pcre2_code*>(r.code_), PCRE2_JIT_COMPLETE) == 0;
  return r;
}

bool Regex::search(std::string_view text) const noexcept { return run(code_, jitted_, text, 0, 0) >= 0; }

std::size_t Regex::replace(std::string_view text, std::string_view replacement, bool all, std::span<char> out,
                           bool& matched) const noexcept {
  Writer w(out);
  std::size_t pos = 0;
  std::uint32_t options = 0;
  matched = false;
  while (pos <= text.size() && !w.full()) {
    const int groups = run(code_, jitted_, text, pos, options);
    if (groups < 0) {
      // After an empty match: step over one character and go on.
      if (options == 0 || pos >= text.size()) break;
      w.add(text.substr(pos++, 1));
      options = 0;
      continue;
    }
    matched = true;
    const PCRE2_SIZE* v = pcre2_get_ovector_pointer(match_data());
    const std::size_t begin = v[0];
    const std::size_t end = v[1];
    if (begin < pos || end < begin) break;  // \K tricks
    w.add(text.substr(pos, begin - pos));
    write_replacement(w, text, replacement, groups == 0 ? static_cast<int>(kGroups) : groups);
    pos = end;
    if (!all) break;
    options = begin == end ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
  }
  if (pos <= text.size()) w.add(text.substr(pos));
  return w.result();
}

std::size_t Regex::expand(std::string_view text, std::string_view replacement, std::span<char> out) const noexcept {
  const int groups = run(code_, jitted_, text, 0, 0);
  if (groups < 0) return npos;
  Writer w(out);
  write_replacement(w, text, replacement, groups == 0 ? static_cast<int>(kGroups) : groups);
  return w.result();
}

}  // namespace sluice::policy
