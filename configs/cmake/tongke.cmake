# Build rules shared by all folders: one folder = one target = one namespace.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)

find_program(TONGKE_CCACHE ccache)
if(TONGKE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TONGKE_CCACHE}")
endif()
find_program(TONGKE_MOLD mold)
if(TONGKE_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
endif()

add_library(tongke_flags INTERFACE)
target_include_directories(tongke_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(tongke_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -fno-omit-frame-pointer)
if(TONGKE_SANITIZE)
  target_compile_options(tongke_flags INTERFACE -fsanitize=${TONGKE_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(tongke_flags INTERFACE -fsanitize=${TONGKE_SANITIZE})
endif()
if(TONGKE_FUZZ)
  target_compile_options(tongke_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# tongke_module(<folder> DEPS <targets…>)
# Makes target <top>_<folder> (for example media_rtp) of all sources in <folder>; header-only folders become
# INTERFACE targets. DEPS name other tongke targets or imported libraries; the same list is the folder's
# set of permitted arrows (checked by tests/lint/check_arrows.py).
function(tongke_module folder)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  get_filename_component(top "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  string(REPLACE "/" "_" flat "${folder}")
  set(target "${top}_${flat}")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC tongke_flags ${ARG_DEPS})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE tongke_flags ${ARG_DEPS})
  endif()
endfunction()

# tongke_test(<name> DIR <folder> DEPS <targets…>): one GoogleTest program of all *_test.cpp in DIR.
function(tongke_test name)
  cmake_parse_arguments(ARG "" "DIR" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE tongke_flags ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TONGKE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_property(GLOBAL APPEND PROPERTY TONGKE_TEST_PROGRAMS ${name})
endfunction()
