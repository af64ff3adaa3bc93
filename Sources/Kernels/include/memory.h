// The allocator, which Swift's Glibc module does not show.
#pragma once

// Gives freed pages back to the system.
void layerfold_give_back_memory(void);
