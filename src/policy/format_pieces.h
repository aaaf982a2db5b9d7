// A compiled log format: literal texts, aliases and expressions in the order of output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/program.h"
#include "sluice/policy/log_format.h"

namespace sluice::policy {

// One per %-alias of manual 8.2.6.
enum class Alias : std::uint8_t {
  None,
  AcceptUtc,           // %T
  AcceptLocal,         // %Tl
  AcceptSeconds,       // %Ts
  AcceptMillisDate,    // %t
  AcceptMillis,        // %ms
  RequestMillisDate,   // %tr
  RequestUtc,          // %trg
  RequestLocal,        // %trl
  TimeActive,          // %Ta
  TimeConnect,         // %Tc
  TimeData,            // %Td
  TimeHandshake,       // %Th
  TimeIdle,            // %Ti
  TimeTq,              // %Tq
  TimeRequest,         // %TR
  TimeResponse,        // %Tr
  TimeTotal,           // %Tt
  TimeUser,            // %Tu
  TimeQueue,           // %Tw
  BytesOut,            // %B
  RequestCookie,       // %CC
  ResponseCookie,      // %CS
  Hostname,            // %H
  Method,              // %HM
  UriNoQuery,          // %HP
  PathOnly,            // %HPO
  Query,               // %HQ
  Uri,                 // %HU
  Version,             // %HV
  UniqueId,            // %ID
  Status,              // %ST
  BytesIn,             // %U
  ActiveConns,         // %ac
  Backend,             // %b
  BackendConns,        // %bc
  BackSrcIp,           // %bi
  BackSrcPort,         // %bp
  BackendQueue,        // %bq
  ClientIp,            // %ci
  ClientPort,          // %cp
  Frontend,            // %f
  FrontendConns,       // %fc
  FrontIp,             // %fi
  FrontPort,           // %fp
  FrontendTransport,   // %ft
  LogCounter,          // %lc
  RequestHeaders,      // %hr
  RequestHeaderList,   // %hrl
  ResponseHeaders,     // %hs
  ResponseHeaderList,  // %hsl
  Origin,              // %OG
  Pid,                 // %pid
  Request,             // %r
  Retries,             // %rc
  RequestCounter,      // %rt
  Server,              // %s
  ServerConns,         // %sc
  ServerIp,            // %si
  ServerPort,          // %sp
  ServerQueue,         // %sq
  SslCipher,           // %sslc
  SslVersion,          // %sslv
  Termination,         // %ts
  TerminationCookie,   // %tsc
};

struct Piece {
  enum class Kind : std::uint8_t { Literal, Blank, Alias, Expression };
  enum Flag : std::uint8_t { kQuote = 1, kHex = 2, kEscape = 4, kBinary = 8, kJson = 16, kCbor = 32 };

  Kind kind = Kind::Literal;
  Alias alias = Alias::None;
  std::uint8_t small = 0;  // Literal of at most 8 characters: its length, and the text itself
  char small_text[8] = {};
  std::uint8_t flags = 0;
  SampleType force = SampleType::Any;      // from "%(name:type)"
  std::string_view text;                   // literal, or the name of an encoded item; into Pieces::text
  std::shared_ptr<const Program> program;  // Expression
};

struct LogFormat::Pieces {
  std::vector<Piece> list;
  std::vector<std::unique_ptr<std::string>> texts;
  std::string literal;
  bool is_literal = false;
  bool dash = false;        // what is missing prints as "-"
  bool http = false;        // values are escaped for HTTP, not for logs
  std::uint8_t global = 0;  // kJson or kCbor for the whole, with kBinary
  Needs needs;
};

struct AliasRow {
  std::string_view name;
  Alias alias;
  bool http_only;
  Need need;
};
std::span<const AliasRow> aliases() noexcept;

}  // namespace sluice::policy
