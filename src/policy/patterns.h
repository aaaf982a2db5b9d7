// The patterns of one ACL line, arranged for the way they are matched (manual 7.1.1 to 7.1.6).
//
// A handful of patterns are compared one by one, length first; more go to a hash table: one probe for exact strings,
// one per distinct length for prefixes and suffixes, one per distinct mask for networks.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/regex.h"
#include "sluice/policy/sample.h"

namespace sluice::policy {

enum class Match : std::uint8_t { Found, Bool, Int, Ip, Bin, Len, Str, Beg, End, Sub, Dir, Dom, Reg, Meth };

// "beg" and so on; false when there is no such method.
bool match_of(std::string_view name, Match& out) noexcept;
std::string_view match_name(Match m) noexcept;
// Whether the method can look at samples of that type at all, and takes patterns.
bool match_applies(Match m, SampleType type) noexcept;
bool takes_patterns(Match m) noexcept;

enum class Comparison : std::uint8_t { Eq, Ge, Gt, Le, Lt };
bool comparison_of(std::string_view word, Comparison& out) noexcept;

class Patterns {
 public:
  explicit Patterns(Match match = Match::Found) noexcept : match_(match) {}

  // False with a sentence in `error`. `names`: IPv4 host names may be resolved.
  bool add(std::string_view text, bool ignore_case, Comparison how, bool names, bool jit, std::string& error);
  // After the last add().
  void seal();

  [[nodiscard]] Match match() const noexcept { return match_; }
  [[nodiscard]] bool empty() const noexcept;
  // The sample may be converted in place.
  bool matches(SampleContext& ctx, Sample& s) const noexcept;
  // For the text methods, Len to Reg.
  bool matches_text(std::string_view text) const noexcept {
    if (single_ && !edge_fits(texts_.front(), text)) return false;
    return matches_text_fully(text);
  }

 private:
  struct Text {
    const char* data;
    std::uint32_t len;
    bool ignore_case;
    // The first (Str, Beg) or last (End) up to 8 bytes as a number and its mask: most texts are told apart by one
    // comparison.
    std::uint64_t edge = 0;
    std::uint64_t edge_mask = 0;
  };
  struct Range {
    std::int64_t low;
    std::int64_t high;
  };
  struct Net4 {
    std::uint32_t net;
    std::uint32_t mask;
  };
  struct Net6 {
    Ip6Bytes net;
    Ip6Bytes mask;
  };
  struct MaskGroup {
    std::uint32_t mask;
    absl::flat_hash_set<std::uint32_t> nets;
  };
  // Many texts: looked up by hash, in their own or in lower case.
  struct TextTable {
    absl::flat_hash_set<std::string_view> texts;
    std::vector<std::uint32_t> lengths;  // distinct, ascending
  };

  // False when the text cannot match for sure. Letters are compared without their case bit where case is ignored.
  bool edge_fits(const Text& p, std::string_view text) const noexcept {
    if (text.size() < p.len) return false;
    if (text.size() < 8) return true;
    std::uint64_t word;
    std::memcpy(&word, match_ == Match::End ? text.data() + (text.size() - 8) : text.data(), 8);
    return (word & p.edge_mask) == p.edge;
  }
  bool matches_text_fully(std::string_view text) const noexcept;
  void make_edge(Text& t) const noexcept;
  bool add_number(std::string_view text, Comparison how, std::string& error);
  bool add_address(std::string_view text, bool names, std::string& error);
  bool add_bytes(std::string_view text, std::string& error);
  void add_text(std::string text, bool ignore_case);
  bool matches_number(std::int64_t v) const noexcept;
  bool matches_address(const Sample& s) const noexcept;
  bool matches_ip4(std::uint32_t ip) const noexcept;
  bool matches_ip6(const Ip6Bytes& ip) const noexcept;
  bool matches_method(const Sample& s) const noexcept;
  bool matches_one(const Text& p, std::string_view text) const noexcept;
  bool matches_table(const TextTable& table, std::string_view text) const noexcept;

  Match match_;
  bool tabled_ = false;
  bool single_ = false;  // one text of Str, Beg or End
  std::vector<Text> texts_;
  TextTable exact_;
  TextTable lowered_;
  std::vector<Range> ranges_;
  std::vector<Net4> nets4_;
  std::vector<MaskGroup> groups4_;
  std::vector<Net6> nets6_;
  std::vector<Regex> regexes_;
  std::deque<std::string> owned_;
};

}  // namespace sluice::policy
