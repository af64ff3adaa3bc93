// What the C allocator keeps, which Swift's Glibc module does not show.
#pragma once

// Blocks of 256 KiB and more are the system's own and go back to it when they are freed.
void layerfold_return_freed_memory(void);
