// The keywords of proxy sections that this room owns; all of them fill proxy::ProxySpec. Also the section
// "http-errors". Not here: bind (net), server, balance and checks (backend), acl (policy), log targets (ops).
#pragma once

namespace sluice::config {
class KeywordTable;
}

namespace sluice::proxy {

void register_keywords(config::KeywordTable& table);

}  // namespace sluice::proxy
