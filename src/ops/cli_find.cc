#include "ops/cli_find.h"

#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

// The number of "#3"; 0 for anything else.
std::uint32_t number_of(std::string_view word) noexcept {
  if (!word.starts_with('#')) return 0;
  return base::parse_int<std::uint32_t>(word.substr(1)).value_or(0);
}

template <class Wanted>
proxy::Proxy* find(proxy::Global* global, std::string_view word, Wanted wanted) noexcept {
  if (global == nullptr || word.empty()) return nullptr;
  const std::uint32_t id = number_of(word);
  for (const auto& p : global->proxies) {
    if (wanted(*p->rules) && (id != 0 ? p->rules->id == id : p->rules->name == word)) return p.get();
  }
  return nullptr;
}

}  // namespace

proxy::Proxy* find_frontend(proxy::Global* global, std::string_view word) noexcept {
  return find(global, word, [](const proxy::CompiledProxy& p) { return p.front; });
}

proxy::Proxy* find_backend(proxy::Global* global, std::string_view word) noexcept {
  return find(global, word, [](const proxy::CompiledProxy& p) { return p.back; });
}

FoundServer find_server(CliCall& call, proxy::Global* global, std::string_view word) {
  FoundServer out;
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos || slash + 1 == word.size()) {
    call.say("Require 'backend/server'.", CliSeverity::Err);
    return out;
  }
  const proxy::Proxy* p = find_backend(global, word.substr(0, slash));
  if (p == nullptr || p->servers == nullptr) {
    call.say("No such backend.", CliSeverity::Err);
    return out;
  }
  out.backend = p->servers.get();
  const std::string_view name = word.substr(slash + 1);
  if (const std::uint32_t id = number_of(name); id != 0) {
    for (std::size_t i = 0; i < out.backend->size(); ++i) {
      if (out.backend->server(i).id() == id) out.server = &out.backend->server(i);
    }
  } else {
    out.server = out.backend->find(name);
  }
  if (out.server == nullptr) call.say("No such server.", CliSeverity::Err);
  return out;
}

}  // namespace sluice::ops
