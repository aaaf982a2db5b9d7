// Sections to a Model: compile each proxy, resolve the names between them, give out numbers, limits and log targets.
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <random>
#include <set>

#include "references.h"
#include "reporter.h"
#include "sluice/model/model.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/ops/server_state.h"
#include "sluice/ops/stats_file.h"
#include "sluice/proxy/spec.h"
#include "warnings.h"

namespace sluice::model {

namespace {

// "nice" -1024 .. 1024 in the measure of runtime::Loop::set_nice(): what is not 0 stays so.
std::int8_t loop_niceness(int nice) noexcept {
  const int eighths = (nice + (nice > 0 ? 7 : nice < 0 ? -7 : 0)) / 8;
  return static_cast<std::int8_t>(std::clamp(eighths, -128, 127));
}

class Builder {
 public:
  Builder(const config::Document& document, BuildOptions options, config::Diagnostics& diag)
      : document_(document), diag_(diag), model_(std::make_unique<Model>(options.settings)) {
    model_->options = std::move(options);
  }

  std::unique_ptr<Model> run() {
    Model& m = *model_;
    m.global.process = m.options.facts;
    m.global.process.variables = &m.global.variables;
    m.reporter = std::make_unique<Reporter>(m);
    for (const auto& [from, to] : m.options.case_adjust) m.case_map.add(from, to);
    const config::Section* global = document_.global();
    if (global != nullptr) {
      global_log_ = global->parts.find<ops::GlobalLogSpec>();
      global_state_ = global->parts.find<ops::GlobalStateSpec>();
      if (const auto* stats = global->parts.find<ops::StatsSpec>(); stats != nullptr && !stats->sockets.empty())
        next_id_ = 2;
    }
    m.outputs.set_identity(ops::LogOutputs::identity_of(global_log_, m.options.program, m.options.facts.pid));
    compile_proxies();
    m.global.index_names();
    resolve();
    make_backends();
    for (const auto& p : model_->global.proxies) check_references(model_->global, *p, diag_);
    open_namespaces();
    make_listeners();
    check_guids();
    load_stats();
    make_logs();
    return std::move(model_);
  }

 private:
  static bool is_proxy(const config::Section& s) { return (s.where() & config::kProxies) != 0; }

  void compile_proxies() {
    proxy::CompileEnv env;
    env.document = &document_;
    env.buffer_bytes = model_->global.settings.buffer_bytes;
    env.max_rewrite_bytes = model_->global.settings.max_rewrite_bytes;
    env.pages = proxy::make_page_cache();
    std::vector<std::uint32_t> taken;
    for (const config::Section& s : document_.sections) {
      if (!is_proxy(s)) continue;
      auto compiled = proxy::compile_proxy(s, env, diag_);
      if (compiled == nullptr) continue;
      if (compiled->id != 0) taken.push_back(compiled->id);
      compiled->index = static_cast<std::uint32_t>(model_->global.proxies.size());
      auto live = std::make_unique<proxy::Proxy>(std::move(compiled), model_->global.settings.threads);
      set_up_codecs(*live);
      sections_.push_back(&s);
      model_->global.proxies.push_back(std::move(live));
    }
    std::sort(taken.begin(), taken.end());
    for (const auto& p : model_->global.proxies) {
      if (p->rules->id == 0) {
        while (std::binary_search(taken.begin(), taken.end(), next_id_)) ++next_id_;
        p->rules->id = next_id_++;
      }
      p->identity = {p->rules->name, p->rules->id};
    }
  }

  void set_up_codecs(proxy::Proxy& p) {
    const proxy::GlobalSettings& settings = model_->global.settings;
    const auto head = static_cast<std::uint32_t>(settings.buffer_bytes - settings.max_rewrite_bytes);
    p.front_h1.parse.max_head_bytes = head;
    p.front_h1.parse.max_fields = p.back_h1.parse.max_fields = settings.max_headers - 1;
    p.front_h1.parse.accept_unsafe = p.rules->spec.options.accept_unsafe_request;
    p.front_h1.parse.any_payload = settings.h1_any_payload;
    p.front_h1.parse.keep_suspect = settings.h1_keep_suspect;
    p.back_h1.parse.max_head_bytes = head;
    p.back_h1.parse.keep_suspect = settings.h1_keep_suspect;
    p.back_h1.parse.accept_unsafe = p.rules->spec.options.accept_unsafe_response;
    if (!model_->case_map.empty()) p.front_h1.case_map = p.back_h1.case_map = &model_->case_map;
    p.front_h1.fin_with_data = !p.rules->spec.options.nolinger;
  }

  void resolve() {
    for (const auto& p : model_->global.proxies) {
      proxy::resolve_backends(*p->rules, model_->global, diag_);
      warn_about(*p->rules, *sections_[p->rules->index], diag_);
    }
  }

  // manual 4.2 "fullconn": a tenth of the connections that the frontends leading here may bring.
  std::vector<std::uint32_t> computed_fullconns() {
    const auto& proxies = model_->global.proxies;
    std::vector<std::uint64_t> sums(proxies.size(), 0);
    std::uint64_t to_all = 0;
    for (const auto& p : proxies) {
      if (!p->rules->front) continue;
      const std::uint32_t own = p->maxconn.load();
      const std::uint64_t limit = own != 0 ? own : model_->global.settings.maxconn;
      std::vector<std::uint32_t> targets;
      bool anywhere = false;
      if (p->rules->default_backend != nullptr) targets.push_back(p->rules->default_backend->index);
      for (const proxy::SwitchRule& rule : p->rules->use_backend) {
        if (rule.backend != nullptr)
          targets.push_back(rule.backend->index);
        else
          anywhere = true;
      }
      if (p->rules->back) targets.push_back(p->rules->index);
      std::sort(targets.begin(), targets.end());
      targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
      if (anywhere)
        to_all += limit;
      else
        for (const std::uint32_t t : targets) sums[t] += limit;
    }
    std::vector<std::uint32_t> out(proxies.size(), 0);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (sums[i] + to_all + 9) / 10));
    return out;
  }

  void make_backends() {
    for (const auto& p : model_->global.proxies) {
      p->maxconn = p->rules->spec.maxconn != 0 ? p->rules->spec.maxconn : model_->options.proxy_maxconn;
    }
    const std::vector<std::uint32_t> fullconns = computed_fullconns();
    static const backend::BackendSpec kNoServers;
    ops::ServerStateLoader states(global_state_);
    for (const auto& p : model_->global.proxies) {
      if (!p->rules->back) continue;
      const config::Section& s = *sections_[p->rules->index];
      const auto* spec = s.parts.find<backend::BackendSpec>();
      backend::BackendInit init;
      init.name = p->rules->name;
      init.id = p->rules->id;
      init.http = p->rules->spec.mode == proxy::Mode::Http;
      init.spec = spec == nullptr ? &kNoServers : spec;
      init.threads = model_->global.settings.threads;
      init.fullconn = fullconns[p->rules->index];
      init.connect_timeout = p->rules->spec.timeouts.connect;
      init.seed = seeds_();
      init.reporter = model_->reporter.get();
      init.resolve_names = model_->options.resolve_names;
      init.prefer_ip4 = model_->options.prefer_ip4;
      if (const auto* state = s.parts.find<ops::ServerStateSpec>()) init.saved = states.find(init.name, *state);
      p->servers = backend::Backend::make(init, diag_);
      if (p->servers == nullptr) continue;
      p->server_identities.reserve(p->servers->size());
      for (std::size_t i = 0; i < p->servers->size(); ++i)
        p->server_identities.push_back({p->servers->server(i).name(), p->servers->server(i).id()});
      resolve_use_server(*p);
    }
    for (const std::string& w : states.warnings()) diag_.warning(config::Location{}, w);
  }

  void resolve_use_server(proxy::Proxy& p) {
    for (proxy::ServerRule& rule : p.rules->use_server) {
      if (rule.dynamic.valid()) continue;
      const backend::Server* found = p.servers->find(rule.name);
      if (found == nullptr)
        diag_.error(rule.at, "unable to find server '" + rule.name + "' in proxy '" + p.rules->name +
                                 "' referenced in a 'use-server' rule.");
      else
        rule.server = found->index();
    }
  }

  // manual 4.2 "guid": unique over everything that has one.
  void check_guid(const std::string& guid, config::Location at, std::string_view keyword) {
    if (guid.empty()) return;
    if (!ops::is_guid(guid))
      diag_.error(at, std::string(keyword) + " : '" + guid + "' is too long or has characters that are not allowed.",
                  "up to 127 letters, digits, '.', ':', '-' and '_'");
    else if (!guids_.insert(guid).second)
      diag_.error(at, std::string(keyword) + " : '" + guid + "' is used already.");
  }

  void check_guids() {
    for (const auto& p : model_->global.proxies) {
      check_guid(p->rules->spec.guid, p->rules->at, "'guid'");
      for (std::size_t i = 0; p->servers != nullptr && i < p->servers->size(); ++i)
        check_guid(p->servers->server(i).spec().guid, p->servers->server(i).spec().at, "'guid'");
    }
  }

  // Totals of the process before.
  void load_stats() {
    const config::Section* global = document_.global();
    const auto* file = global == nullptr ? nullptr : global->parts.find<ops::StatsFileSpec>();
    if (file == nullptr || file->path.empty()) return;
    if (const std::string error = ops::load_stats_file(file->path, model_->global); !error.empty())
      diag_.warning(config::Location{}, error);
  }

  void open_namespaces() {
    for (const config::Section& s : document_.sections) {
      const auto* list = s.parts.find<net::NamespaceListSpec>();
      if (list == nullptr) continue;
      for (const net::NamespaceListSpec::Name& n : list->names) {
        if (const auto opened = net::open_namespace(n.text))
          model_->global.namespaces.push_back({n.text, *opened});
        else
          diag_.error(n.at, "'namespace' : " + opened.error() + ".");
      }
    }
  }

  void make_listeners() {
    for (const auto& p : model_->global.proxies) {
      if (!p->rules->front) continue;
      const auto* specs = sections_[p->rules->index]->parts.find<net::BindSpecs>();
      if (specs == nullptr) continue;
      std::uint32_t next = 1;
      std::uint32_t next_id = 1;
      std::set<std::uint32_t> ids;  // asked for by lines; the others get the next one that is free
      for (const net::BindSpec& bind : specs->binds) ids.insert(bind.id);
      for (const net::BindSpec& bind : specs->binds) {
        const std::uint16_t first = bind.address.port;
        const std::uint16_t last = bind.address.port_kind == net::PortKind::Range ? bind.address.port_last : first;
        for (std::uint32_t port = first; port <= last; ++port) {
          auto info = std::make_unique<proxy::ListenerInfo>(model_->global.settings.threads);
          info->name = bind.name.empty() ? "sock-" + std::to_string(next) : bind.name;
          while (ids.contains(next_id)) ++next_id;
          info->identity = {info->name, bind.id != 0 ? bind.id : next_id++};
          info->log_name = bind.name.empty() ? std::to_string(info->identity.id) : bind.name;
          info->maxconn = bind.maxconn;
          if (!bind.guid_prefix.empty()) info->guid = bind.guid_prefix + "-" + std::to_string(port - first);
          check_guid(info->guid, bind.at, "'guid-prefix'");
          info->preface = bind.preface;
          info->netscaler_magic = bind.netscaler_magic;
          info->save_syn = bind.save_syn != 0;
          info->label = bind.label;
          info->passed = bind.address.kind == net::AddressKind::SocketPair;
          if (!bind.netns.empty()) {
            info->netns_name = bind.netns;
            if (const auto opened = net::open_namespace(bind.netns)) info->netns = *opened;
          }
          info->nice = loop_niceness(bind.nice);
          ++next;
          if (!p->rules->spec.disabled)
            model_->listeners.push_back({&bind, static_cast<std::uint16_t>(port), p.get(), info.get()});
          p->listeners.push_back(std::move(info));
        }
      }
    }
  }

  void make_logs() {
    std::string error;
    model_->process_log = ops::make_global_log_route(model_->outputs, global_log_, error);
    if (!error.empty()) diag_.error(config::Location{}, "log : " + error);
    model_->proxy_logs.resize(model_->global.proxies.size());
    for (const auto& p : model_->global.proxies) {
      const auto* specs = sections_[p->rules->index]->parts.find<ops::LogSpecs>();
      std::unique_ptr<ops::LogRoute> route;
      error.clear();
      if (specs != nullptr) route = ops::make_log_route(model_->outputs, specs, global_log_, error);
      if (!error.empty()) diag_.error(p->rules->at, "proxy '" + p->rules->name + "' : log : " + error);
      if (route == nullptr || route->empty()) {
        if (error.empty()) warn_about_log_format(*p->rules, diag_);
        continue;
      }
      p->log = route.get();
      p->log_structured = route->structured();
      model_->proxy_logs[p->rules->index] = std::move(route);
    }
  }

  const config::Document& document_;
  config::Diagnostics& diag_;
  std::unique_ptr<Model> model_;
  std::vector<const config::Section*> sections_;  // by proxy index
  const ops::GlobalLogSpec* global_log_ = nullptr;
  const ops::GlobalStateSpec* global_state_ = nullptr;
  std::uint32_t next_id_ = 1;
  std::set<std::string> guids_;
  std::mt19937_64 seeds_{std::random_device{}()};  // asking the system for every backend takes long
};

}  // namespace

std::unique_ptr<Model> build(const config::Document& document, BuildOptions options, config::Diagnostics& diag) {
  return Builder(document, std::move(options), diag).run();
}

}  // namespace sluice::model
