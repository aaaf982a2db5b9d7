// Files read once however many sections name them, http-errors sections looked up once, every mistake reported once.
// Private.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "sluice/config/diagnostics.h"
#include "sluice/config/document.h"
#include "sluice/proxy/errors.h"
#include "sluice/proxy/rule_spec.h"

namespace sluice::proxy {

class PageCache {
 public:
  // The page in a file; null when it cannot be used, reported at `word` in the wording of `what` ("errorfile").
  std::shared_ptr<const ReplyPage> file(const Text& word, std::uint16_t status, std::string_view what,
                                        std::size_t limit, config::Diagnostics& diag);
  // Content of a payload file; null when it cannot be read.
  std::shared_ptr<const std::string> payload(const std::string& path);
  // The page of an http-errors section for a status; null when the section has none. `known` false: no such section.
  std::shared_ptr<const ReplyPage> section_page(const config::Document* document, std::string_view name,
                                                std::uint16_t status, std::size_t limit, bool& known,
                                                config::Diagnostics& diag);
  std::shared_ptr<const ReplyPage> redirect(std::uint16_t code, std::string_view url);
  // True the first time it is asked for that place: a mistake in a defaults section is reported once, not per heir.
  bool first_report(config::Location at, std::string_view message) {
    return reported_.emplace(at.file, at.line, at.column, std::string(message)).second;
  }

 private:
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<const ReplyPage>> files_;
  std::map<std::string, std::shared_ptr<const std::string>> payloads_;
  std::map<std::pair<std::uint16_t, std::string>, std::shared_ptr<const ReplyPage>> redirects_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::string>> reported_;
};

}  // namespace sluice::proxy
