// Server state files: which ones to read, and reading them (manual 3.1 "server-state-file", "server-state-base"; 4.2
// "load-server-state-from-file", "server-state-file-name"). The text is that of `show servers state`.
// Thread: start-up.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/backend/saved_state.h"

namespace sluice::ops {

// Part of the global section.
struct GlobalStateSpec {
  std::string file;  // "server-state-file"
  std::string base;  // "server-state-base"
};

// Part of a proxy.
struct ServerStateSpec {
  enum class Load : std::uint8_t { None, Global, Local } load = Load::None;
  std::string file_name;  // "server-state-file-name"; "" = the backend's name
};

// By backend name. Lines of the same server: the last one counts.
using SavedBackends = std::map<std::string, backend::SavedServers, std::less<>>;

// Reads a whole text. The error is a sentence without the name of the file ("... at line 3"); lines before it count.
// what: "global server state file" or "server state file".
std::string parse_server_states(std::string_view text, SavedBackends& out);

// Loads files once each and hands out the states of backends. Trouble with a file is a warning, never an error.
class ServerStateLoader {
 public:
  explicit ServerStateLoader(const GlobalStateSpec* global) : global_(global) {}
  // Null: nothing is known. Valid as long as the loader.
  const backend::SavedServers* find(const std::string& backend, const ServerStateSpec& spec);
  // What went wrong so far, in the reference's words; each once.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  const SavedBackends& load(const std::string& path, const std::string& open_failure, const std::string& subject);

  const GlobalStateSpec* global_;  // null: no global section
  std::map<std::string, SavedBackends, std::less<>> files_;
  std::vector<std::string> warnings_;
};

}  // namespace sluice::ops
