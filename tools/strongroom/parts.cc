// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/parts.h"

#include <cerrno>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/system/files.h"
#include "tools/strongroom/render.h"
#include "tools/strongroom/x509.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

constexpr auto kRenewBefore = std::chrono::days(60);
constexpr std::uintmax_t kFullBytes = 64ULL << 20;
constexpr std::uintmax_t kFillingBytes = 512ULL << 20;

bool open_to_others(const fs::path& file) {
  const fs::perms mode = fs::status(file).permissions();
  return (mode & (fs::perms::group_all | fs::perms::others_all)) !=
         fs::perms::none;
}

std::string day_of(WallTime time) {
  return utc_text(time.time_since_epoch().count()).substr(0, 10);
}

void examine_dates(Examination& examination,
                   const TlsFiles& files,
                   const CertificateFacts& facts,
                   Now now) {
  const std::string renew =
      "Renew it: `strongroom ca sign CADIR tls.csr --identity " +
      files.identity + " --out " + files.certificate.string() + "`.";
  if (facts.not_after <= now.wall) {
    examination.ill(
        "tls-expired",
        files.certificate.string() + " expired on " + day_of(facts.not_after),
        renew);
  } else if (facts.not_after <= now.wall + kRenewBefore) {
    examination.warn(
        "tls-expiring",
        files.certificate.string() + " expires on " + day_of(facts.not_after),
        renew);
  } else if (facts.not_before > now.wall) {
    examination.ill("tls-not-yet-valid",
                    files.certificate.string() + " is valid from " +
                        day_of(facts.not_before) + " only",
                    "Check this machine's clock (`timedatectl`), then the "
                    "clock of the machine that signed it.");
  } else {
    examination.healthy("certificate valid until " + day_of(facts.not_after));
  }
}

}  // namespace

void examine_key(Examination& examination, const fs::path& file, KeyKind kind) {
  if (!fs::exists(file)) {
    examination.ill("key-missing",
                    file.string() + " is not there",
                    "Restore it from its backup. If it is lost, make new keys "
                    "(`strongroom keygen` or `init`) and revoke the old one.");
    return;
  }
  if (open_to_others(file)) {
    examination.ill("key-mode",
                    file.string() + " can be read by others",
                    "chmod 600 " + file.string() +
                        "; if others had access to this machine, rotate the "
                        "key.");
    return;
  }
  if (const auto key = public_key_of(file, kind); !key) {
    examination.ill("key-damaged",
                    key.error().what,
                    "Restore it from its backup; the configuration may also "
                    "name the wrong file.");
    return;
  }
  examination.healthy(std::string(key_kind_name(kind)) + " key");
}

std::optional<Trust> examine_trust(Examination& examination,
                                   const fs::path& file) {
  const auto text = read_file(file, 64 * 1024);
  if (!text) {
    examination.ill("trust-missing",
                    text.error().what,
                    "Copy trust.txt from the ledger's directory.");
    return std::nullopt;
  }
  const auto trust = Trust::parse(*text);
  if (!trust) {
    examination.ill("trust-damaged",
                    file.string() + ": " + trust.error().what,
                    "Copy trust.txt from the ledger's directory again.");
    return std::nullopt;
  }
  examination.healthy("trust file of " + trust->ledger);
  return *trust;
}

void examine_tls(Examination& examination, const TlsFiles& files, Now now) {
  for (const fs::path& file : {files.ca, files.certificate, files.key}) {
    if (!fs::exists(file)) {
      examination.ill("tls-missing",
                      file.string() + " is not there",
                      "Take it from the output of `strongroom enrol` (agent) "
                      "or `strongroom ca client` (ledger).");
      return;
    }
  }
  if (open_to_others(files.key)) {
    examination.ill("tls-key-mode",
                    files.key.string() + " can be read by others",
                    "chmod 600 " + files.key.string());
  }
  const auto facts = read_certificate(files.certificate);
  const auto match = check_certificate(files.certificate, files.key, files.ca);
  if (!facts || !match) {
    examination.ill("tls-mismatch",
                    facts ? match.error().what : facts.error().what,
                    "Put certificate, key and CA of one enrolment together, or "
                    "sign a new request.");
    return;
  }
  if (facts->common_name != files.identity) {
    examination.ill("tls-identity",
                    files.certificate.string() + " is for \"" +
                        facts->common_name + "\", not for \"" + files.identity +
                        "\"",
                    "Use the certificate that was made for this program; the "
                    "broker lets an identity use its own topics only.");
    return;
  }
  examine_dates(examination, files, *facts, now);
}

std::optional<Endpoint> endpoint_of(const std::string& uri) {
  const std::size_t start = uri.find("://");
  const std::size_t colon = uri.rfind(':');
  if (start == std::string::npos || colon <= start + 3 ||
      colon + 1 >= uri.size()) {
    return std::nullopt;
  }
  return Endpoint{uri.substr(start + 3, colon - start - 3),
                  uri.substr(colon + 1)};
}

bool accepts_connections(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(
          endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found) != 0) {
    return false;
  }
  bool accepted = false;
  for (const addrinfo* at = found; at != nullptr && !accepted;
       at = at->ai_next) {
    const int descriptor =
        socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK, at->ai_protocol);
    if (descriptor < 0) {
      continue;
    }
    if (connect(descriptor, at->ai_addr, at->ai_addrlen) == 0) {
      accepted = true;
    } else if (errno == EINPROGRESS) {
      pollfd waiting{descriptor, POLLOUT, 0};
      int error = 0;
      socklen_t size = sizeof error;
      accepted =
          poll(&waiting, 1, 3000) == 1 &&
          getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
          error == 0;
    }
    close(descriptor);
  }
  freeaddrinfo(found);
  return accepted;
}

void examine_broker(Examination& examination, const std::string& uri) {
  const auto endpoint = endpoint_of(uri);
  if (!endpoint) {
    examination.ill("broker-uri",
                    "\"" + uri + "\" is no broker address",
                    "Write it as ssl://host:8883.");
    return;
  }
  if (!accepts_connections(*endpoint)) {
    examination.ill("broker-unreachable",
                    "nobody answers at " + uri,
                    "Start the broker, or correct [mqtt] uri; check the "
                    "network and firewall between. Nothing is lost meanwhile.");
    return;
  }
  examination.healthy("broker answers at " + uri);
}

void examine_disk(Examination& examination, const fs::path& file) {
  const fs::path dir = file.parent_path();
  if (!fs::is_directory(dir)) {
    examination.ill("disk-missing",
                    dir.string() + " is not there",
                    "Create it, or mount the disk that holds it.");
    return;
  }
  if (access(dir.c_str(), W_OK) != 0) {
    examination.ill("disk-readonly",
                    dir.string() + " cannot be written by this user",
                    "Give it to the service's user, or run doctor as that "
                    "user; if the disk went read-only, check its health.");
    return;
  }
  std::error_code error;
  const fs::space_info space = fs::space(dir, error);
  const std::string left =
      std::to_string(space.available >> 20) + " MiB left in " + dir.string();
  if (!error && space.available < kFullBytes) {
    examination.ill(
        "disk-full", left, "Free room: without it nothing can be recorded.");
  } else if (!error && space.available < kFillingBytes) {
    examination.warn("disk-filling", left, "Plan for more room.");
  } else {
    examination.healthy(left);
  }
}

void examine_clock(Examination& examination, Now now) {
  if (now.quality == ClockQuality::kGood) {
    examination.healthy("clock synchronised");
    return;
  }
  examination.warn("clock-unsynchronised",
                   "the kernel does not call its clock synchronised",
                   "Run an NTP client (systemd-timesyncd, chrony). Events are "
                   "marked with the clock's quality until then.");
}

}  // namespace strongroom
