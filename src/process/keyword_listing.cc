#include "process/keyword_listing.h"

#include <algorithm>
#include <set>
#include <vector>

namespace sluice::process {

namespace {

using config::Class;
using config::KeywordRow;
using config::Listed;

constexpr std::string_view kBindLine = "bind <addr>";
constexpr std::string_view kServerLine = "server <name> <addr>";

struct Listing {
  std::string_view cls;
  std::string_view title;
  Class words;
  std::string_view before = {};  // what stands in front of each word; such classes are a part of "cfg"
};
constexpr Listing kListings[] = {
    {"acl", "# List of registered ACL keywords:\n", Class::Acl},
    {"cfg", "# List of registered configuration keywords:\n", Class::Config},
    {"cli", "# List of registered CLI keywords:\n", Class::Cli},
    {"cnv", "# List of registered sample converter functions:\n", Class::Converter},
    {"flt", "# List of registered filter names:\n", Class::Filter},
    {"smp", "# List of registered sample fetch functions:\n", Class::Sample},
    {"svc", "# List of registered service names:\n", Class::Service},
    {"bnd", "# List of registered bind keywords:\n", Class::BindOption, kBindLine},
    {"srv", "# List of registered server keywords:\n", Class::ServerOption, kServerLine},
};

std::string line_of(const Listed& l) { return std::string(l.detail.empty() ? l.name : l.detail) + "\n"; }

// "\tbind <addr> name +1"
std::string option_line(std::string_view before, const Listed& l) {
  std::string s = "\t";
  s += before;
  s += ' ';
  s += l.name;
  if (!l.detail.empty() && l.detail[0] != ' ') s += ' ';
  s += l.detail;
  return s + "\n";
}

// "option httplog [ FE ]", "timeout", "maxconn"
std::string config_line(const KeywordRow& row) {
  std::string s = "\t";
  if (row.words.starts_with("option ")) {
    s += row.words;
    s += " [";
    if ((row.where & config::kFrontend) != 0) s += " FE";
    if ((row.where & config::kBackend) != 0) s += " BE";
    return s + " ]\n";
  }
  s += row.words.substr(0, row.words.find(' '));
  return s + "\n";
}

void add_sorted(std::string& out, const std::set<std::string>& lines) {
  for (const std::string& l : lines) out += l;
}

std::string config_listing(const config::KeywordTable& table) {
  std::string out;
  std::set<std::string> global;
  std::set<std::string> proxies;
  for (const KeywordRow* row : table.rows()) {
    if ((row->where & config::kGlobal) != 0) global.insert(config_line(*row));
    if ((row->where & (config::kProxies | config::kDefaults)) != 0) proxies.insert(config_line(*row));
  }
  std::set<std::string> bind_options;
  std::set<std::string> server_options;
  std::set<std::string> actions;
  for (const Listed& l : table.listed()) {
    if (l.cls == Class::BindOption) bind_options.insert(option_line(kBindLine, l));
    if (l.cls == Class::ServerOption) server_options.insert(option_line(kServerLine, l));
    if (l.cls == Class::Action) actions.insert(option_line(l.scope, l));
  }
  out += "global\n";
  add_sorted(out, global);
  out += "listen\n";
  add_sorted(out, proxies);
  add_sorted(out, bind_options);
  add_sorted(out, server_options);
  add_sorted(out, actions);
  // Other sections, each with its own words.
  for (const config::SectionRow* s : table.sections()) {
    if ((s->where & (config::kGlobal | config::kDefaults | config::kProxies)) != 0) continue;
    std::set<std::string> lines;
    for (const KeywordRow* row : table.rows()) {
      if ((row->where & s->where) != 0) lines.insert(config_line(*row));
    }
    out += std::string(s->name) + "\n";
    add_sorted(out, lines);
  }
  return out;
}

}  // namespace

std::string keyword_listing(const config::KeywordTable& table, std::string_view cls) {
  std::string out;
  for (const Listing& listing : kListings) {
    if (cls != listing.cls && (cls != "all" || !listing.before.empty())) continue;
    out += listing.title;
    if (listing.words == Class::Config) {
      out += config_listing(table);
      continue;
    }
    std::set<std::string> lines;
    for (const Listed& l : table.listed()) {
      if (l.cls == listing.words) lines.insert(listing.before.empty() ? line_of(l) : option_line(listing.before, l));
    }
    add_sorted(out, lines);
  }
  return out;
}

std::string keyword_class_help() {
  return "# List of supported keyword classes:\n"
         "all: list all keywords\n"
         "acl: ACL keywords\n"
         "cfg: configuration keywords\n"
         "cli: CLI keywords\n"
         "cnv: sample converter keywords\n"
         "flt: filter names\n"
         "smp: sample fetch functions\n"
         "svc: service names\n"
         "bnd: bind keywords, as in cfg\n"
         "srv: server keywords, as in cfg\n";
}

}  // namespace sluice::process
