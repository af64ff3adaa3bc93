// Memory that encodings reuse: one at a time each, kept between calls.

import Synchronization

/// What one encoding writes to.
struct TokenizerScratch: Sendable {
    var buffer = PieceBuffer()
    var split = SplitScratch()
    var model = BytePairModel.Scratch()
}

/// Scratches that no encoding is using.
final class ScratchPool: Sendable {
    /// As many threads as find a warm cache; others start with an empty one.
    private static let scratchesMax = 8
    /// Memory of a long text is given back.
    private static let bytesMax = 16 << 20

    private let idle = Mutex<[TokenizerScratch]>([])

    func take() -> TokenizerScratch {
        idle.withLock { $0.popLast() } ?? TokenizerScratch()
    }

    func give(_ scratch: consuming TokenizerScratch) {
        if scratch.buffer.bytes.capacity > Self.bytesMax {
            scratch.buffer = PieceBuffer()
            scratch.split = SplitScratch()
            scratch.model.merger = BytePairMerger()
        }
        let kept = scratch
        idle.withLock { idle in
            if idle.count < Self.scratchesMax { idle.append(kept) }
        }
    }
}
