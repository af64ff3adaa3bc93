// The byte-plane filter: the i-th bytes of all elements side by side, so that zstd meets the
// exponents of a float array together. The transformation is HDF5's and blosc's "shuffle".

enum BytePlanes {
    /// Splits `source` into planes; what does not fill an element follows at the end as it is.
    static func split(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
        _ filter: ObjectFilter
    ) {
        precondition(source.count <= target.count, "the target is too small")
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        let count = source.count / filter.elementBytes
        switch filter {
        case .none: break
        case .planes2:
            let (low, high) = unsafe (to, to + count)
            for index in 0..<count {
                let element = unsafe from.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                unsafe low.storeBytes(
                    of: UInt8(truncatingIfNeeded: element), toByteOffset: index, as: UInt8.self)
                unsafe high.storeBytes(
                    of: UInt8(truncatingIfNeeded: element >> 8), toByteOffset: index,
                    as: UInt8.self)
            }
        case .planes4:
            for plane in 0..<4 {
                let out = unsafe to + plane * count
                for index in 0..<count {
                    let element = unsafe from.loadUnaligned(
                        fromByteOffset: 4 * index, as: UInt32.self)
                    unsafe out.storeBytes(
                        of: UInt8(truncatingIfNeeded: element >> UInt32(8 * plane)),
                        toByteOffset: index, as: UInt8.self)
                }
            }
        }
        let done = filter == .none ? 0 : count * filter.elementBytes
        unsafe (to + done).copyMemory(from: from + done, byteCount: source.count - done)
    }

    /// Undoes `split`.
    static func join(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
        _ filter: ObjectFilter
    ) {
        precondition(source.count <= target.count, "the target is too small")
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        let count = source.count / filter.elementBytes
        switch filter {
        case .none: break
        case .planes2:
            for index in 0..<count {
                let low = unsafe UInt16(from.load(fromByteOffset: index, as: UInt8.self))
                let high = unsafe UInt16(from.load(fromByteOffset: count + index, as: UInt8.self))
                unsafe to.storeBytes(
                    of: low | high << 8, toByteOffset: 2 * index, as: UInt16.self)
            }
        case .planes4:
            let (second, third, fourth) = unsafe (from + count, from + 2 * count, from + 3 * count)
            for index in 0..<count {
                let low =
                    unsafe UInt32(from.load(fromByteOffset: index, as: UInt8.self))
                    | UInt32(second.load(fromByteOffset: index, as: UInt8.self)) << 8
                let high =
                    unsafe UInt32(third.load(fromByteOffset: index, as: UInt8.self))
                    | UInt32(fourth.load(fromByteOffset: index, as: UInt8.self)) << 8
                unsafe to.storeBytes(
                    of: low | high << 16, toByteOffset: 4 * index, as: UInt32.self)
            }
        }
        let done = filter == .none ? 0 : count * filter.elementBytes
        unsafe (to + done).copyMemory(from: from + done, byteCount: source.count - done)
    }
}
