// SPDX-License-Identifier: Apache-2.0
// Routes of single logs. Inside ledger/http only.
#pragma once

#include "ledger/http/public_api.h"

namespace strongroom {

/// `<site>/<stream>/<generation>` as three capture groups.
inline constexpr const char* kLogPattern =
    "([a-z0-9-]{1,32})/(record|telemetry|registry)/([1-9][0-9]{0,8})";

/// The published log that the first three groups name; null when there is none
/// or nothing of it can be served.
std::shared_ptr<const PublishedLog> log_of(const PublicApi& api,
                                           const HttpRequest& request);
/// What is said when log_of() gives nothing.
HttpResponse no_such_log(const PublicApi& api, const HttpRequest& request);

/// 410: what was asked for was deleted by the retention policy.
HttpResponse gone(const PublishedLog& log, std::uint64_t index);

/// The log's next generation; null when it is the newest.
std::shared_ptr<const PublishedLog> successor_of(const Publication& publication,
                                                 const Origin& origin);
/// The registry that is written now.
std::shared_ptr<const PublishedLog> newest_registry(const PublicApi& api);

/// A decimal number without sign or leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// C2SP tlog-tiles: checkpoint, hash tiles, entry bundles.
void add_tile_routes(HttpServer& server, const PublicApi& api);
/// Entries, proofs, consistency, packs as JSON or text.
void add_proof_routes(HttpServer& server, const PublicApi& api);
/// Health and metrics.
void add_vitals_routes(HttpServer& server, const PublicApi& api);

}  // namespace strongroom
