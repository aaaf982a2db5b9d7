// Reads `server-state-file`, `server-state-base`, `load-server-state-from-file`, `server-state-file-name`.
#include "ops/keywords.h"
#include "sluice/ops/server_state.h"
#include "sluice/ops/stats_file.h"

namespace sluice::ops {

namespace {

using config::KeywordContext;

void on_global_file(KeywordContext& c) { c.part<GlobalStateSpec>().file = std::string(c.arg(0).text); }
void on_base(KeywordContext& c) { c.part<GlobalStateSpec>().base = std::string(c.arg(0).text); }

void on_stats_file(KeywordContext& c) { c.part<StatsFileSpec>().path = std::string(c.arg(0).text); }

void on_load(KeywordContext& c) {
  using Load = ServerStateSpec::Load;
  const std::string_view word = c.arg(0).text;
  Load& load = c.part<ServerStateSpec>().load;
  if (word == "global")
    load = Load::Global;
  else if (word == "local")
    load = Load::Local;
  else if (word == "none")
    load = Load::None;
  else
    c.error(c.arg(0),
            "'load-server-state-from-file' expects 'global', 'local' or 'none' (got '" + std::string(word) + "').");
}

void on_file_name(KeywordContext& c) {
  const std::string_view word = c.arg(0).text;
  c.part<ServerStateSpec>().file_name = word == "use-backend-name" ? std::string() : std::string(word);
}

constexpr config::KeywordRow kRows[] = {
    {"server-state-file", config::kGlobal, 1, 1, "<file>", on_global_file, config::kOnce},
    {"server-state-base", config::kGlobal, 1, 1, "<directory>", on_base, config::kOnce},
    {"stats-file", config::kGlobal, 1, 1, "<path>", on_stats_file},
    {"load-server-state-from-file", config::kDefaultsAndBackends, 1, 1, "{ global | local | none }", on_load},
    {"server-state-file-name", config::kDefaultsAndBackends, 0, 1, "[ { use-backend-name | <file> } ]", on_file_name},
};

}  // namespace

void register_state_keywords(config::KeywordTable& table) { table.add(kRows); }

}  // namespace sluice::ops
