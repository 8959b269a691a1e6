// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/x509.h"

#include <array>
#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "platform/system/files.h"

namespace strongroom {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Name = std::unique_ptr<X509_NAME, Freer<X509_NAME_free>>;
using Serial = std::unique_ptr<BIGNUM, Freer<BN_free>>;

std::unexpected<Error> openssl_fault(const std::string& doing) {
  std::array<char, 256> words{};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  ERR_clear_error();
  return fault(doing + ": " + words.data());
}

Bio memory() {
  return Bio(BIO_new(BIO_s_mem()));
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Bio reading(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string key_pem(EVP_PKEY* key) {
  const Bio bio = memory();
  PEM_write_bio_PrivateKey(
      bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return contents(bio.get());
}

std::string certificate_pem(X509* certificate) {
  const Bio bio = memory();
  PEM_write_bio_X509(bio.get(), certificate);
  return contents(bio.get());
}

Result<Key> load_key(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) {
    return std::unexpected(text.error());
  }
  Key key(
      PEM_read_bio_PrivateKey(reading(*text).get(), nullptr, nullptr, nullptr));
  if (!key) {
    return openssl_fault(file.string() + " is not a private key");
  }
  return key;
}

Result<Certificate> load_certificate(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) {
    return std::unexpected(text.error());
  }
  Certificate certificate(
      PEM_read_bio_X509(reading(*text).get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    return openssl_fault(file.string() + " is not a certificate");
  }
  return certificate;
}

bool set_name(X509_NAME* name, std::string_view common_name) {
  return X509_NAME_add_entry_by_txt(
             name,
             "CN",
             MBSTRING_UTF8,
             reinterpret_cast<const unsigned char*>(common_name.data()),
             static_cast<int>(common_name.size()),
             -1,
             0) == 1;
}

std::string common_name_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) {
    return {};
  }
  const ASN1_STRING* value =
      X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

bool add_extension(X509* certificate,
                   X509* issuer,
                   int nid,
                   const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Serial, validity (a day of slack for slow clocks) and names.
bool fill(X509* certificate,
          const X509_NAME* subject,
          const X509_NAME* issuer,
          EVP_PKEY* key,
          WallTime now,
          std::chrono::days lifetime) {
  const Serial serial(BN_new());
  if (BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1) {
    return false;
  }
  const std::time_t from = std::chrono::system_clock::to_time_t(
      std::chrono::floor<std::chrono::seconds>(now) - std::chrono::days(1));
  const std::time_t until = std::chrono::system_clock::to_time_t(
      std::chrono::floor<std::chrono::seconds>(now) + lifetime);
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until) != nullptr &&
         X509_set_subject_name(certificate, subject) == 1 &&
         X509_set_issuer_name(certificate, issuer) == 1 &&
         X509_set_pubkey(certificate, key) == 1;
}

/// "DNS:localhost,IP:127.0.0.1".
std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts) {
    const bool address =
        host.find_first_not_of("0123456789.") == std::string::npos ||
        host.find(':') != std::string::npos;
    names += (names.empty() ? "" : ",") +
             std::string(address ? "IP:" : "DNS:") + host;
  }
  return names;
}

bool extend(X509* certificate, X509* issuer, const CertificateOrder& order) {
  const bool server = order.role == CertificateRole::kServer;
  bool done =
      add_extension(
          certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(
          certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(certificate,
                    issuer,
                    NID_ext_key_usage,
                    server ? "serverAuth" : "clientAuth") &&
      add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
      add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
  if (done && server) {
    done = add_extension(certificate,
                         issuer,
                         NID_subject_alt_name,
                         alternative_names(order.hosts));
  }
  return done;
}

WallTime to_wall(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::time_point_cast<std::chrono::microseconds>(
      std::chrono::system_clock::from_time_t(timegm(&parts)));
}

}  // namespace

Result<void> create_authority(const std::filesystem::path& dir,
                              std::string_view name,
                              WallTime now) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Name subject(X509_NAME_new());
  if (!key || !certificate || !set_name(subject.get(), name) ||
      !fill(certificate.get(),
            subject.get(),
            subject.get(),
            key.get(),
            now,
            std::chrono::days(3650)) ||
      !add_extension(certificate.get(),
                     certificate.get(),
                     NID_basic_constraints,
                     "critical,CA:TRUE,pathlen:0") ||
      !add_extension(certificate.get(),
                     certificate.get(),
                     NID_key_usage,
                     "critical,keyCertSign,cRLSign") ||
      !add_extension(certificate.get(),
                     certificate.get(),
                     NID_subject_key_identifier,
                     "hash") ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    return openssl_fault("creating the certificate authority");
  }
  const auto written = write_file(
      dir / "ca.key", as_bytes(key_pem(key.get())), 0600, Overwrite::kRefuse);
  if (!written) {
    return written;
  }
  return write_file(dir / "ca.crt",
                    as_bytes(certificate_pem(certificate.get())),
                    0644,
                    Overwrite::kReplace);
}

Result<void> create_request(const std::filesystem::path& key_file,
                            const std::filesystem::path& request_file,
                            std::string_view common_name) {
  if (common_name.empty() || common_name.size() > kMaxCommonName) {
    return fault("\"" + std::string(common_name) +
                 "\" does not fit a certificate: at most " +
                 std::to_string(kMaxCommonName) + " characters");
  }
  const Key key(EVP_EC_gen("P-256"));
  const Request request(X509_REQ_new());
  if (!key || !request ||
      !set_name(X509_REQ_get_subject_name(request.get()), common_name) ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0) {
    return openssl_fault("creating a certificate request");
  }
  const auto written = write_file(
      key_file, as_bytes(key_pem(key.get())), 0600, Overwrite::kRefuse);
  if (!written) {
    return written;
  }
  const Bio pem = memory();
  PEM_write_bio_X509_REQ(pem.get(), request.get());
  return write_file(
      request_file, as_bytes(contents(pem.get())), 0644, Overwrite::kReplace);
}

Result<std::string> sign_request(const std::filesystem::path& dir,
                                 std::string_view request_pem,
                                 const CertificateOrder& order,
                                 WallTime now) {
  const auto ca_key = load_key(dir / "ca.key");
  if (!ca_key) {
    return std::unexpected(ca_key.error());
  }
  const auto ca = load_certificate(dir / "ca.crt");
  if (!ca) {
    return std::unexpected(ca.error());
  }
  const Request request(PEM_read_bio_X509_REQ(
      reading(request_pem).get(), nullptr, nullptr, nullptr));
  if (!request) {
    return openssl_fault("not a certificate request");
  }
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) {
    ERR_clear_error();
    return fault("the certificate request is not signed by its own key");
  }
  const std::string wanted =
      common_name_of(X509_REQ_get_subject_name(request.get()));
  if (wanted != order.common_name) {
    return fault("the certificate request is for \"" + wanted +
                 "\", not for \"" + order.common_name + "\"");
  }
  const Certificate certificate(X509_new());
  // Not the request's own subject: a second name in it would be certified, too.
  const Name subject(X509_NAME_new());
  if (!certificate || !subject || !set_name(subject.get(), order.common_name) ||
      !fill(certificate.get(),
            subject.get(),
            X509_get_subject_name(ca->get()),
            key,
            now,
            order.lifetime) ||
      !extend(certificate.get(), ca->get(), order) ||
      X509_sign(certificate.get(), ca_key->get(), EVP_sha256()) == 0) {
    return openssl_fault("signing the certificate");
  }
  return certificate_pem(certificate.get());
}

Result<CertificateFacts> read_certificate(const std::filesystem::path& file) {
  const auto certificate = load_certificate(file);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  return CertificateFacts{
      common_name_of(X509_get_subject_name(certificate->get())),
      to_wall(X509_get0_notBefore(certificate->get())),
      to_wall(X509_get0_notAfter(certificate->get()))};
}

Result<void> check_certificate(const std::filesystem::path& certificate_file,
                               const std::filesystem::path& key_file,
                               const std::filesystem::path& ca_file) {
  const auto certificate = load_certificate(certificate_file);
  const auto key = load_key(key_file);
  const auto ca = load_certificate(ca_file);
  for (const Error* error : {certificate ? nullptr : &certificate.error(),
                             key ? nullptr : &key.error(),
                             ca ? nullptr : &ca.error()}) {
    if (error != nullptr) {
      return std::unexpected(*error);
    }
  }
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return fault(key_file.string() + " is not the key of " +
                 certificate_file.string());
  }
  if (X509_verify(certificate->get(), X509_get0_pubkey(ca->get())) != 1) {
    ERR_clear_error();
    return fault(certificate_file.string() + " is not signed by " +
                 ca_file.string());
  }
  return {};
}

}  // namespace strongroom
