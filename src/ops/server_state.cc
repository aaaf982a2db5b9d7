#include "sluice/ops/server_state.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "ops/server_state_text.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

// Fields of a line, version 1; the first 16 were there from the start, later ones may be missing.
enum Field : std::size_t {
  kBackendName = 1,
  kServerName = 3,
  kAddress,
  kOpState,
  kAdminState,
  kWeight,
  kInitialWeight,
  kSinceChange,
  kCheckStatus,
  kCheckResult,
  kCheckHealth,
  kFqdn = 17,
  kPort,
  kCheckPort = 21,
  kCheckAddress,
  kAgentAddress,
  kAgentPort,
  kLeastFields = 16,
};
constexpr std::size_t kMostFields = 40;
constexpr std::size_t kMostBytes = 256U << 20U;

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> out;
  std::size_t i = 0;
  while (i < line.size() && out.size() <= kMostFields) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t')) ++i;
    const std::size_t begin = i;
    while (i < line.size() && line[i] != ' ' && line[i] != '\t') ++i;
    if (i != begin) out.push_back(line.substr(begin, i - begin));
  }
  return out;
}

std::optional<backend::CheckStatus> check_status_of(unsigned number) noexcept {
  for (unsigned s = 0; s <= static_cast<unsigned>(backend::CheckStatus::ProcOk); ++s) {
    const auto status = static_cast<backend::CheckStatus>(s);
    if (check_status_number(status) == number) return status;
  }
  return std::nullopt;
}

// False: the line is not one of a server.
bool parse_line(const std::vector<std::string_view>& f, backend::SavedServer& out) {
  if (f.size() < kLeastFields || f.size() > kMostFields) return false;
  bool good = true;
  const auto number = [&](std::size_t field, std::int64_t most) -> std::int64_t {
    const auto n = base::parse_int<std::int64_t>(f[field]);
    if (!n || *n < 0 || *n > most) {
      good = false;
      return 0;
    }
    return *n;
  };
  net::Address ip;
  if (net::parse_ip(f[kAddress], ip)) out.address = ip;
  out.op_state = static_cast<backend::OpState>(number(kOpState, 3));
  out.admin = static_cast<std::uint8_t>(number(kAdminState, 0x7f));
  out.weight = static_cast<std::uint32_t>(number(kWeight, 256));
  out.configured_weight = static_cast<std::uint32_t>(number(kInitialWeight, 256));
  out.seconds_since_change = number(kSinceChange, std::int64_t{1} << 40U);
  const auto status = check_status_of(static_cast<unsigned>(number(kCheckStatus, 1000)));
  if (status) out.check_status = *status;
  (void)number(kCheckResult, 4);
  out.check_health = static_cast<std::uint32_t>(number(kCheckHealth, 100000));
  if (f.size() > kPort) out.port = static_cast<std::uint16_t>(number(kPort, 65535));
  if (f.size() > kCheckPort) out.check_port = static_cast<std::uint16_t>(number(kCheckPort, 65535));
  if (f.size() > kCheckAddress && net::parse_ip(f[kCheckAddress], ip)) out.check_address = ip;
  if (f.size() > kAgentAddress && net::parse_ip(f[kAgentAddress], ip)) out.agent_address = ip;
  if (f.size() > kAgentPort) out.agent_port = static_cast<std::uint16_t>(number(kAgentPort, 65535));
  return good;
}

}  // namespace

std::string parse_server_states(std::string_view text, SavedBackends& out) {
  std::size_t line_number = 0;
  bool versioned = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!versioned) {
      if (line != "1") return "Can't get version of";
      versioned = true;
      continue;
    }
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string_view> fields = split(line);
    if (fields.empty()) continue;
    backend::SavedServer server;
    if (!parse_line(fields, server)) return "corrupted at line " + std::to_string(line_number);
    out[std::string(fields[kBackendName])].insert_or_assign(std::string(fields[kServerName]), server);
  }
  return versioned ? std::string() : std::string("Can't get version of");
}

const SavedBackends& ServerStateLoader::load(const std::string& path, const std::string& prefix,
                                             const std::string& subject) {
  const auto [it, fresh] = files_.try_emplace(path);
  if (!fresh) return it->second;
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) {
    warnings_.push_back(prefix + "Can't open " + subject + " '" + path + "': " + std::strerror(errno) + ".");
    return it->second;
  }
  std::string text;
  char chunk[65536];
  for (std::size_t n; (n = std::fread(chunk, 1, sizeof(chunk), file)) > 0 && text.size() <= kMostBytes;)
    text.append(chunk, n);
  const bool failed = std::ferror(file) != 0 || text.size() > kMostBytes;
  std::fclose(file);
  if (failed) {
    warnings_.push_back(prefix + "Can't read " + subject + " '" + path + "'.");
    return it->second;
  }
  const std::string error = parse_server_states(text, it->second);
  if (error.starts_with("Can't"))
    warnings_.push_back(prefix + "Can't get version of the " + subject + " '" + path + "'.");
  else if (!error.empty())
    warnings_.push_back(prefix + "corrupted " + subject + " '" + path + "'" + error.substr(error.find(" at line")) +
                        ".");
  return it->second;
}

const backend::SavedServers* ServerStateLoader::find(const std::string& backend, const ServerStateSpec& spec) {
  static const GlobalStateSpec kNothing;
  const GlobalStateSpec& global = global_ == nullptr ? kNothing : *global_;
  const auto under_base = [&global](const std::string& name) {
    if (name.starts_with('/') || global.base.empty()) return name;
    return global.base + (global.base.ends_with('/') ? "" : "/") + name;
  };
  const SavedBackends* all = nullptr;
  switch (spec.load) {
    case ServerStateSpec::Load::None:
      return nullptr;
    case ServerStateSpec::Load::Global:
      if (global.file.empty()) return nullptr;
      all = &load(under_base(global.file), "config: ", "global server state file");
      break;
    case ServerStateSpec::Load::Local:
      all = &load(under_base(spec.file_name.empty() ? backend : spec.file_name),
                  "Proxy '" + backend + "': ", "server state file");
      break;
  }
  const auto it = all->find(backend);
  return it == all->end() ? nullptr : &it->second;
}

}  // namespace sluice::ops
