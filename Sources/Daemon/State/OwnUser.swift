// The user that this daemon is, which the kernel's word about owners is held against.

import Glibc

let ownUser: UInt32 = geteuid()
