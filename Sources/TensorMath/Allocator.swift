// Matrices are large and live as long as a stage: what they held has to go back when it ends.

import Kernels

package enum Allocator {
    /// From now on large blocks go back to the system when they are freed. Call it before anything
    /// large is allocated.
    package static func returnFreedMemory() { layerfold_return_freed_memory() }
}
