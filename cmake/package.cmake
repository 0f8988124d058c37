# Debian packages: cpack -G DEB makes libpqpush0 (its number is the ABI's), which programs need to run, and libpqpush-dev.
# Configure with -DCMAKE_INSTALL_PREFIX=/usr, so that the libraries go where Debian looks for those of this architecture.

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

set(PQPUSH_PACKAGE_MAINTAINER "The authors of pqpush <pqpush@example.org>" CACHE STRING "Maintainer of packages")

set(CPACK_PACKAGE_NAME pqpush)
set(CPACK_PACKAGE_VENDOR pqpush)
set(CPACK_PACKAGE_CONTACT "${PQPUSH_PACKAGE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME "libpqpush${PQPUSH_ABI}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${PROJECT_DESCRIPTION}
 The shared library.")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
# A minor version adds functions: a program linked against this one needs it or a later one.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libpqpush-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libpqpush${PQPUSH_ABI} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEV_DESCRIPTION "${PROJECT_DESCRIPTION}
 Headers for C and C++, the static library, and what pkg-config and CMake need.")

include(CPack)
