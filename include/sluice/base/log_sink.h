// Where rooms below `ops` send log messages without knowing what a log target is.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::base {

// Syslog severities (RFC 5424 6.2.1), most urgent first.
enum class LogLevel : std::uint8_t { Emerg, Alert, Crit, Err, Warning, Notice, Info, Debug };

class LogSink {
 public:
  virtual ~LogSink() = default;
  // One message without the syslog header and without a newline. `structured` is the content of the RFC 5424
  // structured-data part ("" = none). Called on any loop thread; must neither block nor allocate per call in the steady
  // state.
  virtual void write(LogLevel level, std::string_view message, std::string_view structured = {}) noexcept = 0;
};

}  // namespace sluice::base
