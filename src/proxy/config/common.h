// What the keyword handlers of this room share. Private. Thread: the one that reads the configuration.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sluice/base/strings.h"
#include "sluice/config/keyword.h"
#include "sluice/proxy/spec.h"

namespace sluice::proxy {

inline ProxySpec& spec_of(config::KeywordContext& c) { return c.part<ProxySpec>(); }

// "'x' ignored because backend 'b' has no frontend capability." as a warning, when the section lacks that side.
// Defaults sections have both. True when the keyword has an effect here.
bool needs_front(config::KeywordContext& c, std::string_view hint = {});
bool needs_back(config::KeywordContext& c);

// Whether that line stands in the section that is being read, and was not inherited.
bool is_own(const config::KeywordContext& c, config::Location at) noexcept;

// The keyword has its effect in http mode only: remembered, or forgotten with on = false (see HttpOnlySpec). `name` has
// static storage.
void set_http_only(config::KeywordContext& c, std::string_view name, Sides sides, bool on = true);

// "frontend 'www'" as messages name a section.
std::string section_text(const config::Section& section);

// Header names are kept in lower case: that is how they are sent.
std::string lower_case(std::string_view text);

// The words of a rule, taken from left to right.
class Words {
 public:
  explicit Words(std::span<const config::Token> words) noexcept : words_(words) {}
  [[nodiscard]] bool done() const noexcept { return pos_ >= words_.size(); }
  [[nodiscard]] const config::Token* peek() const noexcept { return done() ? nullptr : &words_[pos_]; }
  const config::Token* take() noexcept { return done() ? nullptr : &words_[pos_++]; }
  [[nodiscard]] bool next_is(std::string_view w) const noexcept { return !done() && words_[pos_].text == w; }
  bool take_if(std::string_view w) noexcept {
    if (!next_is(w)) return false;
    ++pos_;
    return true;
  }
  [[nodiscard]] bool at_condition() const noexcept { return next_is("if") || next_is("unless"); }
  [[nodiscard]] std::span<const config::Token> rest() const noexcept { return words_.subspan(pos_); }
  // What is left is the condition, or nothing.
  ConditionSpec take_condition() {
    ConditionSpec out(words_.begin() + static_cast<std::ptrdiff_t>(pos_), words_.end());
    pos_ = words_.size();
    return out;
  }

 private:
  std::span<const config::Token> words_;
  std::size_t pos_ = 0;
};

std::span<const config::KeywordRow> basic_rows() noexcept;
std::span<const config::KeywordRow> timeout_rows() noexcept;
std::span<const config::KeywordRow> option_rows() noexcept;
std::span<const config::KeywordRow> address_header_rows() noexcept;
std::span<const config::KeywordRow> log_rows() noexcept;
std::span<const config::KeywordRow> capture_rows() noexcept;
std::span<const config::KeywordRow> error_rows() noexcept;
std::span<const config::KeywordRow> routing_rows() noexcept;
std::span<const config::KeywordRow> rule_rows() noexcept;
void register_http_errors(config::KeywordTable& table);
void offer_actions(config::KeywordTable& table);

}  // namespace sluice::proxy
