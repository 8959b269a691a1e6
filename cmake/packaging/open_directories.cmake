# SPDX-License-Identifier: Apache-2.0
# Whoever builds may have a strict umask; whoever installs must be able to
# enter the directories.
file(GLOB_RECURSE _paths LIST_DIRECTORIES true "${CPACK_TEMPORARY_DIRECTORY}/*")
foreach(_path IN LISTS _paths)
  if(IS_DIRECTORY "${_path}" AND NOT IS_SYMLINK "${_path}")
    file(
      CHMOD "${_path}"
      PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                  WORLD_READ WORLD_EXECUTE
    )
  endif()
endforeach()
