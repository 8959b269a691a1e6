// SPDX-License-Identifier: Apache-2.0
// SHA-256 over OpenSSL's EVP, which uses the processor's own instructions.
#include <memory>
#include <openssl/evp.h>

#include "core/base/check.h"
#include "core/crypto/hash.h"

namespace strongroom {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// Fetching costs more than hashing an event does: once a process, never freed.
const EVP_MD* algorithm() {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  check(fetched != nullptr, "OpenSSL has no SHA-256");
  return fetched;
}

// So does making a context: one a thread, initialised anew for each hash.
EVP_MD_CTX* thread_context() {
  thread_local const Context context(EVP_MD_CTX_new());
  check(context != nullptr, "no memory for a hash context");
  return context.get();
}

}  // namespace

Hash sha256(std::initializer_list<ByteView> parts) {
  EVP_MD_CTX* const context = thread_context();
  bool done = EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1;
  for (const ByteView part : parts) {
    done = done && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  Hash hash;
  done = done && EVP_DigestFinal_ex(context, hash.data(), nullptr) == 1;
  check(done, "OpenSSL could not hash");
  return hash;
}

}  // namespace strongroom
