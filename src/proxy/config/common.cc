#include "proxy/config/common.h"

#include <fmt/format.h>

#include "sluice/proxy/keywords.h"

namespace sluice::proxy {
namespace {

// The keyword without its leading "option".
std::string_view bare_name(const config::KeywordContext& c) noexcept {
  std::string_view n = c.name();
  if (n.starts_with("option ")) n.remove_prefix(7);
  return n;
}

}  // namespace

std::string section_text(const config::Section& section) {
  return section.name.empty() ? fmt::format("'{}' section", section.kind())
                              : fmt::format("{} '{}'", section.kind(), section.name);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& ch : out) ch = base::to_lower(ch);
  return out;
}

bool is_own(const config::KeywordContext& c, config::Location at) noexcept {
  const config::Location begin = c.section_at();
  return at.file == begin.file && at.line > begin.line;
}

void set_http_only(config::KeywordContext& c, std::string_view name, Sides sides, bool on) {
  auto& list = spec_of(c).http_only;
  std::erase_if(list, [name](const HttpOnlySpec& s) { return s.name == name; });
  if (on) list.push_back({name, sides, c.at()});
}

bool needs_front(config::KeywordContext& c, std::string_view hint) {
  if ((c.section().where() & config::kBackend) == 0) return true;
  c.warning(fmt::format("'{}' ignored because {} has no frontend capability.{}", bare_name(c),
                        section_text(c.section()), hint));
  return false;
}

bool needs_back(config::KeywordContext& c) {
  if ((c.section().where() & config::kFrontend) == 0) return true;
  c.warning(fmt::format("'{}' ignored because {} has no backend capability.", bare_name(c), section_text(c.section())));
  return false;
}

void register_keywords(config::KeywordTable& table) {
  table.add(basic_rows());
  table.add(timeout_rows());
  table.add(option_rows());
  table.add(address_header_rows());
  table.add(log_rows());
  table.add(capture_rows());
  table.add(error_rows());
  table.add(routing_rows());
  table.add(rule_rows());
  register_http_errors(table);
  offer_actions(table);
}

}  // namespace sluice::proxy
