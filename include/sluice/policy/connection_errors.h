// Why a connection could not be set up: numbers, names and texts of manual 7.3.3 "fc_err", "fc_err_name", "fc_err_str".
// Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::policy {

// The numbers are the reference's.
enum class ConnectionError : std::uint8_t {
  None = 0,
  ProxyEmpty = 11,
  ProxyAbort = 12,
  ProxyTimeout = 13,
  ProxyTruncated = 14,
  ProxyNotHeader = 15,
  ProxyBadHeader = 16,
  ProxyBadProtocol = 17,
  NetscalerEmpty = 18,
  NetscalerAbort = 19,
  NetscalerTimeout = 20,
  NetscalerTruncated = 21,
  NetscalerBadMagic = 22,
  NetscalerBadProtocol = 23,
};

// "PRX_EMPTY"; "" for 0 and for numbers that do not exist.
std::string_view connection_error_name(std::uint8_t error) noexcept;
// "Connection closed while waiting for PROXY protocol header"; "Success" for 0, "" for numbers that do not exist.
std::string_view connection_error_text(std::uint8_t error) noexcept;

}  // namespace sluice::policy
