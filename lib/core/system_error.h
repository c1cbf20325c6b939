#pragma once

/// \file lib/core/system_error.h
/// What an errno asks for.

namespace cdc {

/// Whether the same call may succeed later without anybody changing a setting or a right: the disk is full or
/// fails, or the system is short of something. \param error an errno
bool MayPass(int error);

}  // namespace cdc
