# Writes the numbered SQL files into one C++ source, so that the program needs no file beside it.
# Sets `embedded_schema` to its path.
file(GLOB schema_files CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/[0-9]*.sql")
list(SORT schema_files)
set(rows "")
set(expected 0)
foreach(file ${schema_files})
  math(EXPR expected "${expected} + 1")
  get_filename_component(name "${file}" NAME)
  string(REGEX MATCH "^([0-9]+)_[a-z0-9_]+\\.sql$" matched "${name}")
  if(NOT matched)
    message(FATAL_ERROR "${file}: a schema step is named NNNN_words.sql")
  endif()
  string(REGEX REPLACE "^0+" "" version "${CMAKE_MATCH_1}")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${file}: expected step number ${expected}; steps are numbered without gaps")
  endif()
  file(READ "${file}" text)
  string(APPEND rows "    {${version}, \"${name}\", R\"schema(${text})schema\"},\n")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
endforeach()
set(embedded_schema "${CMAKE_CURRENT_BINARY_DIR}/embedded_schema.cpp")
file(CONFIGURE OUTPUT "${embedded_schema}" @ONLY CONTENT [[
#include "storage/sql/migration.h"

namespace storage::sql {

std::span<const Migration> built_in_migrations() {
  static constexpr Migration kSteps[] = {
@rows@  };
  return kSteps;
}

}  // namespace storage::sql
]])
