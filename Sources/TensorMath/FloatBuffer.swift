// Owner of 64-byte-aligned floats: all scratch and all hidden states live in these.

import DurableIO

/// A fixed number of floats, aligned to a cache line, freed with its last reference.
///
/// Views (`MatrixView`) share one buffer. Sendable although mutable, because parallel loops hand
/// disjoint index ranges to their threads; two writers of one range are a programmer's error.
@safe
package final class FloatBuffer: @unchecked Sendable {
    package let count: Int
    private let base: UnsafeMutablePointer<Float>
    /// Whose memory it is; nil: its own.
    private let mapping: ScratchMapping?

    /// - Parameter count: number of floats; they start as zero.
    package init(count: Int) {
        precondition(count >= 0, "a buffer cannot have a negative size")
        self.count = count
        let bytes = max(64, (count * 4 + 63) & ~63)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        unsafe base = raw.assumingMemoryBound(to: Float.self)
        mapping = nil
    }

    /// All floats of a mapping.
    init(_ mapping: ScratchMapping) {
        count = mapping.byteCount / 4
        unsafe base = mapping.address.assumingMemoryBound(to: Float.self)
        self.mapping = mapping
    }

    deinit {
        if mapping == nil { unsafe base.deallocate() }
    }

    /// The memory, valid while the buffer lives; `offset` floats in.
    func pointer(at offset: Int) -> UnsafeMutablePointer<Float> {
        precondition(offset >= 0 && offset <= count, "offset outside the buffer")
        return unsafe base + offset
    }

    package subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index outside the buffer")
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count, "index outside the buffer")
            unsafe base[index] = newValue
        }
    }
}
