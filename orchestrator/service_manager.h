#pragma once

/// \file orchestrator/service_manager.h
/// What systemd is told where it started this process with Type=notify: sd_notify(3), "Notes".

#include <string_view>

namespace cdc::orchestrator {

/// Sends `state` ("READY=1", "STOPPING=1", "STATUS=…", by lines) to $NOTIFY_SOCKET. Does nothing where there is none; a
/// message that does not arrive is no error of ours.
void TellServiceManager(std::string_view state);

}  // namespace cdc::orchestrator
