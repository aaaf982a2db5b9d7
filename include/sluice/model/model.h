// The Model: one generation of the configuration, names resolved, defaults applied, everything compiled (design: text
// -> specs -> Model -> plan). Building touches nothing live: no socket is opened. The plan that puts it to work is
// process::serve().
//
// What rules, names and limits say is immutable once built; servers' states, counters and queues inside change while it
// runs. Thread: built at start-up; read by any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/config/document.h"
#include "sluice/net/bind_spec.h"
#include "sluice/ops/console.h"
#include "sluice/ops/log_target.h"
#include "sluice/proxy/global.h"

namespace sluice::model {

// One socket to listen on: an address of a bind line, one for each port of a range.
struct Listener {
  const net::BindSpec* spec = nullptr;  // of the Document
  std::uint16_t port = 0;
  proxy::Proxy* proxy = nullptr;
  proxy::ListenerInfo* info = nullptr;
};

struct BuildOptions {
  proxy::GlobalSettings settings;
  policy::ProcessFacts facts;
  std::string program;              // log tag when none is configured
  std::uint32_t proxy_maxconn = 0;  // -N
  bool resolve_names = true;        // -dr clears it
  bool prefer_ip4 = false;
  ops::Console* console = nullptr;  // state messages of servers; null: nowhere
  std::vector<std::pair<std::string, std::string>> case_adjust;
};

class Reporter;

class Model {
 public:
  explicit Model(const proxy::GlobalSettings& settings);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  proxy::Global global;
  std::vector<Listener> listeners;
  http::h1::CaseMap case_map;
  ops::LogOutputs outputs;
  std::unique_ptr<ops::LogRoute> process_log;              // targets of the global section
  std::vector<std::unique_ptr<ops::LogRoute>> proxy_logs;  // by proxy index; null: none
  std::unique_ptr<Reporter> reporter;
  BuildOptions options;
};

// Builds from the sections of the document, which must outlive the Model. Errors go to diag; null when the result is of
// no use.
std::unique_ptr<Model> build(const config::Document& document, BuildOptions options, config::Diagnostics& diag);

}  // namespace sluice::model
