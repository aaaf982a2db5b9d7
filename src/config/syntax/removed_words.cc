#include "config/syntax/removed_words.h"

#include <algorithm>

namespace sluice::config {
namespace {

// In sections where a word is a keyword today ("grace" in global) its row has been found before anybody asks here.
constexpr RemovedWord kRows[] = {
    {"nbproc", "2.5", "threads do its work: leave it out, or say how many with 'nbthread'"},
    {"reqrep", "2.1", "use 'http-request replace-path', 'replace-uri' or 'replace-header'"},
    {"reqirep", "2.1", "use 'http-request replace-header' with '(?i)' before the pattern"},
    {"reqadd", "2.1", "use 'http-request add-header'"},
    {"reqdel", "2.1", "use 'http-request del-header'"},
    {"reqidel", "2.1", "use 'http-request del-header'"},
    {"reqallow", "2.1", "use 'http-request allow'"},
    {"reqiallow", "2.1", "use 'http-request allow'"},
    {"reqdeny", "2.1", "use 'http-request deny'"},
    {"reqideny", "2.1", "use 'http-request deny'"},
    {"reqtarpit", "2.1", "use 'http-request tarpit'"},
    {"reqitarpit", "2.1", "use 'http-request tarpit'"},
    {"reqpass", "2.1", "use conditions behind the rules it was to protect from"},
    {"reqipass", "2.1", "use conditions behind the rules it was to protect from"},
    {"rspadd", "2.1", "use 'http-response add-header'"},
    {"rspdel", "2.1", "use 'http-response del-header'"},
    {"rspidel", "2.1", "use 'http-response del-header'"},
    {"rspdeny", "2.1", "use 'http-response deny'"},
    {"rspideny", "2.1", "use 'http-response deny'"},
    {"rsprep", "2.1", "use 'http-response replace-header'"},
    {"rspirep", "2.1", "use 'http-response replace-header' with '(?i)' before the pattern"},
    {"cliexp", "2.1", "use 'http-request replace-path', 'replace-uri' or 'replace-header'"},
    {"srvexp", "2.1", "use 'http-response replace-header'"},
    {"block", "2.1", "use 'http-request deny' with the same condition"},
    {"redispatch", "2.1", "use 'option redispatch'"},
    {"redisp", "2.1", "use 'option redispatch'"},
    {"clitimeout", "2.1", "use 'timeout client'"},
    {"contimeout", "2.1", "use 'timeout connect'"},
    {"srvtimeout", "2.1", "use 'timeout server'"},
    {"appsession", "1.6", ""},
    {"grace", "2.5", "a global 'hard-stop-after' and the service manager decide how long an old process stays"},
    {"tune.chksize", "", "'tune.bufsize' holds for checks too"},
    {"option forceclose", "2.0", "leave it out, or use 'option httpclose'"},
    {"option http-tunnel", "2.1", "leave it out"},
    {"option http_proxy", "2.5", "a request goes where its URI says by 'http-request set-dst' and 'set-uri'"},
};

}  // namespace

const RemovedWord* removed_word(std::span<const Token> line) noexcept {
  const auto* const row = std::find_if(std::begin(kRows), std::end(kRows), [line](const RemovedWord& w) {
    const auto blank = w.words.find(' ');
    if (line.empty() || line[0].text != w.words.substr(0, blank)) return false;
    return blank == std::string_view::npos || (line.size() > 1 && line[1].text == w.words.substr(blank + 1));
  });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace sluice::config
