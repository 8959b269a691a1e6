# SPDX-License-Identifier: Apache-2.0
# STRONGROOM_SANITIZE is a list such as "address,undefined". It applies to
# every target of the build: half-instrumented programs report nonsense.

set(STRONGROOM_SANITIZE "" CACHE STRING
    "Sanitizers for the whole build: address,undefined or thread")

if(STRONGROOM_SANITIZE)
  add_compile_options(
    -fsanitize=${STRONGROOM_SANITIZE}
    -fno-omit-frame-pointer
    -fno-sanitize-recover=all
  )
  add_link_options(-fsanitize=${STRONGROOM_SANITIZE})
endif()
