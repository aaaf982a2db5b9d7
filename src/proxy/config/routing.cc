// default_backend, use_backend, use-server.
#include <fmt/format.h>

#include "proxy/config/common.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

bool is_dynamic(std::string_view name) noexcept { return name.find('%') != std::string_view::npos; }

void on_default_backend(KeywordContext& c) {
  if (!needs_front(c)) return;
  spec_of(c).default_backend = c.arg(0);
}

void on_use_backend(KeywordContext& c) {
  if (!needs_front(c)) return;
  Words words(c.args());
  UseBackendSpec rule;
  rule.name = *words.take();
  rule.dynamic = is_dynamic(rule.name.text);
  if (!words.done() && !words.at_condition()) {
    c.error(*words.peek(),
            fmt::format("unexpected keyword '{}' after switching rule, only 'if' and 'unless' are allowed.",
                        words.peek()->text));
    return;
  }
  rule.when = words.take_condition();
  spec_of(c).use_backend.push_back(std::move(rule));
}

void on_use_server(KeywordContext& c) {
  if (!needs_back(c)) return;
  Words words(c.args());
  UseServerSpec rule;
  rule.name = *words.take();
  rule.dynamic = is_dynamic(rule.name.text);
  if (!words.at_condition()) {
    c.error(words.done() ? c.keyword().front() : *words.peek(),
            "'use-server' requires either 'if' or 'unless' followed by a condition.");
    return;
  }
  rule.when = words.take_condition();
  spec_of(c).use_server.push_back(std::move(rule));
}

constexpr config::KeywordRow kRows[] = {
    {"default_backend", config::kDefaultsAndProxies, 1, 1, "<backend>", on_default_backend},
    {"use_backend", config::kProxies, 1, config::kAnyArgs, "<backend> [{if|unless} <condition>]", on_use_backend},
    {"use-server", config::kProxies, 1, config::kAnyArgs, "<server> {if|unless} <condition>", on_use_server},
};

}  // namespace

std::span<const config::KeywordRow> routing_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
