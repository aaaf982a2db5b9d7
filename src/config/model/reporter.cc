#include "reporter.h"

namespace sluice::model {

void Reporter::report_console(const backend::Backend&, Console console, std::string_view message) noexcept {
  ops::Console* const out = model_.options.console;
  if (out == nullptr || console == Console::None) return;
  out->say(console == Console::Alert     ? ops::Console::Severity::Alert
           : console == Console::Warning ? ops::Console::Severity::Warning
                                         : ops::Console::Severity::Notice,
           message);
}

void Reporter::report(const backend::Backend& backend, base::LogLevel level, Console console,
                      std::string_view message) noexcept {
  report_console(backend, console, message);
  for (const auto& p : model_.global.proxies) {
    if (p->servers.get() != &backend) continue;
    if (p->log != nullptr) p->log->write(level, message);
    return;
  }
}

}  // namespace sluice::model
