// What matrices held goes back to the system only when the allocator is asked.

import Kernels

package enum FreedMemory {
    /// Gives freed memory back. The allocator would keep it, and later work would hold it beside
    /// its own.
    package static func giveBack() { layerfold_give_back_memory() }
}
