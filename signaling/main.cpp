// The program: `tongke serve`, `tongke admin`, `tongke load`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>

#include "signaling/admin/admin_command.h"
#include "signaling/app/app.h"
#include "signaling/broadcast/hls_command.h"
#include "signaling/ingest/ingest_command.h"
#include "signaling/load/load_command.h"

int main(int argc, char** argv) try {
  CLI::App app("Tongke: one lesson in many classrooms", "tongke");
  app.require_subcommand(1);
  std::function<int()> run;
  signaling::app::add_command(app, run);
  signaling::admin::add_command(app, run);
  signaling::load::add_command(app, run);
  signaling::broadcast::add_command(app, run);
  signaling::ingest::add_command(app, run);
  CLI11_PARSE(app, argc, argv);
  return run ? run() : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "tongke: %s\n", error.what());
  return 1;
}
