// The handlers that the route table names. Each answers its call exactly once, now or later.
#pragma once

namespace signaling::app {

struct Api;
struct Call;

void handle_sign_in(Api& api, Call call);
void handle_me(Api& api, Call call);
void handle_sign_out(Api& api, Call call);
void handle_list_lessons(Api& api, Call call);
void handle_create_lesson(Api& api, Call call);
void handle_get_lesson(Api& api, Call call);
void handle_attendance(Api& api, Call call);
void handle_list_sources(Api& api, Call call);
void handle_create_source(Api& api, Call call);
void handle_change_source(Api& api, Call call);
void handle_remove_source(Api& api, Call call);
void handle_list_recordings(Api& api, Call call);
void handle_get_recording(Api& api, Call call);
void handle_recording_file(Api& api, Call call);
void handle_whip_post(Api& api, Call call);
void handle_whep_post(Api& api, Call call);
void handle_session_patch(Api& api, Call call);
void handle_session_delete(Api& api, Call call);
void handle_endpoint_get(Api& api, Call call);
void handle_session_get(Api& api, Call call);
void handle_preflight(Api& api, Call call);
void handle_ice_servers(Api& api, Call call);
void handle_open_stream(Api& api, Call call);
void handle_stream_file(Api& api, Call call);
void handle_health(Api& api, Call call);
void handle_metrics(Api& api, Call call);
void handle_openapi(Api& api, Call call);

// Not in the table: everything else.
void handle_page(Api& api, Call call);

}  // namespace signaling::app
