#include "proxy/rules/page_cache.h"

#include <fmt/format.h>

#include <cstdio>

#include "sluice/proxy/spec.h"

namespace sluice::proxy {
namespace {

// At most `limit` + 1 bytes: enough to see that it is too long.
bool read_file(const std::string& path, std::size_t limit, std::string& out) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> f(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (f == nullptr) return false;
  char block[4096];
  while (out.size() <= limit) {
    const std::size_t n = std::fread(block, 1, sizeof block, f.get());
    if (n == 0) break;
    out.append(block, n);
  }
  return std::ferror(f.get()) == 0;
}

}  // namespace

std::shared_ptr<const ReplyPage> PageCache::file(const Text& word, std::uint16_t status, std::string_view what,
                                                 std::size_t limit, config::Diagnostics& diag) {
  const auto key = std::make_pair(std::string(word.text), status);
  if (const auto it = files_.find(key); it != files_.end()) return it->second;
  auto& slot = files_[key];
  std::string text;
  if (!read_file(key.first, limit, text)) {
    diag.error(word, fmt::format("{} : error opening file '{}'.", what, word.text));
    return slot;
  }
  if (text.size() > limit) {
    diag.error(word,
               fmt::format("{} : file '{}' exceeds the buffer size (more than {} bytes).", what, word.text, limit),
               "it must fit into tune.bufsize with room for tune.maxrewrite");
    return slot;
  }
  std::string why;
  slot = parse_page(text, status, why);
  if (slot == nullptr) diag.error(word, fmt::format("{} : '{}': {}", what, word.text, why));
  return slot;
}

std::shared_ptr<const std::string> PageCache::payload(const std::string& path) {
  if (const auto it = payloads_.find(path); it != payloads_.end()) return it->second;
  auto& slot = payloads_[path];
  auto text = std::make_shared<std::string>();
  if (read_file(path, std::size_t{64} << 20, *text)) slot = std::move(text);
  return slot;
}

std::shared_ptr<const ReplyPage> PageCache::redirect(std::uint16_t code, std::string_view url) {
  auto& slot = redirects_[{code, std::string(url)}];
  if (slot == nullptr) slot = redirect_page(code, url);
  return slot;
}

std::shared_ptr<const ReplyPage> PageCache::section_page(const config::Document* document, std::string_view name,
                                                         std::uint16_t status, std::size_t limit, bool& known,
                                                         config::Diagnostics& diag) {
  const config::Section* section = document == nullptr ? nullptr : document->find("http-errors", name);
  known = section != nullptr;
  if (section == nullptr) return nullptr;
  const ErrorReplySpec* found = nullptr;
  for (const auto& e : section->parts.view<ProxySpec>().error_replies) {
    if (e.status == status) found = &e;
  }
  return found == nullptr ? nullptr : file(found->source, status, "errorfile", limit, diag);
}

}  // namespace sluice::proxy
