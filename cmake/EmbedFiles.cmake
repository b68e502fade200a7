# npusim_embed(target patterns...): adds to `target` a generated source holding every file of the
# repository that matches, reachable through sim/core/embedded.h by its path. The digest of each
# stands in the source: a compiler cache sees what the compiler reads, not what the assembler does.
function(npusim_embed target)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${ARGN})
  set(data "")
  set(rows "")
  set(number 0)
  foreach(file ${files})
    file(MD5 ${PROJECT_SOURCE_DIR}/${file} digest)
    string(APPEND data "__asm__(\"/* ${digest} */\\n.section .rodata\\n.global npusim_embedded_${number}\\n"
      "npusim_embedded_${number}:\\n.incbin \\\"${PROJECT_SOURCE_DIR}/${file}\\\"\\n"
      ".global npusim_embedded_end_${number}\\nnpusim_embedded_end_${number}:\\n.byte 0\\n.previous\\n\");\n"
      "extern const char npusim_embedded_${number}[];\nextern const char npusim_embedded_end_${number}[];\n")
    string(APPEND rows "    {\"${file}\", npusim_embedded_${number}, npusim_embedded_end_${number}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/embedded_files.cpp)
  file(GENERATE OUTPUT ${source} CONTENT
"#include <span>
extern \"C\" {
${data}}
namespace npusim {
struct EmbeddedFile {
  const char* path;
  const char* begin;
  const char* end;
};
std::span<const EmbeddedFile> embeddedTable() {
  static const EmbeddedFile table[] = {
${rows}    {\"\", nullptr, nullptr}};
  return {table, sizeof table / sizeof table[0] - 1};
}
}  // namespace npusim
")
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${files}")
  set_source_files_properties(${source} PROPERTIES GENERATED ON COMPILE_OPTIONS "-Wno-error")
  target_sources(${target} PRIVATE ${source})
endfunction()
