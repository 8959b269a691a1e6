# SPDX-License-Identifier: Apache-2.0
# The .deb packages; nothing is installed yet.
