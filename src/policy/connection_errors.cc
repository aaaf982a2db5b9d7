#include "sluice/policy/connection_errors.h"

#include <iterator>

namespace sluice::policy {

namespace {

struct Row {
  std::string_view name, text;
};

// By number (manual 7.3.3 "fc_err_str").
constexpr Row kRows[] = {
    {"", "Success"},
    {"CONF_FDLIM", "Reached configured maxconn value"},
    {"PROC_FDLIM", "Too many sockets on the process"},
    {"SYS_FDLIM", "Too many sockets on the system"},
    {"SYS_MEMLIM", "Out of system buffers"},
    {"NOPROTO", "Protocol or address family not supported"},
    {"SOCK_ERR", "General socket error"},
    {"PORT_RANGE", "Source port range exhausted"},
    {"CANT_BIND", "Can't bind to source address"},
    {"FREE_PORTS", "Out of local source ports on the system"},
    {"ADDR_INUSE", "Local source address already in use"},
    {"PRX_EMPTY", "Connection closed while waiting for PROXY protocol header"},
    {"PRX_ABORT", "Connection error while waiting for PROXY protocol header"},
    {"PRX_TIMEOUT", "Timeout while waiting for PROXY protocol header"},
    {"PRX_TRUNCATED", "Truncated PROXY protocol header received"},
    {"PRX_NOT_HDR", "Received something which does not look like a PROXY protocol header"},
    {"PRX_BAD_HDR", "Received an invalid PROXY protocol header"},
    {"PRX_BAD_PROTO", "Received an unhandled protocol in the PROXY protocol header"},
    {"CIP_EMPTY", "Connection closed while waiting for NetScaler Client IP header"},
    {"CIP_ABORT", "Connection error while waiting for NetScaler Client IP header"},
    {"CIP_TIMEOUT", "Timeout while waiting for a NetScaler Client IP header"},
    {"CIP_TRUNCATED", "Truncated NetScaler Client IP header received"},
    {"CIP_BAD_MAGIC", "Received an invalid NetScaler Client IP magic number"},
    {"CIP_BAD_PROTO", "Received an unhandled protocol in the NetScaler Client IP header"},
};

}  // namespace

std::string_view connection_error_name(std::uint8_t error) noexcept {
  return error < std::size(kRows) ? kRows[error].name : std::string_view{};
}

std::string_view connection_error_text(std::uint8_t error) noexcept {
  return error < std::size(kRows) ? kRows[error].text : std::string_view{};
}

}  // namespace sluice::policy
