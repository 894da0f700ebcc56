// From what workers and recorders say to what signaling hears.
#pragma once

#include <vector>

#include "media/api/types.h"
#include "media/engine/commands.h"
#include "media/pipelines/recorder.h"

namespace media::api {

Event to_api(engine::Event event);
Event to_api(RoomId room, pipelines::RecorderEvent event);

}  // namespace media::api
