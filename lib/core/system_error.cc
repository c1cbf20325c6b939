#include "lib/core/system_error.h"

#include <cerrno>

namespace cdc {

bool MayPass(int error) {
  switch (error) {
    case EIO:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOLCK:
    case EINTR:
    case EAGAIN:
    case ESTALE: return true;
    default: return false;
  }
}

}  // namespace cdc
