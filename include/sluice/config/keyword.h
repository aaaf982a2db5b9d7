// Keywords as data: rooms declare rows, handlers fill plain spec structs, nothing live is touched.
//
//   constexpr config::KeywordRow kRows[] = {
//       {"timeout client", config::kDefaults | config::kFrontend | config::kListen, 1, 1, "<timeout>",
//       on_timeout_client},
//       {"option httplog", config::kDefaults | config::kFrontend | config::kListen, 0, 1, "[clf]", on_httplog,
//       config::kNoPrefix},
//   };
//   void register_keywords(config::KeywordTable& table) { table.add(kRows); }
//
// The longest row that matches the first words of a line wins ("option httplog" before "option"). Number of arguments,
// place, `no`/`default` prefixes and unknown words are dealt with before a handler is called. Row text must have static
// storage. Thread: the one that reads the configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/diagnostics.h"
#include "sluice/config/document.h"
#include "sluice/config/values.h"

namespace sluice::config {

// Kinds of sections, as bits. kListen is a kind of its own: a keyword for frontends and listen sections names both.
enum Where : std::uint32_t {
  kGlobal = 1U << 0,
  kDefaults = 1U << 1,
  kFrontend = 1U << 2,
  kListen = 1U << 3,
  kBackend = 1U << 4,
  kHttpErrors = 1U << 5,
  kRing = 1U << 6,
  kLogForward = 1U << 7,
  kPeers = 1U << 8,
  kResolvers = 1U << 9,
  kUserlist = 1U << 10,
  kMailers = 1U << 11,
  kCache = 1U << 12,
  kProgram = 1U << 13,
  kFcgiApp = 1U << 14,
  kCrtStore = 1U << 15,
  kTraces = 1U << 16,
  kLogProfile = 1U << 17,
  kAcme = 1U << 18,
  kUdpProxy = 1U << 19,
  kOtherSection = 1U << 20,
  kNamespaceList = 1U << 21,

  kFrontends = kFrontend | kListen,  // what accepts
  kBackends = kBackend | kListen,    // what has servers
  kProxies = kFrontend | kListen | kBackend,
  kDefaultsAndFrontends = kDefaults | kFrontends,
  kDefaultsAndBackends = kDefaults | kBackends,
  kDefaultsAndProxies = kDefaults | kProxies,
};

// Row flags.
enum : std::uint32_t {
  kNoPrefix = 1U << 0,           // "no x" is allowed: context.negated()
  kDefaultPrefix = 1U << 1,      // "default x" is allowed: context.defaulted()
  kNamedDefaultsOnly = 1U << 2,  // in defaults sections only where the section has a name (manual 4.1 "yes(!)")
  kDeprecated = 1U << 3,         // works, with a warning unless expose-deprecated-directives
  kExperimental = 1U << 4,       // refused unless expose-experimental-directives
  kAnonymizeArgs = 1U << 5,      // -dC with a key hides the arguments (names, addresses, secrets)
  kFree = 1U << 6,               // the handler checks the number of arguments itself
  // In a proxy that has not the side the keyword is for, it is refused ("server" in a frontend). Without the flag it is
  // ignored with a warning, as the reference does, so that existing files load.
  kStrictPlace = 1U << 7,
  kInParentheses = 1U << 8,  // options only: written as "<name>(<argument>)"
  kOnce = 1U << 9,           // the first line of a section holds; further ones are ignored with a warning
};
inline constexpr int kAnyArgs = 1 << 20;

class KeywordContext;

struct KeywordRow {
  std::string_view words;  // one or more words with one blank between: "timeout client"
  std::uint32_t where = 0;
  int min_args = 0;
  int max_args = 0;             // kAnyArgs = as many as one likes
  std::string_view usage = {};  // arguments for help texts and messages: "<timeout>"
  void (*handler)(KeywordContext&) = nullptr;
  std::uint32_t flags = 0;
};

struct SectionRow {
  std::string_view name;  // "frontend"
  std::uint32_t where = 0;
  enum class Name : std::uint8_t { None, Optional, Required } name_rule = Name::None;
  std::uint32_t flags = 0;
  void (*opened)(KeywordContext&) = nullptr;  // args() = what follows the name (without `from x`); may be null
  void (*closed)(Section&, Diagnostics&, Document&) = nullptr;  // at its end; may be null

  enum : std::uint32_t {
    kMerges = 1U << 0,         // further sections of that kind continue the first one (global)
    kIsDefaults = 1U << 1,     // gives its parts to those that follow, and to those that name it with `from`
    kTakesDefaults = 1U << 2,  // takes the parts of the last defaults section, or of the one named by `from`
    kUniqueNames = 1U << 3,    // two sections of that kind may not have the same name
    kExtraArgs = 1U << 4,      // opened() deals with more words behind the name
  };
};

// What a handler is given. Lives for the call; the tokens live as long as the Document.
class KeywordContext {
 public:
  KeywordContext(Document& document, Section& section, Diagnostics& diag, const KeywordRow& row,
                 std::span<const Token> keyword, std::span<const Token> args, bool negated, bool defaulted) noexcept
      : document_(document),
        section_(section),
        diag_(diag),
        row_(row),
        keyword_(keyword),
        args_(args),
        negated_(negated),
        defaulted_(defaulted) {}

  [[nodiscard]] Document& document() noexcept { return document_; }
  [[nodiscard]] Section& section() noexcept { return section_; }
  [[nodiscard]] Diagnostics& diag() noexcept { return diag_; }
  [[nodiscard]] const KeywordRow& row() const noexcept { return row_; }
  // The words of the keyword as they stand in the line.
  [[nodiscard]] std::span<const Token> keyword() const noexcept { return keyword_; }
  [[nodiscard]] std::string_view name() const noexcept { return row_.words; }
  [[nodiscard]] Location section_at() const noexcept { return section_.at; }
  [[nodiscard]] Location at() const noexcept { return keyword_.empty() ? section_.at : keyword_.front().at; }
  [[nodiscard]] std::span<const Token> args() const noexcept { return args_; }
  [[nodiscard]] std::size_t size() const noexcept { return args_.size(); }
  [[nodiscard]] bool has(std::size_t i) const noexcept { return i < args_.size(); }
  // An empty word at the end of the line when there are fewer.
  [[nodiscard]] const Token& arg(std::size_t i) const noexcept;
  [[nodiscard]] bool negated() const noexcept { return negated_; }      // "no ..."
  [[nodiscard]] bool defaulted() const noexcept { return defaulted_; }  // "default ..."
  [[nodiscard]] bool in_defaults() const noexcept { return (section_.where() & kDefaults) != 0; }

  // Whether this section has this keyword a second time. To be asked once a line; what was inherited does not count.
  bool repeated();

  // This section's own T (see Parts::get).
  template <class T>
  T& part() {
    return section_.parts.get<T>();
  }

  void error(std::string message, std::string hint = {});                     // at the keyword
  void error(const Token& word, std::string message, std::string hint = {});  // at a word
  void warning(std::string message, std::string hint = {});
  void warning(const Token& word, std::string message, std::string hint = {});

  // Read a word; when it is wrong the error has been reported and the result is empty.
  std::optional<base::Millis> time(const Token& word, TimeUnit unit = TimeUnit::Ms);
  std::optional<base::Micros> time_us(const Token& word, TimeUnit unit = TimeUnit::Us);
  std::optional<std::uint64_t> size_bytes(const Token& word);
  std::optional<std::int64_t> integer(const Token& word, std::int64_t min, std::int64_t max);
  std::optional<bool> on_off(const Token& word);  // "on" or "off"
  bool check_name(const Token& word);             // characters of names (manual 2.1)
  // A copy that lives as long as the Document.
  std::string_view keep(std::string_view text) { return document_.sources.keep(text); }

  // Where `if` or `unless` begins in args(); size() when there is no condition.
  [[nodiscard]] std::size_t condition_start(std::size_t from = 0) const noexcept;

 private:
  Document& document_;
  Section& section_;
  Diagnostics& diag_;
  const KeywordRow& row_;
  std::span<const Token> keyword_;
  std::span<const Token> args_;
  bool negated_;
  bool defaulted_;
};

// Word classes of the language, as `-dK` names them.
enum class Class : std::uint8_t {
  Config,
  BindOption,
  ServerOption,
  Action,
  Sample,
  Converter,
  Acl,
  Cli,
  Filter,
  Service
};

// True when language level 3.5 has that word, whether we build it or not. scope: for Action the rule set
// ("http-request"), for Config the section ("global", "" = any), otherwise unused. Names of actions with a parameter in
// brackets are given without the bracket part ("set-var").
bool known_in_language(Class cls, std::string_view name, std::string_view scope = {}) noexcept;
// The nearest word of the language, or empty.
std::string_view nearest_in_language(Class cls, std::string_view word, std::string_view scope = {}) noexcept;
// The end of the message about a word that no table has: "'x' is not supported yet" when the language has it, otherwise
// "unknown <what> 'x'" with "; did you mean 'y' maybe ?" when there is something near among `suggestion`'s candidates.
std::string unknown_word(Class cls, std::string_view what, std::string_view word, const Suggestion& suggestion,
                         std::string_view scope = {});

// One line of a `-dK` listing, offered by the room that owns the word.
struct Listed {
  Class cls = Class::Config;
  std::string_view scope;  // Action: "http-request"; otherwise empty
  std::string_view name;   // "set-var*" as it is printed
  std::string_view
      detail;  // options, actions: what follows the name ("+1"); others: the whole printed line, "" = the name
};

class KeywordTable {
 public:
  KeywordTable();
  ~KeywordTable();
  KeywordTable(const KeywordTable&) = delete;
  KeywordTable& operator=(const KeywordTable&) = delete;

  // Rows are referred to, not copied: static storage. A second row with the same words for an overlapping place is a
  // defect.
  void add(std::span<const KeywordRow> rows);
  void add_section(const SectionRow& row);
  void offer(const Listed& listed);

  [[nodiscard]] const SectionRow* section(std::string_view name) const noexcept;
  // The longest row matching the beginning of `words` that is valid in `where`; `used` = how many words it has.
  struct Match {
    const KeywordRow* row = nullptr;        // null = none
    const KeywordRow* elsewhere = nullptr;  // the longest one that is valid in another kind of section
    std::size_t used = 0;
  };
  [[nodiscard]] Match match(std::span<const Token> words, std::uint32_t where) const noexcept;

  [[nodiscard]] const std::vector<const KeywordRow*>& rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<const SectionRow*>& sections() const noexcept { return sections_; }
  [[nodiscard]] const std::vector<Listed>& listed() const noexcept { return listed_; }

 private:
  struct Index;
  std::vector<const KeywordRow*> rows_;
  std::vector<const SectionRow*> sections_;
  std::vector<Listed> listed_;
  std::unique_ptr<Index> index_;
};

}  // namespace sluice::config
